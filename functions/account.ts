import { beginDeletion } from "#core/accounts/delete-account.ts";
import { confirmIdentity } from "#core/auth/confirm-identity.ts";
import { accountHandler } from "#core/http/account-handler.ts";
import { bySession, cookielessSupabase, sessionPrincipal, supabaseFor } from "#core/http/authenticate-session.ts";
import { withOptionalBody } from "#core/http/schema.ts";
import { accountRoute } from "#core/routes.ts";
import { deleteAccountSchema } from "#core/schemas/account.ts";

/** DELETE /api/v1/account: refuses the account's requests and keys at once; a worker deletes the rest. */
export const handler = accountHandler({
  route: accountRoute,
  authenticate: bySession,
  endpoints: {
    DELETE: withOptionalBody(deleteAccountSchema, async (call) => {
      const principal = sessionPrincipal(call);
      await confirmIdentity(principal, call.body.password, cookielessSupabase, call.startedAtMs);
      await beginDeletion(principal.userId, call.startedAtMs);
      // Every session of the user ends; where Supabase fails, they find an empty account.
      await supabaseFor(call).supabase.auth.signOut({ scope: "global" });
      return { status: 202, json: { success: true, data: { status: "deleting" } } };
    }),
  },
});
