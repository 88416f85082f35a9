import * as z from "zod";

const timestamp = z.iso.datetime();
const metadata = z.record(z.string(), z.unknown());

const identitySchema = z.object({
  identity_id: z.guid(),
  /** The provider's own id of the account; for email the user's id. */
  id: z.string(),
  user_id: z.guid(),
  identity_data: metadata,
  provider: z.string(),
  last_sign_in_at: timestamp,
  created_at: timestamp,
  updated_at: timestamp,
  email: z.string(),
});

const userSchema = z.object({
  id: z.guid(),
  aud: z.string(),
  role: z.string(),
  email: z.string(),
  phone: z.string(),
  email_confirmed_at: timestamp.optional(),
  confirmed_at: timestamp.optional(),
  confirmation_sent_at: timestamp.optional(),
  recovery_sent_at: timestamp.optional(),
  new_email: z.string().optional(),
  email_change_sent_at: timestamp.optional(),
  last_sign_in_at: timestamp.optional(),
  app_metadata: metadata,
  user_metadata: metadata,
  identities: z.array(identitySchema),
  created_at: timestamp,
  updated_at: timestamp,
  banned_until: timestamp.optional(),
  is_anonymous: z.boolean(),
});

/** How a session began; also the `method` of the `amr` claim. */
const authenticationMethod = z.enum(["password", "otp", "oauth"]);

const sessionSchema = z.object({
  id: z.guid(),
  userId: z.guid(),
  method: authenticationMethod,
  /** Unix milliseconds. */
  createdAt: z.number(),
  /** Unix milliseconds; the reuse interval of refresh tokens counts from here. */
  refreshedAt: z.number(),
  /** Base64. Refresh tokens of the session are its id and a counter under this key, so none has to be stored. */
  refreshKey: z.base64(),
  refreshCounter: z.number().int(),
});

/** What a mailed link or code proves. Magic links and password recovery share a slot, as in Supabase Auth. */
const tokenSlot = z.enum(["confirmation", "recovery", "email_change"]);

const oneTimeTokenSchema = z.object({
  userId: z.guid(),
  slot: tokenSlot,
  hash: z.string(),
  /** Unix milliseconds. */
  sentAt: z.number(),
});

const flowMethod = z.enum(["oauth", "email/signup", "magiclink", "recovery", "email_change"]);

const flowSchema = z.object({
  authCode: z.guid(),
  codeChallenge: z.string(),
  codeChallengeMethod: z.enum(["s256", "plain"]),
  userId: z.guid(),
  method: flowMethod,
  /** Unix milliseconds; reset when the code is issued. */
  createdAt: z.number(),
});

/** A P-256 private key as JWK, with its id. */
export const signingKeySchema = z.object({
  kid: z.guid(),
  privateJwk: z.object({ kty: z.literal("EC"), crv: z.literal("P-256"), x: z.string(), y: z.string(), d: z.string() }),
});

/** Everything that Supabase Auth keeps in its database, and its signing keys. */
export const authStateSchema = z.object({
  users: z.record(z.guid(), z.object({ user: userSchema, passwordHash: z.string().nullable() })),
  sessions: z.record(z.guid(), sessionSchema),
  oneTimeTokens: z.array(oneTimeTokenSchema),
  flows: z.array(flowSchema),
  /** Oldest first. The last one signs; all of them verify and are published. */
  signingKeys: z.array(signingKeySchema).min(1),
});

export type AuthState = z.output<typeof authStateSchema>;
/** A user as the API shows it. */
export type AuthUser = z.output<typeof userSchema>;
export type UserRecord = AuthState["users"][string];
export type Session = z.output<typeof sessionSchema>;
export type AuthenticationMethod = z.output<typeof authenticationMethod>;
export type OneTimeTokenSlot = z.output<typeof tokenSlot>;
export type FlowMethod = z.output<typeof flowMethod>;
export type SigningKey = z.output<typeof signingKeySchema>;
