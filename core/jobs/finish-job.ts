import { endJob, type JobEnd, type JobRow } from "#core/db/jobs.ts";
import { settleJob } from "#core/generation/settle-job.ts";
import type { EndState } from "#core/providers/media/job-adapter.ts";
import { jobCost } from "./job-cost.ts";

/**
 * Ends a job: settles its usage, returns money that was booked and not spent, and writes the result to its row. A second call,
 * or one after a crash half way, changes nothing that is done. @throws AwsError
 */
export const finishJob = async (row: JobRow, state: EndState, nowMs: number): Promise<JobEnd> => {
  const { units, costPicoUsd } = jobCost(row, state);
  const { usage, userId } = row;
  const settled = {
    userId,
    day: usage.day,
    requestId: usage.requestId,
    generation: 0,
    status: state.status === "completed" ? ("ok" as const) : ("error" as const),
    code: state.status === "completed" ? undefined : "PROVIDER_ERROR",
    model: row.model,
    provider: row.provider,
    byok: row.byok,
    unit: usage.unit,
    units,
    costPicoUsd,
    attempts: usage.attempts,
    latencyMs: nowMs - row.createdAt,
  };
  await settleJob({ usage: settled, bookedPicoUsd: usage.bookedPicoUsd, byok: row.byok });
  const end: JobEnd = {
    status: state.status,
    finishedAt: nowMs,
    units,
    costPicoUsd,
    ...(state.status === "failed"
      ? { error: state.error }
      : state.heldUntil === undefined
        ? { output: state.output }
        : { outputHeldUntil: state.heldUntil }),
  };
  await endJob(row, end);
  return end;
};
