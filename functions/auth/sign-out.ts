import { rejectUnavailable } from "#core/auth/session-claims.ts";
import { byAddress, supabaseFor } from "#core/http/authenticate-session.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { signOutRoute } from "#core/routes.ts";

/** POST /api/auth/sign-out: ends this session and clears its cookies, also when it had ended before */
export const handler = jsonHandler({
  route: signOutRoute,
  authenticate: byAddress,
  endpoints: {
    POST: {
      handle: async (call) => {
        const { error } = await supabaseFor(call).supabase.auth.signOut({ scope: "local" });
        rejectUnavailable(error);
        return { status: 204 };
      },
    },
  },
});
