import { createHash, randomInt } from "node:crypto";
import { type AuthContext, type AuthMail, isoNow } from "./auth-context.ts";
import { AuthError } from "./auth-error.ts";
import type { AuthUser, FlowMethod, OneTimeTokenSlot, UserRecord } from "./auth-state.ts";
import { type CodeChallenge, startFlow } from "./flows.ts";
import { findUserById, isBanned } from "./users.ts";

export type MailType = AuthMail["type"];

const expiryMs = 3_600_000;
/** Marks a link whose click leads on with a code instead of tokens. */
export const pkcePrefix = "pkce_";

const slots = {
  signup: "confirmation",
  magiclink: "recovery",
  recovery: "recovery",
  email_change: "email_change",
} as const satisfies Record<MailType, OneTimeTokenSlot>;

const flowMethods = {
  signup: "email/signup",
  magiclink: "magiclink",
  recovery: "recovery",
  email_change: "email_change",
} as const satisfies Record<MailType, FlowMethod>;

export const flowMethodOf = (type: MailType): FlowMethod => flowMethods[type];

/** The hash of a mailed code, bound to the address it went to. */
export const hashCode = (email: string, code: string): string =>
  createHash("sha224").update(`${email}${code}`).digest("hex");

const stampSent = (context: AuthContext, user: AuthUser, slot: OneTimeTokenSlot): void => {
  const now = isoNow(context);
  if (slot === "confirmation") user.confirmation_sent_at = now;
  else if (slot === "recovery") user.recovery_sent_at = now;
  else user.email_change_sent_at = now;
};

/** "Sends" a mail: makes its code and link, replaces what was sent for the same purpose, and puts it in the outbox. */
export const sendMail = (
  context: AuthContext,
  user: AuthUser,
  type: MailType,
  redirectTo: string,
  challenge: CodeChallenge | undefined,
): void => {
  const to = type === "email_change" ? (user.new_email ?? user.email) : user.email;
  const slot = slots[type];
  const code = String(randomInt(1_000_000)).padStart(6, "0");
  const tokenHash = `${challenge === undefined ? "" : pkcePrefix}${hashCode(to, code)}`;
  const others = context.state.oneTimeTokens.filter((token) => token.userId !== user.id || token.slot !== slot);
  context.state.oneTimeTokens = [...others, { userId: user.id, slot, hash: tokenHash, sentAt: context.now() }];
  if (challenge !== undefined) startFlow(context, user.id, flowMethods[type], challenge);
  stampSent(context, user, slot);
  const query = new URLSearchParams({ token: tokenHash, type, redirect_to: redirectTo });
  const link = context.settings.mailLink?.({ to, type, tokenHash, redirectTo }) ?? `${context.issuer}/verify?${query}`;
  context.deliver({ to, type, code, tokenHash, link, redirectTo });
};

/** Types as callers name them; `email` is whichever of a confirmation and a magic link was sent. */
const slotsOfType: Readonly<Record<string, readonly OneTimeTokenSlot[]>> = {
  signup: ["confirmation"],
  magiclink: ["recovery"],
  recovery: ["recovery"],
  email_change: ["email_change"],
  email: ["confirmation", "recovery"],
};

/**
 * Uses up a mailed token: who it was sent to, and what it proves. Throws `validation_failed` for an unknown type,
 * `otp_expired` for a token that is wrong, used or older than an hour, and `user_banned`.
 */
export const redeemToken = (
  context: AuthContext,
  requestedType: string,
  tokenHash: string,
): { record: UserRecord; type: MailType } => {
  const wantedSlots = slotsOfType[requestedType];
  if (wantedSlots === undefined) throw new AuthError(400, "validation_failed", "Invalid email verification type");
  const token = context.state.oneTimeTokens.find(({ hash, slot }) => hash === tokenHash && wantedSlots.includes(slot));
  const record = token === undefined ? undefined : findUserById(context, token.userId);
  if (token === undefined || record === undefined || context.now() - token.sentAt > expiryMs) {
    throw new AuthError(403, "otp_expired", "Email link is invalid or has expired");
  }
  if (isBanned(context, record.user)) throw new AuthError(403, "user_banned", "User is banned");
  context.state.oneTimeTokens = context.state.oneTimeTokens.filter((other) => other !== token);
  if (token.slot === "confirmation") return { record, type: "signup" };
  if (token.slot === "email_change") return { record, type: "email_change" };
  return { record, type: requestedType === "recovery" ? "recovery" : "magiclink" };
};
