import type { JobRow } from "#core/db/jobs.ts";
import type { EndState } from "#core/providers/media/job-adapter.ts";

export interface JobCost {
  readonly units: number;
  /** Undefined for an unknown price. */
  readonly costPicoUsd: bigint | undefined;
  /** Nobody saw what it came to. */
  readonly estimated: boolean;
}

/**
 * Cost of an ended job: as its provider reported it, else as quoted at its start; nothing for one that its provider calls
 * failed.
 */
export const jobCost = ({ usage }: Pick<JobRow, "usage">, state: EndState): JobCost => {
  const { units, costPicoUsd } = usage;
  if (state.status === "failed") {
    return state.mayBeBilled === true
      ? { units, costPicoUsd, estimated: true }
      : { units: 0, costPicoUsd: 0n, estimated: false };
  }
  return { units: state.units ?? units, costPicoUsd: state.costPicoUsd ?? costPicoUsd, estimated: false };
};
