import { endJob, type JobEnd, type JobRow } from "#core/db/jobs.ts";
import { settleJob } from "#core/generation/settle-job.ts";
import type { EndState } from "#core/providers/media/job-adapter.ts";
import { jobCost } from "./job-cost.ts";
import { jobDelivery } from "./job-delivery.ts";

const withEnd = (row: JobRow, end: JobEnd): JobRow => ({
  ...row,
  status: end.status,
  finishedAt: end.finishedAt,
  output: end.output === undefined ? undefined : [...end.output],
  outputHeldUntil: end.outputHeldUntil,
  error: end.error,
  usage: { ...row.usage, units: end.units, costPicoUsd: end.costPicoUsd },
});

/**
 * Ends a job: settles its usage, returns money that was booked and not spent, and writes the result to its row, with the delivery
 * to its webhook. A second call, or one after a crash half way, changes nothing that is done. Resolves to the ended job.
 * @throws AwsError
 */
export const finishJob = async (row: JobRow, state: EndState, nowMs: number): Promise<JobRow> => {
  const { units, costPicoUsd, estimated } = jobCost(row, state);
  const { usage, userId } = row;
  const settled = {
    userId,
    day: usage.day,
    requestId: usage.requestId,
    keyId: usage.keyId,
    generation: 0,
    status: state.status === "completed" ? ("ok" as const) : ("error" as const),
    code: state.status === "completed" ? undefined : "PROVIDER_ERROR",
    model: row.model,
    provider: row.provider,
    byok: row.byok,
    providerKeyId: row.providerKeyId,
    unit: usage.unit,
    units,
    costPicoUsd,
    ...(estimated ? { estimated } : {}),
    attempts: usage.attempts,
    latencyMs: nowMs - row.createdAt,
  };
  const { bookedPicoUsd, budget } = usage;
  await settleJob({ usage: settled, bookedPicoUsd, budget, byok: row.byok });
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
  const ended = withEnd(row, end);
  await endJob(row, end, jobDelivery(ended, nowMs));
  return ended;
};
