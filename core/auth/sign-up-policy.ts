import type { User } from "@supabase/supabase-js";
import { config } from "#core/config.ts";
import { GatewayError } from "#core/errors.ts";

/**
 * Who may have an account on this stage: open sign-up with platform keys is an open wallet. Supabase makes accounts that the
 * gateway never sees (its own endpoints, OAuth), so the policy holds for accounts, not for the form that makes them.
 */

/** Supabase's record of a user, as far as the policy reads it. */
export type PolicyUser = Pick<User, "email" | "email_confirmed_at" | "invited_at" | "created_at" | "app_metadata">;

const isListed = (email: string): boolean =>
  config.signUpDomains().includes(email.slice(email.lastIndexOf("@") + 1).toLowerCase());

/** Whether an address may be signed up. @throws GatewayError FORBIDDEN */
export const requireSignUpAllowed = (email: string): void => {
  const policy = config.signUpPolicy();
  if (policy === "open" || (policy === "domains" && isListed(email))) return;
  throw new GatewayError("FORBIDDEN", "Sign-up is not available for this address.");
};

/** What only an operator can have done: an invitation, or `{"admitted": true}` in the app metadata. */
const admittedByOperator = ({ invited_at: invitedAt, app_metadata: metadata }: PolicyUser): boolean =>
  (invitedAt !== undefined && invitedAt !== null) || metadata?.admitted === true;

/**
 * Whether an account may be used now, however it was made and whatever the policy was then.
 * - `open`: every account
 * - `domains`: accounts whose confirmed address is of a listed domain
 * - `closed`: accounts made before `SIGN_UP_CLOSED_AT`
 * With each policy: accounts that an operator admitted.
 */
export const mayUseStage = (user: PolicyUser): boolean => {
  const policy = config.signUpPolicy();
  if (policy === "open" || admittedByOperator(user)) return true;
  if (policy === "domains") return user.email_confirmed_at !== undefined && isListed(user.email ?? "");
  const closedAtMs = config.signUpClosedAtMs();
  return closedAtMs !== undefined && Date.parse(user.created_at) < closedAtMs;
};

/** The refusal of an account that exists. */
export const notAdmitted = (): GatewayError =>
  new GatewayError(
    "FORBIDDEN",
    "This account cannot be used here: sign-up is restricted. Ask the operator for access.",
  );
