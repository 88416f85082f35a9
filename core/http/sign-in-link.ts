import type { EmailOtpType, SupabaseClient, User } from "@supabase/supabase-js";
import { requireAdmitted } from "#core/auth/admitted-users.ts";
import { safeNext } from "#core/auth/next-path.ts";
import { rejectUnavailable } from "#core/auth/session-claims.ts";
import { GatewayError } from "#core/errors.ts";
import { confirmSignInSchema } from "#core/schemas/auth.ts";
import { detachedSupabase, supabaseFor } from "./authenticate-session.ts";
import { forgetAsked, wasAskedHere } from "./mail-link.ts";
import type { RequestState } from "./request-state.ts";

/**
 * What the links of OAuth and of mails do. Opening one signs in only the browser that requested it: a `code` needs the
 * verifier in that browser's cookie (PKCE), a `token_hash` the cookie of mail-link.ts. Any other browser is asked first, and
 * uses nothing up by opening the link, so neither a mail scanner nor somebody else's link can do harm.
 */

const signInError = "/dashboard/sign-in?error=link";
const confirmPage = "/dashboard/confirm-sign-in";

interface MailToken {
  readonly type: EmailOtpType;
  readonly tokenHash: string;
}

/** Trades a mail's token for a session. Undefined when it is no longer worth one. @throws GatewayError SERVICE_UNAVAILABLE */
const redeem = async (supabase: SupabaseClient, { type, tokenHash }: MailToken): Promise<User | undefined> => {
  const { data, error } = await supabase.auth.verifyOtp({ type, token_hash: tokenHash });
  rejectUnavailable(error);
  return error === null ? (data.user ?? undefined) : undefined;
};

const tokenSchema = confirmSignInSchema.pick({ tokenHash: true, type: true });

/** The page that asks "Sign in as …?". Its facts are in the fragment, which no server and no log sees. */
const confirmUrl = ({ tokenHash, type }: MailToken, { email = "", next }: RequestState["query"]): string =>
  `${confirmPage}#${new URLSearchParams({ token_hash: tokenHash, type, email: email.slice(0, 254), next: safeNext(next) })}`;

/** Signs in by a mail's token, but only a user whom `expected` takes; else the browser keeps the session that it has. */
const enterByMail = async (
  state: RequestState,
  token: MailToken,
  expected: (email: string) => boolean,
): Promise<User | "used-up" | "another-address"> => {
  const { supabase, setCookies } = detachedSupabase(state);
  const user = await redeem(supabase, token);
  if (user === undefined) return "used-up";
  if (!expected(user.email ?? "")) {
    await supabase.auth.signOut({ scope: "local" });
    return "another-address";
  }
  await requireAdmitted(supabase, user);
  state.cookies.push(setCookies);
  forgetAsked(state);
  return user;
};

const enterByCode = async (state: RequestState, code: string): Promise<boolean> => {
  const { supabase } = supabaseFor(state);
  const { data, error } = await supabase.auth.exchangeCodeForSession(code);
  rejectUnavailable(error);
  if (error !== null) return false;
  await requireAdmitted(supabase, data.user);
  forgetAsked(state);
  return true;
};

/** The sign-up policy's refusal of a link is shown by the sign-in page. */
const unlessRefused = async (entering: Promise<boolean>): Promise<boolean> => {
  try {
    return await entering;
  } catch (error) {
    if (error instanceof GatewayError && error.code === "FORBIDDEN") return false;
    throw error;
  }
};

/**
 * Opens a link and returns the local path to continue at: where it leads, the page that asks first, or sign-in with an error.
 * @throws GatewayError SERVICE_UNAVAILABLE
 */
export const openLink = async (state: RequestState): Promise<string> => {
  const { code, token_hash: tokenHash, type, email, next } = state.query;
  if (code !== undefined) return (await unlessRefused(enterByCode(state, code))) ? safeNext(next) : signInError;
  const token = tokenSchema.safeParse({ tokenHash, type });
  if (!token.success) return signInError;
  if (!wasAskedHere(state, email)) return confirmUrl(token.data, state.query);
  const entering = enterByMail(state, token.data, (address) => wasAskedHere(state, address));
  return (await unlessRefused(entering.then((result) => typeof result === "object"))) ? safeNext(next) : signInError;
};

/**
 * Signs in by a link after its visitor has agreed to the address.
 * @throws GatewayError UNAUTHORIZED for a link that is no longer worth a session, FORBIDDEN for one of another address or by
 * the sign-up policy
 */
export const confirmLink = async (state: RequestState, link: MailToken & { readonly email: string }): Promise<User> => {
  const result = await enterByMail(state, link, (address) => address.toLowerCase() === link.email.toLowerCase());
  if (result === "used-up")
    throw new GatewayError("UNAUTHORIZED", "This link was used already or has expired. Request a new one.");
  if (result === "another-address") throw new GatewayError("FORBIDDEN", "This link belongs to another address.");
  return result;
};
