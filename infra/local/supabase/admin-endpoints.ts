import * as z from "zod";
import { verifyAccessToken } from "./access-token.ts";
import type { AuthContext } from "./auth-context.ts";
import { AuthError } from "./auth-error.ts";
import type { UserRecord } from "./auth-state.ts";
import { type AuthRequest, type Endpoint, ok, optionalMetadata, optionalText, parseBody, validEmail } from "./http.ts";
import { hashPassword, requireStrongPassword } from "./passwords.ts";
import { bearerToken, endSessions } from "./sessions.ts";
import { changeEmail, confirmUser, createUser, findUserById, mergeMetadata, requireFreeEmail, touch } from "./users.ts";

/** Only the service key opens these: no key 401, a user's token 403 `not_admin`, anything else 403 `bad_jwt`. */
const requireServiceRole = (context: AuthContext, request: AuthRequest): void => {
  const token = bearerToken(request);
  if (token === context.settings.serviceRoleKey) return;
  verifyAccessToken(context, token);
  throw new AuthError(403, "not_admin", "User not allowed");
};

const admin =
  (endpoint: Endpoint): Endpoint =>
  (context, request) => {
    requireServiceRole(context, request);
    return endpoint(context, request);
  };

const requireUser = (context: AuthContext, { id }: AuthRequest): UserRecord => {
  if (!z.guid().safeParse(id).success) throw new AuthError(404, "validation_failed", "user_id must be an UUID");
  const record = findUserById(context, id.toLowerCase());
  if (record === undefined) throw new AuthError(404, "user_not_found", "User not found");
  return record;
};

const unitMs: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

/** Reads a duration in Go's form, such as `24h` or `1h30m`; `none` is 0, which lifts a ban. */
const banDurationMs = (text: string): number => {
  if (text === "none") return 0;
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) {
    throw new AuthError(400, "validation_failed", `invalid format for ban duration: time: invalid duration "${text}"`);
  }
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  return parts.reduce((total, [, amount, unit = ""]) => total + Number(amount) * (unitMs.get(unit) ?? 0), 0);
};

const userInput = z.object({
  email: optionalText,
  password: optionalText,
  email_confirm: z.boolean().nullish(),
  user_metadata: optionalMetadata,
  app_metadata: optionalMetadata,
  ban_duration: optionalText,
  role: optionalText,
});

/** What creating and changing a user have in common, once everything was checked. */
const applyChange = (context: AuthContext, { user }: UserRecord, input: z.output<typeof userInput>): void => {
  if (input.role !== "") user.role = input.role;
  if (input.user_metadata) user.user_metadata = mergeMetadata(user.user_metadata, input.user_metadata);
  if (input.app_metadata) user.app_metadata = mergeMetadata(user.app_metadata, input.app_metadata);
  if (input.email_confirm === true) confirmUser(context, user);
  if (input.ban_duration !== "") {
    const banMs = banDurationMs(input.ban_duration);
    if (banMs === 0) delete user.banned_until;
    else user.banned_until = new Date(context.now() + banMs).toISOString();
  }
  touch(context, user);
};

const checkedInput = async (body: unknown) => {
  const input = parseBody(userInput, body);
  if (input.ban_duration !== "") banDurationMs(input.ban_duration);
  if (input.password !== "") requireStrongPassword(input.password);
  const passwordHash = input.password === "" ? undefined : await hashPassword(input.password);
  return { input, email: input.email === "" ? undefined : validEmail(input.email), passwordHash };
};

/** POST /admin/users: adds a user. */
export const createUserEndpoint: Endpoint = admin(async (context, request) => {
  const { input, email, passwordHash = null } = await checkedInput(request.body);
  if (email === undefined) {
    throw new AuthError(400, "validation_failed", "Cannot create a user without either an email or phone");
  }
  requireFreeEmail(context, email);
  const record = createUser(context, { email, passwordHash, provider: "email" });
  applyChange(context, record, input);
  return ok(record.user);
});

/** PUT /admin/users/:id: changes a user. A new password ends every session; `ban_duration` locks the user out. */
export const changeUserEndpoint: Endpoint = admin(async (context, request) => {
  const { input, email, passwordHash } = await checkedInput(request.body);
  const record = requireUser(context, request);
  if (email !== undefined && email !== record.user.email) {
    requireFreeEmail(context, email);
    changeEmail(context, record.user, email);
  }
  if (passwordHash !== undefined) {
    record.passwordHash = passwordHash;
    endSessions(context, record.user.id, "global");
  }
  applyChange(context, record, input);
  return ok(record.user);
});

/** GET /admin/users/:id. */
export const readUserEndpoint: Endpoint = admin((context, request) => ok(requireUser(context, request).user));

/** DELETE /admin/users/:id: the user, its sessions and what is under way for it. */
export const deleteUserEndpoint: Endpoint = admin((context, request) => {
  const { id } = requireUser(context, request).user;
  const { state } = context;
  endSessions(context, id, "global");
  state.oneTimeTokens = state.oneTimeTokens.filter(({ userId }) => userId !== id);
  state.flows = state.flows.filter(({ userId }) => userId !== id);
  delete state.users[id];
  return ok();
});

const pageNumber = z.coerce.number().int().min(1);

/** GET /admin/users?page=&per_page=. */
export const listUsersEndpoint: Endpoint = admin((context, { query }) => {
  const page = pageNumber.catch(1).parse(query.get("page") ?? 1);
  const perPage = pageNumber.catch(50).parse(query.get("per_page") ?? 50);
  const users = Object.values(context.state.users).map(({ user }) => user);
  const body = { users: users.slice((page - 1) * perPage, page * perPage), aud: "authenticated" };
  return { ...ok(body), headers: { "x-total-count": String(users.length) } };
});
