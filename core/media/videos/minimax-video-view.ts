import type { JobRow } from "#core/db/jobs.ts";
import { jobView } from "#core/jobs/job-view.ts";

/** The job of a MiniMax video, with its id also under MiniMax's name for it. */
export const minimaxVideoView = (row: JobRow, nowMs: number) => ({ taskId: row.id, ...jobView(row, nowMs) });
