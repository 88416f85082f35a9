import type { JobRow } from "#core/db/jobs.ts";
import type { JobState } from "./job-state.ts";

type EndState = Extract<JobState, { status: "completed" | "failed" }>;

/** What an ended job came to: what the provider told, else what was reckoned when it began; nothing for one that failed. */
export const jobCost = (
  { usage }: Pick<JobRow, "usage">,
  state: EndState,
): { readonly units: number; readonly costPicoUsd: bigint | undefined } =>
  state.status === "failed"
    ? { units: 0, costPicoUsd: 0n }
    : { units: state.units ?? usage.units, costPicoUsd: state.costPicoUsd ?? usage.costPicoUsd };
