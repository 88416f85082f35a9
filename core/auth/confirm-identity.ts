import type { SupabaseClient } from "@supabase/supabase-js";
import { GatewayError } from "#core/errors.ts";
import type { SessionPrincipal } from "./principal.ts";
import { rejectUnavailable } from "./session-claims.ts";

/**
 * Makes sure that whoever holds a session is its user. Needed before anything that cannot be undone, and before a change of the
 * password, which would be the proof.
 */

/** How long after a sign-in a session counts as its user, ms. */
export const freshSignInMs = 10 * 60_000;

/** @throws GatewayError FORBIDDEN for a wrong password, SERVICE_UNAVAILABLE */
const checkPassword = async (
  { userId, email }: SessionPrincipal,
  password: string,
  newClient: () => SupabaseClient,
  field: string,
): Promise<void> => {
  const supabase = newClient();
  const wrong = new GatewayError("FORBIDDEN", "The password is wrong.", { param: field });
  if (email === undefined) throw wrong;
  const { data, error } = await supabase.auth.signInWithPassword({ email, password });
  rejectUnavailable(error);
  if (error !== null || data.user.id !== userId) throw wrong;
  // Only the answer counted: the session that it made ends.
  await supabase.auth.signOut({ scope: "local" });
};

/**
 * @param password what the caller sent, if anything: without one, the session's sign-in has to be fresh.
 * @param newClient a client without the request's cookies.
 * @param field of the body, in which the password is sent.
 * @throws GatewayError FORBIDDEN, UNAUTHORIZED when the session has ended, SERVICE_UNAVAILABLE
 */
export const confirmIdentity = async (
  principal: SessionPrincipal,
  password: string | undefined,
  newClient: () => SupabaseClient,
  nowMs: number,
  field = "password",
): Promise<void> => {
  await principal.confirm();
  if (password !== undefined) return checkPassword(principal, password, newClient, field);
  const { signedInAtMs } = principal;
  if (signedInAtMs === undefined || nowMs - signedInAtMs > freshSignInMs) {
    throw new GatewayError(
      "FORBIDDEN",
      `This needs your password, or a sign-in within the last 10 minutes: send the field ${field}, or sign in again.`,
      { param: field },
    );
  }
};
