import { deleteSupabaseUser } from "#core/auth/delete-supabase-user.ts";
import {
  type AccountDeletion,
  dueDeletions,
  isBeingDeleted,
  moveDeletion,
  putDeletion,
} from "#core/db/account-deletions.ts";
import { type DeletedRows, type DeletionOptions, deleteUserRows } from "#core/db/account-rows.ts";
import { readAdmission } from "#core/db/admission.ts";
import { changeMark, listUserKeys, setUserDisabled } from "#core/db/api-keys.ts";
import { DependencyError, GatewayError } from "#core/errors.ts";
import { revokeAllKeys } from "#core/keys/keys.ts";
import { loggableError, logger } from "#core/observability/logger.ts";
import { shareVotes } from "#core/ratings/change-sums.ts";

/**
 * Deletes accounts, for their owners and for operators. Each step may be cut off and begun again. The user in Supabase goes last,
 * where the stage has a key for that; elsewhere an operator deletes it there.
 */

/**
 * Takes the votes that a user shares out of the stage's sums. Those hold no user's id: what the user shared is found by the
 * user's own sums, while they are there. Sums that cannot be read do not keep the account from being deleted.
 */
const withdrawVotes = async (userId: string, nowMs: number): Promise<void> => {
  try {
    await shareVotes(userId, false, nowMs);
  } catch (error) {
    if (error instanceof GatewayError || error instanceof DependencyError) throw error;
    logger.error("Shared votes of an account could not be taken back", { userId, error: loggableError(error) });
  }
};

/**
 * Deletes everything of a user: requests are refused first, then all keys are revoked, then all rows go. Nothing is deleted
 * while Unkey is unavailable. @throws GatewayError SERVICE_UNAVAILABLE, CONFLICT; TableUnavailable
 */
export const deleteAccount = async (
  userId: string,
  nowMs: number,
  options: DeletionOptions = {},
): Promise<DeletedRows & { readonly keysRevoked: number }> => {
  await setUserDisabled(userId, nowMs);
  const keysRevoked = await revokeAllKeys(userId, nowMs);
  await withdrawVotes(userId, nowMs);
  return { keysRevoked, ...(await deleteUserRows(userId, nowMs, options)) };
};

/**
 * Begins the deletion of an account; a worker finishes it. From now on the account's requests are refused, and none of its keys
 * works. The row is written first, so that the worker also finishes a deletion that crashed here. Refused to a user whom an
 * operator has disabled: the deletion would undo that. @throws GatewayError FORBIDDEN, AwsError, TableUnavailable
 */
export const beginDeletion = async (userId: string, nowMs: number): Promise<void> => {
  const { disabledAt } = await readAdmission(userId);
  if (disabledAt !== undefined && !(await isBeingDeleted(userId))) {
    throw new GatewayError("FORBIDDEN", "This account is disabled. Ask the operator of this gateway to delete it.");
  }
  await putDeletion(userId, nowMs);
  await setUserDisabled(userId, nowMs);
  for (const { keyHash } of await listUserKeys(userId)) await changeMark(keyHash, { revokedAt: nowMs });
};

/** Between the passes, ms: a stream hands over what was written up to a day ago, and its functions write anew. */
const lastPassAfterMs = 25 * 3_600_000;
/** How long a worker has a deletion, ms: then another one may go on with it. */
const holdMs = 5 * 60_000;
const deletionsPerRun = 25;

const goOn = async (due: AccountDeletion, signal: AbortSignal, nowMs: number): Promise<void> => {
  const held = await moveDeletion(due, due.pass, nowMs + holdMs);
  if (held === undefined) return;
  const { userId, pass } = held;
  // Not before the last pass: a new sign-up has a fresh daily cap. Not after it: a later try needs its row.
  const userDeleted = pass === "last" && (await deleteSupabaseUser(userId));
  const { isWhole, keysRevoked, rows } = await deleteAccount(userId, nowMs, { keepsRefusal: pass === "first", signal });
  logger.info("Rows of an account were deleted", { userId, pass, isWhole, userDeleted, keysRevoked, rows });
  // The last pass has deleted this row as well.
  if (!isWhole) await moveDeletion(held, pass, nowMs);
  else if (pass === "first") await moveDeletion(held, "last", nowMs + lastPassAfterMs);
};

/** Goes on with the deletions that are due until the signal fires. Resolves to how many there were. @throws TableUnavailable */
export const continueDeletions = async (signal: AbortSignal, nowMs: number): Promise<number> => {
  const due = await dueDeletions(nowMs, deletionsPerRun);
  let failed: unknown;
  for (const deletion of due) {
    if (signal.aborted) break;
    try {
      await goOn(deletion, signal, nowMs);
    } catch (error) {
      failed = error;
      logger.error("An account could not be deleted", { userId: deletion.userId, error: loggableError(error) });
    }
  }
  // The others' turn has come: now the run may fail, which an alarm hears of.
  if (failed !== undefined) throw failed;
  return due.length;
};
