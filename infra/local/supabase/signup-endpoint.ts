import { randomUUID } from "node:crypto";
import * as z from "zod";
import { type AuthContext, isoNow } from "./auth-context.ts";
import { AuthError } from "./auth-error.ts";
import type { AuthUser, UserRecord } from "./auth-state.ts";
import { challengeInput, codeChallenge } from "./flows.ts";
import { type Endpoint, ok, optionalMetadata, optionalText, parseBody, validEmail } from "./http.ts";
import { sendMail } from "./mails.ts";
import { hashPassword, requireStrongPassword } from "./passwords.ts";
import { allowedRedirect } from "./redirects.ts";
import { startSession } from "./sessions.ts";
import { confirmUser, createUser, findUserByEmail, isConfirmed, mergeMetadata } from "./users.ts";

export const requireSignUpsEnabled = ({ settings }: AuthContext): void => {
  if (settings.signUpsDisabled) {
    throw new AuthError(422, "signup_disabled", "Signups not allowed for this instance");
  }
};

/** Looks like a new user, so that signing up with a known address does not tell that it is known. */
const decoyUser = (context: AuthContext, email: string, data: Readonly<Record<string, unknown>>): AuthUser => {
  const now = isoNow(context);
  return {
    id: randomUUID(),
    aud: "authenticated",
    role: "authenticated",
    email,
    phone: "",
    confirmation_sent_at: now,
    app_metadata: { provider: "email", providers: ["email"] },
    user_metadata: mergeMetadata({}, data),
    identities: [],
    created_at: now,
    updated_at: now,
    is_anonymous: false,
  };
};

const signUpInput = z.object({
  email: optionalText,
  password: optionalText,
  data: optionalMetadata,
  ...challengeInput,
});

/**
 * POST /signup: a session, or where addresses must be confirmed the user alone and a mail. A known, confirmed address is
 * `user_already_exists` in the first case and a decoy in the second.
 */
export const signUpEndpoint: Endpoint = async (context, request) => {
  requireSignUpsEnabled(context);
  const input = parseBody(signUpInput, request.body);
  if (input.password === "") throw new AuthError(400, "validation_failed", "Signup requires a valid password");
  requireStrongPassword(input.password);
  const challenge = codeChallenge(input);
  const email = validEmail(input.email);
  const passwordHash = await hashPassword(input.password);

  const known = findUserByEmail(context, email);
  if (known !== undefined && isConfirmed(known.user)) {
    if (context.settings.confirmEmail) return ok(decoyUser(context, email, input.data ?? {}));
    throw new AuthError(422, "user_already_exists", "User already registered");
  }
  // An unconfirmed user is left as it is: nobody has proven yet whose address it is.
  const record: UserRecord =
    known ?? createUser(context, { email, passwordHash, provider: "email", userMetadata: input.data });
  if (context.settings.confirmEmail) {
    sendMail(context, record.user, "signup", allowedRedirect(context, request), challenge);
    return ok(record.user);
  }
  confirmUser(context, record.user);
  return ok(startSession(context, record, "password"));
};
