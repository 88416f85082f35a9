/**
 * What this environment knows of users who have no provider keys: their requests need no query for them
 * (docs/decisions/0022). The admission row counts the provider keys that its user ever added, and each request gets that
 * count with its admission. A query that begins after a count was read and finds no key proves that there is no key for as
 * long as the count stays the same.
 */

/** What is known of a user's provider keys. */
export interface ProviderKeyAbsence {
  /** Provider keys that the user ever added, as an admission row had it. */
  readonly added: number;
  /** Unix ms of a query that found none, and began after `added` was read. Undefined where there was no such query. */
  readonly noneAtMs?: number | undefined;
}

/** How long a query that found none is relied on, ms: functions of a version before the count add keys without counting. */
const reliedOnMs = 10 * 60_000;
const maxUsers = 10_000;

const byUser = new Map<string, ProviderKeyAbsence>();

export const knownAbsence = (userId: string): ProviderKeyAbsence | undefined => byUser.get(userId);

export const rememberAbsence = (userId: string, absence: ProviderKeyAbsence): void => {
  if (byUser.size >= maxUsers) byUser.clear();
  byUser.set(userId, absence);
};

/** Takes over what another environment wrote to a key's mark, where that is more than is known here. */
export const learnAbsence = (userId: string, { added, noneAtMs = 0 }: ProviderKeyAbsence): void => {
  const known = byUser.get(userId);
  if (known === undefined || added > known.added || (added === known.added && noneAtMs > (known.noneAtMs ?? 0))) {
    rememberAbsence(userId, { added, noneAtMs });
  }
};

/** Whether a user has no provider keys unless more were added than `added`. */
export const isAbsent = (absence: ProviderKeyAbsence | undefined, nowMs: number): boolean =>
  (absence?.noneAtMs ?? 0) > nowMs - reliedOnMs;

/** Forgets all users. For tests. */
export const forgetAbsences = (): void => byUser.clear();
