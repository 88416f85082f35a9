import { backgroundHandler } from "#core/http/background-handler.ts";
import { pollDueJobs } from "#core/jobs/poll-due-jobs.ts";

const budgetMs = 45_000;

/** Every minute: polls the jobs that are due, and delivers the webhooks of those that have ended. */
export const handler = backgroundHandler("PollJobs", async () => ({
  jobs: await pollDueJobs(AbortSignal.timeout(budgetMs)),
}));
