import { requireAdmitted } from "#core/auth/admitted-users.ts";
import { rejectUnavailable } from "#core/auth/session-claims.ts";
import { GatewayError } from "#core/errors.ts";
import { accountHandler } from "#core/http/account-handler.ts";
import { byAddress, supabaseFor } from "#core/http/authenticate-session.ts";
import { withBody } from "#core/http/schema.ts";
import { signInRoute } from "#core/routes.ts";
import { signInSchema } from "#core/schemas/auth.ts";

/** POST /api/auth/sign-in. A wrong password and an unknown address get the same answer. */
export const handler = accountHandler({
  route: signInRoute,
  authenticate: byAddress,
  endpoints: {
    POST: withBody(signInSchema, async (call) => {
      const { supabase } = supabaseFor(call);
      const { data, error } = await supabase.auth.signInWithPassword(call.body);
      rejectUnavailable(error);
      if (error !== null) throw new GatewayError("UNAUTHORIZED", "The email address or the password is wrong.");
      await requireAdmitted(supabase, data.user);
      return {
        status: 200,
        json: { success: true, data: { user: { id: data.user.id, email: data.user.email ?? null } } },
      };
    }),
  },
});
