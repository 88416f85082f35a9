import { backgroundHandler } from "#core/http/background-handler.ts";
import { pollDueJobs } from "#core/jobs/poll-due-jobs.ts";

const budgetMs = 45_000;

/** Every minute: asks about jobs that are due, and tells their ends to webhooks. */
export const handler = backgroundHandler("PollJobs", async () => ({
  jobs: await pollDueJobs(AbortSignal.timeout(budgetMs)),
}));
