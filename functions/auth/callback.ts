import type { EmailOtpType, SupabaseClient } from "@supabase/supabase-js";
import { safeNext } from "#core/auth/next-path.ts";
import { rejectUnavailable } from "#core/auth/session-claims.ts";
import { requireSignUpAllowed } from "#core/auth/sign-up-policy.ts";
import { config } from "#core/config.ts";
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

/** How young an account is that this very sign-in may have made, ms. */
const newAccountMs = 5 * 60_000;

/**
 * Whether the sign-up policy lets this account in. OAuth makes accounts by itself: one of a foreign domain, or a new one
 * on a closed stage, is signed out again. Supabase's own switch for sign-ups has to say the same (docs/operations/deployment.md).
 */
const mayStay = async (supabase: SupabaseClient): Promise<boolean> => {
  const { data, error } = await supabase.auth.getUser();
  rejectUnavailable(error);
  const { user } = data;
  if (user === null) return false;
  const isNew = Date.now() - Date.parse(user.created_at) < newAccountMs;
  if (config.signUpPolicy() === "open" || (config.signUpPolicy() === "closed" && !isNew)) return true;
  try {
    requireSignUpAllowed(user.email ?? "");
    return true;
  } catch {
    await supabase.auth.signOut({ scope: "local" });
    return false;
  }
};

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
      // A mail scanner that looks at a link must not use it up.
      answersHead: false,
      handle: async (call) => {
        const { supabase } = supabaseFor(call);
        const signedIn = (await signIn(supabase, call.query)) && (await mayStay(supabase));
        const next = signedIn ? safeNext(call.query.next) : "/dashboard/sign-in?error=link";
        return { status: 303, headers: { location: `${call.pathPrefix}${next}` } };
      },
    },
  },
});
