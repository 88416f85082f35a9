import type { SupabaseClient, User } from "@supabase/supabase-js";
import { config } from "#core/config.ts";
import { mayUseStage, notAdmitted } from "./sign-up-policy.ts";

/**
 * Holds the sign-up policy wherever a session is read or begins. Whether a user may use the stage is asked of Supabase, not
 * read from a token that is an hour old, and remembered for minutes.
 */

/** How long an answer is used, ms: that a user may, and that a user may not. */
const admittedForMs = 5 * 60_000;
const refusedForMs = 60_000;
const maxUsers = 5_000;

interface Verdict {
  readonly admitted: boolean;
  readonly untilMs: number;
}

const verdicts = new Map<string, Verdict>();

const remember = (userId: string, admitted: boolean, nowMs: number): void => {
  verdicts.delete(userId);
  if (verdicts.size >= maxUsers) {
    // The one that was asked for longest ago: a map keeps the order in which its entries came.
    const [oldest] = verdicts.keys();
    if (oldest !== undefined) verdicts.delete(oldest);
  }
  verdicts.set(userId, { admitted, untilMs: nowMs + (admitted ? admittedForMs : refusedForMs) });
};

/** Refuses a user whom the policy does not let in, and ends the session. @throws GatewayError FORBIDDEN */
export const requireAdmitted = async (supabase: SupabaseClient, user: User, nowMs = Date.now()): Promise<void> => {
  const admitted = mayUseStage(user);
  remember(user.id, admitted, nowMs);
  if (admitted) return;
  // Its cookies leave with the answer, so that the browser may sign in as somebody else.
  await supabase.auth.signOut({ scope: "local" });
  throw notAdmitted();
};

/**
 * The same for a session that was verified: its user is read at most every few minutes.
 * @param readUser @throws what it does when the session has ended or Supabase is unavailable
 * @throws GatewayError FORBIDDEN
 */
export const requireStillAdmitted = async (
  supabase: SupabaseClient,
  userId: string,
  readUser: () => Promise<User>,
  nowMs = Date.now(),
): Promise<void> => {
  if (config.signUpPolicy() === "open") return;
  const known = verdicts.get(userId);
  if (known === undefined || known.untilMs <= nowMs) return requireAdmitted(supabase, await readUser(), nowMs);
  if (!known.admitted) throw notAdmitted();
};

/** Forgets what this environment remembers. For tests. */
export const forgetAdmittedUsers = (): void => verdicts.clear();
