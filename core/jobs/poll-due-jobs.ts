import { carryOnWebhook, dueJobs, type JobRow, readJob, reschedule } from "#core/db/jobs.ts";
import { loggableError, logger } from "#core/observability/logger.ts";
import { isEnded } from "./is-ended.ts";
import { jobDelivery } from "./job-delivery.ts";
import { pollJob } from "./poll-job.ts";

const maxJobsPerShard = 50;
const concurrency = 8;
/** How often a running job is polled, ms: one with a webhook, and one without, which only needs to be settled. */
const webhookPollMs = 30_000;
const settlingPollMs = 15 * 60_000;

const processJob = async (found: JobRow, signal: AbortSignal, nowMs: number): Promise<void> => {
  // The index lags a little behind its table.
  const row = await readJob(found.userId, found.id, Date.now());
  if (row?.dueShard === undefined) return;
  const delivery = isEnded(row) ? jobDelivery(row, nowMs) : undefined;
  if (delivery !== undefined) {
    await carryOnWebhook(row, delivery, nowMs);
    return;
  }
  const { row: polled } = await pollJob(row, signal, nowMs);
  if (!isEnded(polled))
    await reschedule(polled, nowMs + (polled.webhook === undefined ? settlingPollMs : webhookPollMs));
};

/**
 * Processes jobs that are due: asks their providers, and ends them. A job that fails here is rescheduled and does not block
 * others. Resolves to the number of due jobs. @throws AwsError
 */
export const pollDueJobs = async (signal: AbortSignal, nowMs: number = Date.now()): Promise<number> => {
  const waiting = [...(await dueJobs(nowMs, maxJobsPerShard))];
  const count = waiting.length;
  const work = async (): Promise<void> => {
    for (let row = waiting.shift(); row !== undefined && !signal.aborted; row = waiting.shift()) {
      try {
        await processJob(row, signal, nowMs);
      } catch (error) {
        logger.warn("A job could not be processed", { jobId: row.id, error: loggableError(error) });
        await reschedule(row, Date.now() + settlingPollMs);
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return count;
};
