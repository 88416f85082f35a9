import { confirmIdentity } from "#core/auth/confirm-identity.ts";
import { rejectUnavailable } from "#core/auth/session-claims.ts";
import { GatewayError } from "#core/errors.ts";
import { accountHandler } from "#core/http/account-handler.ts";
import { bySession, cookielessSupabase, sessionPrincipal, supabaseFor } from "#core/http/authenticate-session.ts";
import { withBody } from "#core/http/schema.ts";
import { updatePasswordRoute } from "#core/routes.ts";
import { updatePasswordSchema } from "#core/schemas/auth.ts";

/** POST /api/auth/update-password, signed in, as after the link of a reset mail */
export const handler = accountHandler({
  route: updatePasswordRoute,
  authenticate: bySession,
  endpoints: {
    POST: withBody(updatePasswordSchema, async (call) => {
      const { password, currentPassword } = call.body;
      const principal = sessionPrincipal(call);
      await confirmIdentity(principal, currentPassword, cookielessSupabase, call.startedAtMs, "currentPassword");
      const { error } = await supabaseFor(call).supabase.auth.updateUser({ password });
      rejectUnavailable(error);
      if (error !== null) {
        throw new GatewayError("BAD_REQUEST", "The password was not accepted.", {
          param: "password",
          details: { reason: error.code ?? null },
        });
      }
      return { status: 204 };
    }),
  },
});
