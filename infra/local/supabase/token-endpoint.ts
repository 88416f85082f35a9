import * as z from "zod";
import type { AuthContext } from "./auth-context.ts";
import { AuthError } from "./auth-error.ts";
import { redeemCode } from "./flows.ts";
import { type AuthReply, type AuthRequest, type Endpoint, ok, optionalText, parseBody } from "./http.ts";
import { isPassword } from "./passwords.ts";
import { refreshSession, startSession } from "./sessions.ts";
import { findUserByEmail, isBanned, isConfirmed } from "./users.ts";

const invalidCredentials = (): AuthError => new AuthError(400, "invalid_credentials", "Invalid login credentials");

const passwordInput = z.object({ email: optionalText, password: optionalText });

/** An unknown address and a wrong password answer the same; a ban and an unconfirmed address tell themselves apart. */
const passwordGrant = async (context: AuthContext, { body }: AuthRequest): Promise<AuthReply> => {
  const { email, password } = parseBody(passwordInput, body);
  if (email === "") throw new AuthError(400, "validation_failed", "missing email or phone");
  const record = findUserByEmail(context, email.toLowerCase());
  if (record === undefined || record.passwordHash === null) throw invalidCredentials();
  if (isBanned(context, record.user)) throw new AuthError(400, "user_banned", "User is banned");
  if (!(await isPassword(password, record.passwordHash))) throw invalidCredentials();
  if (!isConfirmed(record.user)) throw new AuthError(400, "email_not_confirmed", "Email not confirmed");
  return ok(startSession(context, record, "password"));
};

const refreshInput = z.object({ refresh_token: optionalText });

const refreshGrant: Endpoint = (context, { body }) =>
  ok(refreshSession(context, parseBody(refreshInput, body).refresh_token));

const pkceInput = z.object({ auth_code: optionalText, code_verifier: optionalText });

const pkceGrant: Endpoint = (context, { body }) => {
  const { auth_code: code, code_verifier: verifier } = parseBody(pkceInput, body);
  if (code === "" || verifier === "") {
    throw new AuthError(
      400,
      "validation_failed",
      "invalid request: both auth code and code verifier should be non-empty",
    );
  }
  const { record, method } = redeemCode(context, code, verifier);
  return ok(startSession(context, record, method));
};

const grants: ReadonlyMap<string | null, Endpoint> = new Map([
  ["password", passwordGrant],
  ["refresh_token", refreshGrant],
  ["pkce", pkceGrant],
]);

/** POST /token?grant_type=password|refresh_token|pkce: a session for a password, a refresh token or a code. */
export const tokenEndpoint: Endpoint = (context, request) => {
  const grant = grants.get(request.query.get("grant_type"));
  if (grant === undefined) throw new AuthError(400, "invalid_credentials", "unsupported_grant_type");
  return grant(context, request);
};
