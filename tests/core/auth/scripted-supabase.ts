import { generateKeyPairSync, randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { signToken } from "#tests/accounts/support/tokens.ts";
import { type Fault, type Relay, type RelayedRequest, startRelay } from "#tests/core/support/relay.ts";

/**
 * Supabase Auth as one test needs it, word by word: keys that sign what a test wants, and each endpoint answered or
 * broken. For whole sign-ins there is the stand-in of tests/accounts/support/stand-ins.ts.
 */

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const jwks = { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "key-1", alg: "ES256", use: "sig" }] };

export const userId = "user-1";

interface ScriptedSupabase {
  readonly relay: Relay;
  /** Claims as Supabase signs them. */
  claims(): Record<string, unknown>;
  /** A session that `token` belongs to, as the token endpoint answers it. */
  session(claims?: object): Record<string, unknown>;
  /** Answers of endpoints by the end of their path; what has none is answered as Supabase does. */
  answers: Record<string, Fault>;
  /** Paths of the requests so far, without the key set's. */
  paths(): readonly string[];
}

const answer = (status: number, body: unknown): Fault => ({ kind: "answer", status, body: JSON.stringify(body) });

export const useScriptedSupabase = (): (() => ScriptedSupabase) => {
  let scripted: ScriptedSupabase | undefined;
  const respond = (supabase: ScriptedSupabase, { path }: RelayedRequest): Fault => {
    const name = Object.keys(supabase.answers).find((end) => path.includes(end));
    if (name !== undefined) return supabase.answers[name] as Fault;
    if (path.endsWith("/jwks.json")) return answer(200, jwks);
    if (path.includes("/token?")) return answer(200, supabase.session());
    return answer(200, { id: userId });
  };
  beforeAll(async () => {
    const relay = await startRelay();
    process.env.SUPABASE_URL = relay.url;
    process.env.SIGN_UP_POLICY ??= "open";
    process.env.SST_RESOURCE_SupabaseAnonKey = JSON.stringify({ value: "anon-key" });
    const claims = (): Record<string, unknown> => ({
      iss: `${relay.url}/auth/v1`,
      sub: userId,
      aud: "authenticated",
      exp: Math.floor(Date.now() / 1_000) + 3_600,
      role: "authenticated",
      session_id: "session-1",
      email: "ada@example.com",
    });
    scripted = {
      relay,
      claims,
      session: (own = claims()) => ({
        access_token: signToken({ alg: "ES256", typ: "JWT", kid: "key-1" }, own, privateKey),
        refresh_token: randomUUID(),
        token_type: "bearer",
        expires_in: 3_600,
        expires_at: Math.floor(Date.now() / 1_000) + 3_600,
        user: { id: userId },
      }),
      answers: {},
      paths: () => relay.requests.map(({ path }) => path).filter((path) => !path.endsWith("/jwks.json")),
    };
  });
  beforeEach(() => {
    if (scripted === undefined) return;
    const supabase = scripted;
    supabase.answers = {};
    supabase.relay.reset();
    supabase.relay.intercept = (request) => respond(supabase, request);
  });
  afterAll(async () => {
    await scripted?.relay.close();
  });
  return () => {
    if (scripted === undefined) throw new Error("Supabase has not started.");
    return scripted;
  };
};

/** The cookie under which the library keeps a session, as a browser sends it. */
export const sessionCookie = (session: object): string =>
  `sb-127-auth-token=base64-${Buffer.from(JSON.stringify(session)).toString("base64url")}`;
