import { rejectUnavailable } from "#core/auth/session-claims.ts";
import { accountHandler } from "#core/http/account-handler.ts";
import { byAddress, supabaseFor } from "#core/http/authenticate-session.ts";
import { noteAsked } from "#core/http/mail-link.ts";
import { callbackUrl } from "#core/http/origin.ts";
import { withBody } from "#core/http/schema.ts";
import { resetPasswordRoute } from "#core/routes.ts";
import { resetPasswordSchema } from "#core/schemas/auth.ts";

/** POST /api/auth/reset-password: 202 whether or not the address is known */
export const handler = accountHandler({
  route: resetPasswordRoute,
  authenticate: byAddress,
  endpoints: {
    POST: withBody(resetPasswordSchema, async (call) => {
      const { error } = await supabaseFor(call).supabase.auth.resetPasswordForEmail(call.body.email, {
        redirectTo: callbackUrl(call, "/dashboard/update-password"),
      });
      rejectUnavailable(error);
      noteAsked(call, call.body.email);
      return { status: 202, json: { success: true, data: { sent: true } } };
    }),
  },
});
