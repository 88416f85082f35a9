import { createHmac, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import { signAccessToken, verifyAccessToken } from "./access-token.ts";
import { type AuthContext, isoNow } from "./auth-context.ts";
import { AuthError } from "./auth-error.ts";
import type { AuthenticationMethod, AuthUser, Session, UserRecord } from "./auth-state.ts";
import type { AuthRequest } from "./http.ts";
import { findUserById, isBanned } from "./users.ts";

/** Within this time after a refresh every older refresh token of the session still gets the current one. */
const reuseIntervalMs = 10_000;

/** What signing in answers. */
export interface SessionBody {
  readonly access_token: string;
  readonly token_type: "bearer";
  readonly expires_in: number;
  /** Unix seconds. */
  readonly expires_at: number;
  readonly refresh_token: string;
  readonly user: AuthUser;
}

const signRefreshToken = (session: Session, payload: Buffer): Buffer =>
  createHmac("sha256", Buffer.from(session.refreshKey, "base64")).update(payload).digest().subarray(0, 16);

const idBytes = 16;
const payloadBytes = idBytes + 4;

const encodeRefreshToken = (session: Session): string => {
  const payload = Buffer.alloc(payloadBytes);
  payload.write(session.id.replaceAll("-", ""), "hex");
  payload.writeUInt32BE(session.refreshCounter, idBytes);
  return Buffer.concat([payload, signRefreshToken(session, payload)]).toString("base64url");
};

const sessionBody = (context: AuthContext, session: Session, user: AuthUser): SessionBody => {
  const { token, expiresAt } = signAccessToken(context, user, session);
  return {
    access_token: token,
    token_type: "bearer",
    expires_in: context.settings.accessTokenSeconds,
    expires_at: expiresAt,
    refresh_token: encodeRefreshToken(session),
    user,
  };
};

/** Signs a user in: a new session with its first tokens. */
export const startSession = (context: AuthContext, { user }: UserRecord, method: AuthenticationMethod): SessionBody => {
  const now = context.now();
  const session: Session = {
    id: randomUUID(),
    userId: user.id,
    method,
    createdAt: now,
    refreshedAt: now,
    refreshKey: randomBytes(32).toString("base64"),
    refreshCounter: 0,
  };
  context.state.sessions[session.id] = session;
  user.last_sign_in_at = isoNow(context);
  return sessionBody(context, session, user);
};

const unknownRefreshToken = (): AuthError =>
  new AuthError(400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found");

const readRefreshToken = (context: AuthContext, token: string): { session: Session; counter: number } => {
  const bytes = Buffer.from(token, "base64url");
  const payload = bytes.subarray(0, payloadBytes);
  const id = payload.toString("hex", 0, idBytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  const session = context.state.sessions[id];
  if (session === undefined || bytes.length !== payloadBytes + 16) throw unknownRefreshToken();
  if (!timingSafeEqual(signRefreshToken(session, payload), bytes.subarray(payloadBytes))) throw unknownRefreshToken();
  return { session, counter: payload.readUInt32BE(idBytes) };
};

/**
 * Trades a refresh token for new tokens. An older token of the session gets the current one (not a further one) when it
 * is the one before, whose answer may have been lost, or within 10 s of the last refresh; else the session ends with
 * `refresh_token_already_used`. So requests that refresh at once all stay signed in. Source: Supabase Auth,
 * internal/tokens/service.go.
 */
export const refreshSession = (context: AuthContext, token: string): SessionBody => {
  if (token === "") throw new AuthError(400, "validation_failed", "refresh_token required");
  const { session, counter } = readRefreshToken(context, token);
  const record = findUserById(context, session.userId);
  if (record === undefined) throw unknownRefreshToken();
  if (isBanned(context, record.user)) throw new AuthError(400, "user_banned", "Invalid Refresh Token: User Banned");

  const age = session.refreshCounter - counter;
  const isWithinReuseInterval = context.now() - session.refreshedAt < reuseIntervalMs;
  if (age > 1 && !isWithinReuseInterval) {
    delete context.state.sessions[session.id];
    throw new AuthError(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used");
  }
  if (age === 0) session.refreshCounter += 1;
  session.refreshedAt = context.now();
  return sessionBody(context, session, record.user);
};

/** Which sessions of a user to end: all, the caller's own, or all but the caller's own. */
export type LogoutScope = "global" | "local" | "others";

export const endSessions = ({ state }: AuthContext, userId: string, scope: LogoutScope, ownId?: string): void => {
  for (const session of Object.values(state.sessions)) {
    if (session.userId !== userId) continue;
    const isOwn = session.id === ownId;
    if (scope === "global" || (scope === "local") === isOwn) delete state.sessions[session.id];
  }
};

/** The bearer token of a request. Throws `no_authorization`. */
export const bearerToken = ({ headers }: AuthRequest): string => {
  const token = /^bearer (\S+)$/i.exec(headers.authorization ?? "")?.[1];
  if (token !== undefined) return token;
  throw new AuthError(401, "no_authorization", "This endpoint requires a valid Bearer token");
};

/** The signed-in user of a request: a valid token, an existing user, a session not signed out, no ban. */
export const requireSession = (
  context: AuthContext,
  request: AuthRequest,
): { record: UserRecord; session: Session } => {
  const claims = verifyAccessToken(context, bearerToken(request));
  const record = findUserById(context, claims.sub);
  if (record === undefined) throw new AuthError(403, "user_not_found", "User from sub claim in JWT does not exist");
  const session = context.state.sessions[claims.session_id];
  if (session === undefined) {
    throw new AuthError(403, "session_not_found", "Session from session_id claim in JWT does not exist");
  }
  if (isBanned(context, record.user)) throw new AuthError(403, "user_banned", "User is banned");
  return { record, session };
};
