import { continueDeletions } from "#core/accounts/delete-account.ts";
import { backgroundHandler } from "#core/http/background-handler.ts";

const budgetMs = 40_000;

/** Every minute: goes on with the accounts whose owners have asked for their deletion. */
export const handler = backgroundHandler("DeleteAccounts", async () => ({
  accounts: await continueDeletions(AbortSignal.timeout(budgetMs), Date.now()),
}));
