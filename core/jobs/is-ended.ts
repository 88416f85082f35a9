import type { JobRow } from "#core/db/jobs.ts";

export const isEnded = ({ status }: Pick<JobRow, "status">): boolean => status === "completed" || status === "failed";
