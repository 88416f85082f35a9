import * as z from "zod";
import type { AuthContext } from "./auth-context.ts";
import { AuthError } from "./auth-error.ts";
import type { UserRecord } from "./auth-state.ts";
import { issueCode } from "./flows.ts";
import { type AuthReply, type Endpoint, ok, optionalText, parseBody, redirect } from "./http.ts";
import { flowMethodOf, hashCode, type MailType, pkcePrefix, redeemToken } from "./mails.ts";
import { allowedRedirect, redirectWithCode, redirectWithError, redirectWithTokens } from "./redirects.ts";
import { startSession } from "./sessions.ts";
import { changeEmail, confirmUser } from "./users.ts";

/** Having opened a mail proves its address, whatever the mail was for. */
const applyProof = (context: AuthContext, { user }: UserRecord, type: MailType): void => {
  if (type === "email_change" && user.new_email !== undefined) changeEmail(context, user, user.new_email);
  confirmUser(context, user);
};

const followLink = (context: AuthContext, tokenHash: string, type: string, target: string): AuthReply => {
  const redeemed = redeemToken(context, type, tokenHash);
  applyProof(context, redeemed.record, redeemed.type);
  if (tokenHash.startsWith(pkcePrefix)) {
    const code = issueCode(context, redeemed.record.user.id, flowMethodOf(redeemed.type));
    return redirect(303, redirectWithCode(target, code));
  }
  return redirect(303, redirectWithTokens(target, startSession(context, redeemed.record, "otp"), redeemed.type));
};

/** GET /verify: the link of a mail. Leads to the site with a code (PKCE), with tokens in the fragment, or with an error. */
export const verifyLinkEndpoint: Endpoint = (context, request) => {
  const type = request.query.get("type") ?? "";
  const tokenHash = request.query.get("token") ?? request.query.get("token_hash") ?? "";
  if (type === "") throw new AuthError(400, "validation_failed", "Verify requires a verification type");
  if (tokenHash === "") throw new AuthError(400, "validation_failed", "Verify requires a token or a token hash");
  const target = allowedRedirect(context, request);
  try {
    return followLink(context, tokenHash, type, target);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return redirect(303, redirectWithError(target, error, tokenHash.startsWith(pkcePrefix)));
  }
};

const verifyInput = z.object({
  type: optionalText,
  token: optionalText,
  token_hash: optionalText,
  email: optionalText,
});

/** The hashes that a caller's proof may have: a mailed code does not tell whether its link was for PKCE. */
const candidateHashes = (input: z.output<typeof verifyInput>): string[] => {
  if ((input.token === "") === (input.token_hash === "")) {
    throw new AuthError(400, "validation_failed", "Verify requires either a token or a token hash");
  }
  if (input.token_hash !== "") {
    if (input.email === "") return [input.token_hash];
    throw new AuthError(400, "validation_failed", "Only the token_hash and type should be provided");
  }
  if (input.email === "") {
    throw new AuthError(400, "validation_failed", "Only an email address or phone number should be provided on verify");
  }
  const hash = hashCode(input.email.toLowerCase(), input.token);
  return [hash, `${pkcePrefix}${hash}`];
};

/** POST /verify: a session for a mailed code and its address, or for a mailed token hash. */
export const verifyEndpoint: Endpoint = (context, { body }) => {
  const input = parseBody(verifyInput, body);
  if (input.type === "") throw new AuthError(400, "validation_failed", "Verify requires a verification type");
  const hashes = candidateHashes(input);
  const tokenHash = hashes.find((hash) => context.state.oneTimeTokens.some((token) => token.hash === hash));
  const redeemed = redeemToken(context, input.type, tokenHash ?? hashes[0] ?? "");
  applyProof(context, redeemed.record, redeemed.type);
  return ok(startSession(context, redeemed.record, "otp"));
};
