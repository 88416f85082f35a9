import { rejectUnavailable } from "#core/auth/session-claims.ts";
import { requireSignUpAllowed } from "#core/auth/sign-up-policy.ts";
import { GatewayError } from "#core/errors.ts";
import { accountHandler } from "#core/http/account-handler.ts";
import { byAddress, supabaseFor } from "#core/http/authenticate-session.ts";
import { noteAsked } from "#core/http/mail-link.ts";
import { callbackUrl } from "#core/http/origin.ts";
import { withBody } from "#core/http/schema.ts";
import { signUpRoute } from "#core/routes.ts";
import { signUpSchema } from "#core/schemas/auth.ts";

/** POST /api/auth/sign-up: 200 and signed in, or 202 where the address must be confirmed first */
export const handler = accountHandler({
  route: signUpRoute,
  authenticate: byAddress,
  endpoints: {
    POST: withBody(signUpSchema, async (call) => {
      const { email, password } = call.body;
      requireSignUpAllowed(email);
      const { data, error } = await supabaseFor(call).supabase.auth.signUp({
        email,
        password,
        options: { emailRedirectTo: callbackUrl(call, undefined) },
      });
      rejectUnavailable(error);
      if (error?.code === "user_already_exists") {
        throw new GatewayError("CONFLICT", "An account with this address already exists.", {
          param: "email",
          shouldRetry: false,
        });
      }
      if (error !== null)
        throw new GatewayError("BAD_REQUEST", "The account could not be created.", {
          details: { reason: error.code ?? null },
        });
      if (data.session === null) noteAsked(call, email);
      const user = { id: data.user?.id ?? null, email };
      return data.session === null
        ? { status: 202, json: { success: true, data: { user: { email }, confirmation: "sent" } } }
        : { status: 200, json: { success: true, data: { user } } };
    }),
  },
});
