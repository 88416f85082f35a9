import { setTimeout as pause } from "node:timers/promises";
import { type ArenaRunRow, readRatings } from "#core/db/rating-rows.ts";
import type { RatingsRow } from "#core/db/rating-sums.ts";
import { ratingsKey } from "#core/db/row-keys.ts";
import { putVotes } from "#core/db/votes.ts";
import { GatewayError } from "#core/errors.ts";
import { stageKeyOf, withChange, withSharedModels } from "./stage-sums.ts";

/** Votes of one user at the same time change the same sums. */
const maxTries = 8;
const baseDelayMs = 10;

export interface Change {
  /** With its vote, where there is one. */
  readonly run?: ArenaRunRow | undefined;
  /** The user's row afterwards. */
  readonly row: RatingsRow;
}

/**
 * Changes a user's sums, and the stage's where the user shares votes, at once. The change is made anew for the rows as they
 * are, until nobody else has changed them meanwhile. Resolves to the user's row.
 * @param change undefined where nothing is to be written.
 * @throws GatewayError CONFLICT, and what `change` throws; TableUnavailable
 */
export const changeSums = async (
  userId: string,
  nowMs: number,
  change: (row: RatingsRow) => Promise<Change | undefined>,
): Promise<RatingsRow> => {
  const key = ratingsKey(userId);
  const stageKey = stageKeyOf(userId);
  for (let tries = 1; tries <= maxTries; tries++) {
    const before = await readRatings(key, nowMs, { consistent: true });
    const made = await change(before);
    if (made === undefined) return before;
    const { run } = made;
    const row = made.row.share ? withSharedModels(made.row) : made.row;
    const changes = [{ key, row }];
    if (before.share || row.share) {
      const stage = await readRatings(stageKey, nowMs, { consistent: true });
      changes.push({ key: stageKey, row: withChange(stage, before, row, nowMs) });
    }
    if (await putVotes(run, changes, nowMs)) return row;
    await pause(Math.random() * baseDelayMs * 2 ** tries);
  }
  throw new GatewayError("CONFLICT", "Other votes are being counted. Try again.");
};

/** Adds a user's votes to the stage's sums, or takes them away. @throws GatewayError, TableUnavailable */
export const shareVotes = (userId: string, share: boolean, nowMs: number): Promise<RatingsRow> =>
  changeSums(userId, nowMs, async (row) => (row.share === share ? undefined : { row: { ...row, share } }));
