import { dueOwners } from "#core/db/delivery-turns.ts";
import { loggableError, logger } from "#core/observability/logger.ts";
import { serveOwner, type TurnOptions } from "./take-turn.ts";

/**
 * The worker: serves owners in the order in which they have waited, many at once. An owner with slow servers, or with
 * thousands of deliveries, takes one place for a bounded time and then stands last.
 */

const ownersAtOnce = 64;
const ownersPerShard = 200;

/** Serves turns until none is due or the signal fires. Resolves to how many turns there were. @throws TableUnavailable */
export const sendDueDeliveries = async (signal: AbortSignal, options: TurnOptions = {}): Promise<number> => {
  let turns = 0;
  let served: number;
  do {
    served = 0;
    const waiting = [...(await dueOwners(options.nowMs ?? Date.now(), ownersPerShard))];
    const work = async (): Promise<void> => {
      for (let owner = waiting.shift(); owner !== undefined && !signal.aborted; owner = waiting.shift()) {
        try {
          if (await serveOwner(owner, { ...options, signal })) served += 1;
        } catch (error) {
          logger.warn("An owner's deliveries could not be made", { userId: owner, error: loggableError(error) });
        }
      }
    };
    await Promise.all(Array.from({ length: ownersAtOnce }, work));
    turns += served;
  } while (served > 0 && !signal.aborted);
  return turns;
};
