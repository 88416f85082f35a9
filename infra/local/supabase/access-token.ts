import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
  verify,
} from "node:crypto";
import * as z from "zod";
import type { AuthContext } from "./auth-context.ts";
import { AuthError } from "./auth-error.ts";
import { type AuthUser, type Session, type SigningKey, signingKeySchema } from "./auth-state.ts";

const claimsSchema = z.object({
  sub: z.guid(),
  exp: z.number(),
  role: z.string(),
  session_id: z.guid(),
});

/** The claims that the stand-in itself reads from an access token. */
export type AccessTokenClaims = z.output<typeof claimsSchema>;

const headerSchema = z.object({ alg: z.literal("ES256"), kid: z.string() });

export const createSigningKey = (): SigningKey => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return signingKeySchema.parse({ kid: randomUUID(), privateJwk: privateKey.export({ format: "jwk" }) });
};

const privateKeyOf = (key: SigningKey): KeyObject => createPrivateKey({ key: key.privateJwk, format: "jwk" });

/** The public half of a key as `/.well-known/jwks.json` shows it. */
export const publicJwk = ({ kid, privateJwk: { kty, crv, x, y } }: SigningKey): object => ({
  kty,
  crv,
  x,
  y,
  kid,
  alg: "ES256",
  use: "sig",
  key_ops: ["verify"],
  ext: true,
});

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

const decode = (part: string): unknown => {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString());
  } catch {
    return undefined;
  }
};

/** Signs an access token (ES256) of a session. `expiresAt` in unix seconds. */
export const signAccessToken = (
  context: AuthContext,
  user: AuthUser,
  session: Session,
): { token: string; expiresAt: number } => {
  const signingKey = context.state.signingKeys.at(-1);
  if (signingKey === undefined) throw new Error("There is no signing key");
  const issuedAt = Math.floor(context.now() / 1000);
  const expiresAt = issuedAt + context.settings.accessTokenSeconds;
  const claims = {
    iss: context.issuer,
    sub: user.id,
    aud: user.aud,
    exp: expiresAt,
    iat: issuedAt,
    email: user.email,
    phone: user.phone,
    app_metadata: user.app_metadata,
    user_metadata: user.user_metadata,
    role: user.role,
    aal: "aal1",
    amr: [{ method: session.method, timestamp: Math.floor(session.createdAt / 1000) }],
    session_id: session.id,
    is_anonymous: user.is_anonymous,
  };
  const unsigned = `${encode({ alg: "ES256", kid: signingKey.kid, typ: "JWT" })}.${encode(claims)}`;
  const key = { key: privateKeyOf(signingKey), dsaEncoding: "ieee-p1363" } as const;
  return { token: `${unsigned}.${sign("sha256", Buffer.from(unsigned), key).toString("base64url")}`, expiresAt };
};

const badToken = (why: string): AuthError =>
  new AuthError(403, "bad_jwt", `invalid JWT: unable to parse or verify signature, ${why}`);

/** Checks an access token's signature, by any key ever used, and its expiry. Throws `bad_jwt`. */
export const verifyAccessToken = (context: AuthContext, token: string): AccessTokenClaims => {
  const [header = "", payload = "", signature = ""] = token.split(".");
  const parsedHeader = headerSchema.safeParse(decode(header));
  if (!parsedHeader.success) throw badToken("token is malformed");
  const signingKey = context.state.signingKeys.find(({ kid }) => kid === parsedHeader.data.kid);
  if (signingKey === undefined) throw badToken(`unrecognized JWT kid ${parsedHeader.data.kid} for algorithm ES256`);
  const key = { key: createPublicKey(privateKeyOf(signingKey)), dsaEncoding: "ieee-p1363" } as const;
  if (!verify("sha256", Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, "base64url"))) {
    throw badToken("token signature is invalid");
  }
  const claims = claimsSchema.safeParse(decode(payload));
  if (!claims.success) throw badToken("token has invalid claims");
  if (claims.data.exp * 1000 <= context.now()) throw badToken("token has invalid claims: token is expired");
  return claims.data;
};
