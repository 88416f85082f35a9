import { isAbsent, knownAbsence, rememberAbsence } from "#core/db/provider-key-absence.ts";
import type { ProviderKeyRow } from "#core/db/provider-key-rows.ts";
import { queryProviderKeys } from "#core/db/query-provider-keys.ts";

/**
 * The caller's provider keys, newest first. They are queried beside admission, except for a user who had none a moment ago:
 * then the admission's answer says whether that still holds, and nothing is asked.
 * @param admitted resolves to how many provider keys the user ever added, once admitted; to undefined after a refusal
 * @throws AwsError
 */
export const callerProviderKeys = async (
  userId: string,
  admitted: Promise<number | undefined>,
  nowMs: number = Date.now(),
): Promise<readonly ProviderKeyRow[]> => {
  const known = knownAbsence(userId);
  const isAssumed = isAbsent(known, nowMs);
  const before = isAssumed ? await admitted : known?.added;
  if (isAssumed && before === known?.added) return [];
  const noneAtMs = Date.now();
  const [rows, added] = await Promise.all([queryProviderKeys(userId), admitted]);
  const areNone = rows.length === 0;
  if (added !== undefined) {
    // Only a count that was read before the query began covers every key that the query may have missed.
    rememberAbsence(userId, { added, noneAtMs: areNone && before === added ? noneAtMs : undefined });
  }
  return areNone ? [] : (await import("#core/db/provider-key-rows.ts")).parseProviderKeys(rows);
};
