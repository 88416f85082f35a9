import { type JobRow, reschedule } from "#core/db/jobs.ts";
import { isEnded } from "./is-ended.ts";

/** Jobs that the poller looks at within this time anyway are left alone, ms. */
const soonMs = 60_000;

/**
 * Makes running jobs due, so that the scheduled poller asks their providers at its next run instead of in half an hour.
 * Called when someone views a list of jobs: that function holds no provider keys to ask with. @throws AwsError
 */
export const expediteJobs = async (rows: readonly JobRow[], nowMs: number): Promise<void> => {
  const waiting = rows.filter(
    (row) => !isEnded(row) && row.dueAt !== undefined && Number(row.dueAt) * 1_000 > nowMs + soonMs,
  );
  await Promise.all(waiting.map((row) => reschedule(row, nowMs)));
};
