import type { SupabaseClient, User } from "@supabase/supabase-js";
import * as z from "zod/mini";
import { config } from "#core/config.ts";
import { GatewayError } from "#core/errors.ts";
import { logger } from "#core/observability/logger.ts";
import { isRecord } from "#core/values/records.ts";
import { requireStillAdmitted } from "./admitted-users.ts";
import type { SessionPrincipal } from "./principal.ts";

/**
 * Who is signed in. The library checks the token's signature against the JWKS and its expiry; issuer, audience, role and the
 * stage's sign-up policy are checked here, and for anything that creates or shows a secret, that the session still exists.
 */

const audience = "authenticated";

const claimsSchema = z.object({
  iss: z.string(),
  sub: z.string().check(z.minLength(1)),
  aud: z.union([z.string(), z.array(z.string())]),
  // The library compares it with the clock; text would pass that.
  exp: z.number(),
  role: z.literal(audience),
  session_id: z.string().check(z.minLength(1)),
  email: z.optional(z.string()),
  is_anonymous: z.optional(z.boolean()),
  /** How and when (unix seconds) the user signed in. A refreshed token keeps it. */
  amr: z.optional(z.unknown()),
});

/** When the user last signed in, Unix ms; undefined where the token does not say. Not a schema: zod's `catch` weighs 9 KB. */
const signedInAtMs = (amr: unknown): number | undefined => {
  if (!Array.isArray(amr) || amr.length === 0) return undefined;
  const seconds = amr.map((entry: unknown) => (isRecord(entry) ? entry.timestamp : undefined));
  return seconds.every((value) => typeof value === "number") ? Math.max(...seconds) * 1_000 : undefined;
};

const noSession = (): GatewayError => new GatewayError("UNAUTHORIZED", "Sign in to the dashboard first.");

/** Supabase is unavailable or has too many requests of ours, rather than that nobody is signed in. */
const isUnavailable = ({
  name,
  status = 0,
}: {
  readonly name?: string;
  readonly status?: number | undefined;
}): boolean => name === "AuthRetryableFetchError" || name === "AuthUnknownError" || status === 429 || status >= 500;

const supabaseUnavailable = (): GatewayError =>
  new GatewayError("SERVICE_UNAVAILABLE", "Sign-in is unavailable. Try again in a few seconds.", {
    retryAfterSeconds: 5,
  });

/** Throws 503 when Supabase itself failed; any other error is the caller's to judge. */
export const rejectUnavailable = (
  error: { readonly name?: string; readonly status?: number | undefined } | null,
): void => {
  if (error !== null && isUnavailable(error)) throw supabaseUnavailable();
};

/** The verified claims of a request's token. */
const verifiedClaims = async (supabase: SupabaseClient): Promise<unknown> => {
  // Only asymmetric keys are verified here; for any other token the library would ask Supabase's user endpoint.
  const { data, error } = await supabase.auth.getClaims().catch((thrown: unknown) => {
    // What the library throws rather than returns is its trouble with a token that Supabase never made.
    logger.warn("A session token could not be read", { reason: thrown instanceof Error ? thrown.name : "unknown" });
    throw noSession();
  });
  rejectUnavailable(error);
  if (error !== null) throw noSession();
  return data?.claims;
};

/** Supabase's record of the user: refused when the session was signed out elsewhere, though its token has not expired. */
const readUser = async (supabase: SupabaseClient, userId: string): Promise<User> => {
  const { data, error } = await supabase.auth.getUser();
  rejectUnavailable(error);
  if (error !== null || data.user?.id !== userId) throw noSession();
  return data.user;
};

/**
 * The signed-in user of a request, whether our endpoints or Supabase's issued the session.
 * @throws GatewayError UNAUTHORIZED, FORBIDDEN by the sign-up policy, SERVICE_UNAVAILABLE
 */
export const readSession = async (supabase: SupabaseClient): Promise<SessionPrincipal> => {
  const parsed = claimsSchema.safeParse(await verifiedClaims(supabase));
  if (!parsed.success) throw noSession();
  const { iss, aud, sub, email, session_id: sessionId, is_anonymous: anonymous, amr } = parsed.data;
  const audiences = typeof aud === "string" ? [aud] : aud;
  if (iss !== `${config.supabaseUrl()}/auth/v1` || !audiences.includes(audience) || anonymous === true)
    throw noSession();
  await requireStillAdmitted(supabase, sub, () => readUser(supabase, sub));
  return {
    kind: "session",
    userId: sub,
    email,
    sessionId,
    signedInAtMs: signedInAtMs(amr),
    confirm: async () => {
      await readUser(supabase, sub);
    },
  };
};
