import { createHash, randomUUID } from "node:crypto";
import { type AuthContext, isoNow } from "./auth-context.ts";
import { AuthError } from "./auth-error.ts";
import type { AuthUser, UserRecord } from "./auth-state.ts";

type Metadata = Readonly<Record<string, unknown>>;

/** Who signs up, by which provider. */
export interface NewUser {
  readonly email: string;
  /** Null for who has none: OAuth, magic link. */
  readonly passwordHash: string | null;
  readonly provider: string;
  /** The provider's own id of the account; the user's own id for email. */
  readonly providerId?: string;
  readonly userMetadata?: Metadata | null | undefined;
  readonly appMetadata?: Metadata | null | undefined;
}

export const findUserById = ({ state }: AuthContext, id: string): UserRecord | undefined => state.users[id];

export const findUserByEmail = ({ state }: AuthContext, email: string): UserRecord | undefined =>
  Object.values(state.users).find(({ user }) => user.email === email);

export const isConfirmed = (user: AuthUser): boolean => user.email_confirmed_at !== undefined;

export const isBanned = (context: AuthContext, user: AuthUser): boolean =>
  user.banned_until !== undefined && Date.parse(user.banned_until) > context.now();

/** Merges metadata as Supabase Auth does: a key with null goes, every other one is set. */
export const mergeMetadata = (current: Metadata, change: Metadata): Record<string, unknown> =>
  Object.fromEntries(Object.entries({ ...current, ...change }).filter(([, value]) => value !== null));

export const touch = (context: AuthContext, user: AuthUser): void => {
  user.updated_at = isoNow(context);
};

/** A stable account id in the form of Google's: 21 digits. */
export const simulatedProviderId = (provider: string, email: string): string => {
  const digest = createHash("sha256").update(`${provider}:${email}`).digest("hex");
  return `1${BigInt(`0x${digest}`).toString().slice(0, 20)}`;
};

/** Gives a user an identity of a provider and lists the provider in `app_metadata`. */
export const addIdentity = (context: AuthContext, user: AuthUser, provider: string, providerId: string): void => {
  const now = isoNow(context);
  const isVerified = provider !== "email";
  user.identities.push({
    identity_id: randomUUID(),
    id: providerId,
    user_id: user.id,
    identity_data: { email: user.email, email_verified: isVerified, phone_verified: false, sub: providerId },
    provider,
    last_sign_in_at: now,
    created_at: now,
    updated_at: now,
    email: user.email,
  });
  const providers = [...new Set(user.identities.map((identity) => identity.provider))];
  user.app_metadata = mergeMetadata(user.app_metadata, { provider: providers[0], providers });
};

/** Adds a user whose address is not confirmed yet. The caller has made sure that the address is free. */
export const createUser = (context: AuthContext, newUser: NewUser): UserRecord => {
  const now = isoNow(context);
  const id = randomUUID();
  const providerId = newUser.providerId ?? id;
  const known = { email: newUser.email, email_verified: false, phone_verified: false, sub: providerId };
  const user: AuthUser = {
    id,
    aud: "authenticated",
    role: "authenticated",
    email: newUser.email,
    phone: "",
    app_metadata: { ...newUser.appMetadata },
    user_metadata: mergeMetadata(newUser.userMetadata ?? {}, known),
    identities: [],
    created_at: now,
    updated_at: now,
    is_anonymous: false,
  };
  addIdentity(context, user, newUser.provider, providerId);
  const record: UserRecord = { user, passwordHash: newUser.passwordHash };
  context.state.users[id] = record;
  return record;
};

/** Marks a user's address as proven, which voids every mail sent before. */
export const confirmUser = (context: AuthContext, user: AuthUser): void => {
  const now = isoNow(context);
  user.email_confirmed_at ??= now;
  user.confirmed_at ??= now;
  user.user_metadata = mergeMetadata(user.user_metadata, { email_verified: true });
  for (const identity of user.identities) {
    identity.identity_data = { ...identity.identity_data, email_verified: true };
  }
  context.state.oneTimeTokens = context.state.oneTimeTokens.filter(({ userId }) => userId !== user.id);
  touch(context, user);
};

/** Changes a confirmed user's address, with that of the email identity. */
export const changeEmail = (context: AuthContext, user: AuthUser, email: string): void => {
  user.email = email;
  user.user_metadata = mergeMetadata(user.user_metadata, { email });
  for (const identity of user.identities.filter(({ provider }) => provider === "email")) {
    identity.email = email;
    identity.identity_data = { ...identity.identity_data, email };
  }
  delete user.new_email;
  touch(context, user);
};

/** Throws `email_exists` when another user has the address. */
export const requireFreeEmail = (context: AuthContext, email: string): void => {
  if (findUserByEmail(context, email) === undefined) return;
  throw new AuthError(422, "email_exists", "A user with this email address has already been registered");
};
