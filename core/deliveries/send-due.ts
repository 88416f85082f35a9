import { dueOwners } from "#core/db/delivery-turns.ts";
import { loggableError, logger } from "#core/observability/logger.ts";
import { increment } from "#core/observability/metrics.ts";
import { serveOwner, type TurnOptions } from "./take-turn.ts";

/**
 * The worker: serves owners in the order in which they have waited, many at once. An owner with slow servers, or with
 * thousands of deliveries, takes one place for a bounded time and then stands last.
 */

const ownersAtOnce = 64;
const ownersPerShard = 200;

/** Serves turns until none is due or the signal fires, and notes how late the latest one was. Resolves to how many turns there were. @throws TableUnavailable */
export const sendDueDeliveries = async (signal: AbortSignal, options: TurnOptions = {}): Promise<number> => {
  let turns = 0;
  let served: number;
  let lagMs = 0;
  do {
    served = 0;
    const nowMs = options.nowMs ?? Date.now();
    const waiting = [...(await dueOwners(nowMs, ownersPerShard))];
    lagMs = Math.max(lagMs, ...waiting.map(({ dueAtMs }) => nowMs - dueAtMs));
    const work = async (): Promise<void> => {
      for (let owner = waiting.shift(); owner !== undefined && !signal.aborted; owner = waiting.shift()) {
        const { userId } = owner;
        try {
          if (await serveOwner(userId, { ...options, signal, opensContent: true })) served += 1;
        } catch (error) {
          logger.warn("An owner's deliveries could not be made", { userId, error: loggableError(error) });
        }
      }
    };
    await Promise.all(Array.from({ length: ownersAtOnce }, work));
    turns += served;
  } while (served > 0 && !signal.aborted);
  if (turns > 0) increment("DeliveryLagMs", lagMs);
  return turns;
};
