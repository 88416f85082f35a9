import { rejectUnavailable } from "#core/auth/session-claims.ts";
import { config } from "#core/config.ts";
import { accountHandler } from "#core/http/account-handler.ts";
import { byAddress, supabaseFor } from "#core/http/authenticate-session.ts";
import { noteAsked } from "#core/http/mail-link.ts";
import { callbackUrl } from "#core/http/origin.ts";
import { withBody } from "#core/http/schema.ts";
import { magicLinkRoute } from "#core/routes.ts";
import { magicLinkSchema } from "#core/schemas/auth.ts";

/** POST /api/auth/magic-link: 202 whether or not the address is known */
export const handler = accountHandler({
  route: magicLinkRoute,
  authenticate: byAddress,
  endpoints: {
    POST: withBody(magicLinkSchema, async (call) => {
      const { email, next } = call.body;
      const { error } = await supabaseFor(call).supabase.auth.signInWithOtp({
        email,
        options: { emailRedirectTo: callbackUrl(call, next), shouldCreateUser: config.signUpPolicy() === "open" },
      });
      // Any other error would tell who has an account.
      rejectUnavailable(error);
      noteAsked(call, email);
      return { status: 202, json: { success: true, data: { sent: true } } };
    }),
  },
});
