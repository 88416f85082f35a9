import type { JobRow } from "#core/db/jobs.ts";
import type { EndState } from "#core/providers/media/job-adapter.ts";

/** Cost of an ended job: as its provider reported it, else as quoted at its start; nothing for a failed one. */
export const jobCost = (
  { usage }: Pick<JobRow, "usage">,
  state: EndState,
): { readonly units: number; readonly costPicoUsd: bigint | undefined } =>
  state.status === "failed"
    ? { units: 0, costPicoUsd: 0n }
    : { units: state.units ?? usage.units, costPicoUsd: state.costPicoUsd ?? usage.costPicoUsd };
