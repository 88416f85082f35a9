import { dueJobs, type JobRow, putOff, readJob } from "#core/db/jobs.ts";
import { loggableError, logger } from "#core/observability/logger.ts";
import { isEnded, pollJob } from "./poll-job.ts";
import { type DeliveryOptions, deliverWebhook } from "./webhook.ts";

const maxJobsPerShard = 50;
const atOnce = 8;
/** A job with a webhook is looked after this often, ms; one without only to settle what nobody asks about. */
const lookEveryMs = 30_000;
const rarelyEveryMs = 15 * 60_000;

const lookAfter = async (found: JobRow, signal: AbortSignal, options: DeliveryOptions): Promise<void> => {
  // The index is a little behind its table.
  const row = await readJob(found.userId, found.id, Date.now());
  if (row?.dueShard === undefined) return;
  const nowMs = options.nowMs ?? Date.now();
  const { row: polled } = isEnded(row) ? { row } : await pollJob(row, signal, nowMs);
  if (isEnded(polled)) await deliverWebhook(polled, options);
  else await putOff(polled, nowMs + (polled.webhook === undefined ? rarelyEveryMs : lookEveryMs));
};

/**
 * Looks after jobs that are due: asks their providers, ends them, and delivers webhooks. One that fails is put off and
 * holds no other back. Resolves to how many were looked at. @throws AwsError
 */
export const pollDueJobs = async (
  signal: AbortSignal,
  nowMs: number = Date.now(),
  options: DeliveryOptions = {},
): Promise<number> => {
  const waiting = [...(await dueJobs(nowMs, maxJobsPerShard))];
  const count = waiting.length;
  const work = async (): Promise<void> => {
    for (let row = waiting.shift(); row !== undefined && !signal.aborted; row = waiting.shift()) {
      try {
        await lookAfter(row, signal, options);
      } catch (error) {
        logger.warn("A job could not be looked after", { jobId: row.id, error: loggableError(error) });
        await putOff(row, Date.now() + rarelyEveryMs);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return count;
};
