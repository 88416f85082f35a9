import type { EmailOtpType, SupabaseClient } from "@supabase/supabase-js";
import { safeNext } from "#core/auth/next-path.ts";
import { rejectUnavailable } from "#core/auth/session-claims.ts";
import { byAddress, supabaseFor } from "#core/http/authenticate-session.ts";
import { jsonHandler } from "#core/http/handler.ts";

const mailTypes: ReadonlySet<string> = new Set<EmailOtpType>([
  "signup",
  "magiclink",
  "recovery",
  "invite",
  "email",
  "email_change",
]);

const isMailType = (type: string | undefined): type is EmailOtpType => type !== undefined && mailTypes.has(type);

type Query = Readonly<Record<string, string>>;

/** Trades what the provider or the mail brought for a session. False when it is no longer worth one. */
const signIn = async (supabase: SupabaseClient, { code, token_hash: tokenHash, type }: Query): Promise<boolean> => {
  if (code !== undefined) {
    const { error } = await supabase.auth.exchangeCodeForSession(code);
    rejectUnavailable(error);
    return error === null;
  }
  if (tokenHash !== undefined && isMailType(type)) {
    const { error } = await supabase.auth.verifyOtp({ type, token_hash: tokenHash });
    rejectUnavailable(error);
    return error === null;
  }
  return false;
};

/** GET /api/auth/callback: where OAuth and the links of mails come back to */
export const handler = jsonHandler({
  route: "AuthCallback",
  authenticate: byAddress,
  endpoints: {
    GET: {
      handle: async (call) => {
        const signedIn = await signIn(supabaseFor(call).supabase, call.query);
        const next = signedIn ? safeNext(call.query.next) : "/dashboard/sign-in?error=link";
        return { status: 303, headers: { location: `${call.pathPrefix}${next}` } };
      },
    },
  },
});
