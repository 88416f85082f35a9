import { backgroundHandler } from "#core/http/background-handler.ts";
import { pollDueJobs } from "#core/jobs/poll-due-jobs.ts";

const budgetMs = 45_000;

/** Every minute: polls the jobs that are due, and ends them. */
export const handler = backgroundHandler("PollJobs", async () => ({
  jobs: await pollDueJobs(AbortSignal.timeout(budgetMs)),
}));
