import { type JobRow, putOff } from "#core/db/jobs.ts";
import { isEnded } from "./poll-job.ts";

/** Jobs that the poller looks after within this time anyway are left alone, ms. */
const soonMs = 60_000;

/**
 * Somebody looks at a list of jobs: those that still run become due, so that the scheduled poller asks their providers at
 * its next run and not first in half an hour. Whoever shows a list holds no provider's key for that. @throws AwsError
 */
export const hastenJobs = async (rows: readonly JobRow[], nowMs: number): Promise<void> => {
  const waiting = rows.filter(
    (row) => !isEnded(row) && row.dueAt !== undefined && Number(row.dueAt) * 1_000 > nowMs + soonMs,
  );
  await Promise.all(waiting.map((row) => putOff(row, nowMs)));
};
