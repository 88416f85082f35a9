import { rejectUnavailable } from "#core/auth/session-claims.ts";
import { accountHandler } from "#core/http/account-handler.ts";
import { byAddress, supabaseFor } from "#core/http/authenticate-session.ts";
import { withOptionalBody } from "#core/http/schema.ts";
import { signOutRoute } from "#core/routes.ts";
import { signOutSchema } from "#core/schemas/auth.ts";

/** POST /api/auth/sign-out: ends this session, or all of the user's, and clears its cookies, also when it had ended before */
export const handler = accountHandler({
  route: signOutRoute,
  authenticate: byAddress,
  endpoints: {
    POST: withOptionalBody(signOutSchema, async (call) => {
      const scope = call.body.everywhere === true ? "global" : "local";
      const { error } = await supabaseFor(call).supabase.auth.signOut({ scope });
      rejectUnavailable(error);
      return { status: 204 };
    }),
  },
});
