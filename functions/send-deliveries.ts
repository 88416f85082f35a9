import { sendDueDeliveries } from "#core/deliveries/send-due.ts";
import { backgroundHandler } from "#core/http/background-handler.ts";

const budgetMs = 30_000;

/** Every minute: makes the deliveries that are due, such as webhooks of jobs. What it has begun ends in the remaining time. */
export const handler = backgroundHandler("SendDeliveries", async () => ({
  turns: await sendDueDeliveries(AbortSignal.timeout(budgetMs)),
}));
