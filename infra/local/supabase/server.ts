import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { reportFault } from "#infra/local/disk-fault.ts";
import { openStateFile, type StateFile } from "#infra/local/state-file.ts";
import { createSigningKey } from "./access-token.ts";
import type { AuthContext, AuthMail, AuthSettings, MailLink, SimulatedAccount } from "./auth-context.ts";
import { AuthError, apiVersion, apiVersionHeader, errorBody } from "./auth-error.ts";
import { type AuthState, type AuthUser, authStateSchema } from "./auth-state.ts";
import { type AuthReply, validEmail } from "./http.ts";
import { hashPassword } from "./passwords.ts";
import { matchRoute, openPaths } from "./routes.ts";
import { confirmUser, createUser, findUserByEmail, mergeMetadata } from "./users.ts";

export interface SupabaseAuthOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** JSON file (mode 0600) that keeps users, sessions and signing keys between runs. Without it they live in memory. */
  readonly dataFile?: string;
  /** The key that every caller sends as `apikey`. */
  readonly anonKey: string;
  /** The key of the admin endpoints. Without one nobody may call them. */
  readonly serviceRoleKey?: string;
  /** Default 3600. */
  readonly accessTokenSeconds?: number;
  /** Where links lead that name no other place. Default http://localhost:3000, as in Supabase. */
  readonly siteUrl?: string;
  /** Origins that `redirect_to` may lead to, besides the site's and this machine's. */
  readonly redirectOrigins?: readonly string[];
  /** Whether addresses must be confirmed (default no), and whether signing up is closed. */
  readonly signUps?: { readonly confirmEmail?: boolean; readonly disabled?: boolean };
  /** The account that each enabled OAuth provider signs in. Default: one of Google's and one of GitHub's. */
  readonly oauthProviders?: Readonly<Record<string, SimulatedAccount>>;
  /** The mail templates' link. Default `{{ .ConfirmationURL }}`, as in a new project. */
  readonly mailLink?: MailLink;
  /** Called with every mail as it is put into the outbox. */
  readonly onMail?: (mail: AuthMail) => void;
  /** Unix milliseconds; for tests of expiry. */
  readonly now?: () => number;
}

/** A user to add without a sign-up, with a confirmed address. */
export interface UserSeed {
  readonly email: string;
  readonly password: string;
  readonly userMetadata?: Readonly<Record<string, unknown>>;
  readonly appMetadata?: Readonly<Record<string, unknown>>;
}

export interface LocalSupabaseAuth {
  /** `SUPABASE_URL`: the endpoints are under /auth/v1. */
  readonly url: string;
  /** Every mail that would have been sent, oldest first. */
  readonly outbox: readonly AuthMail[];
  /** Adds a confirmed user, or gives the known user of the address this password. */
  addUser(seed: UserSeed): Promise<AuthUser>;
  /** Signs from now on with a new key. Tokens of the old ones stay valid until they expire. */
  rotateSigningKey(): { readonly kid: string };
  close(): Promise<void>;
}

const pathPrefix = "/auth/v1";

const defaultProviders = {
  google: { email: "google.user@example.com", name: "Google User" },
  github: { email: "github.user@example.com", name: "GitHub User" },
} as const satisfies Record<string, SimulatedAccount>;

const corsHeaders = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, POST, PUT, DELETE, OPTIONS",
  "access-control-allow-headers": `authorization, apikey, content-type, x-client-info, ${apiVersionHeader}`,
  "access-control-expose-headers": `x-total-count, ${apiVersionHeader}`,
};

const parseJson = (body: string): unknown => {
  try {
    return body === "" ? {} : JSON.parse(body);
  } catch {
    throw new AuthError(400, "bad_json", "Could not parse request body as JSON");
  }
};

/** Supabase's gateway stands before the server and lets only callers with a key of the project through. */
const requireApiKey = ({ anonKey, serviceRoleKey }: AuthSettings, apiKey: unknown): void => {
  if (apiKey === anonKey || (apiKey !== undefined && apiKey === serviceRoleKey)) return;
  throw new AuthError(401, "no_authorization", "Invalid API key");
};

const reply = async (context: AuthContext, request: IncomingMessage): Promise<AuthReply> => {
  const url = new URL(request.url ?? "/", context.issuer);
  const path = url.pathname.startsWith(`${pathPrefix}/`) ? url.pathname.slice(pathPrefix.length) : "";
  const body = await text(request);
  const match = matchRoute(request.method ?? "", path);
  if (match === undefined) throw new AuthError(404, "validation_failed", "The stand-in does not serve this path");
  if (!openPaths.has(path)) requireApiKey(context.settings, request.headers.apikey);
  const { endpoint, id } = match;
  return endpoint(context, { headers: request.headers, query: url.searchParams, body: parseJson(body), id });
};

const errorReply = (request: IncomingMessage, thrown: unknown, version: ReturnType<typeof apiVersion>): AuthReply => {
  const error = thrown instanceof AuthError ? thrown : new AuthError(500, "unexpected_failure", "Unexpected failure");
  // An own bug, but not a caller who hung up, is shown where the local cloud runs; the caller learns nothing of it.
  if (thrown !== error && request.complete) reportFault("The Supabase Auth stand-in", thrown);
  const headers = version === undefined ? {} : { [apiVersionHeader]: version };
  return { status: error.status, body: errorBody(error, version), headers };
};

const send = (response: ServerResponse, { status, body, headers }: AuthReply): void => {
  const contentType = body === undefined ? {} : { "content-type": "application/json" };
  response.writeHead(status, { ...corsHeaders, ...contentType, ...headers });
  response.end(body === undefined ? undefined : JSON.stringify(body));
};

const serve = async (
  context: AuthContext,
  file: StateFile<AuthState>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  if (request.method === "OPTIONS") return send(response, { status: 204 });
  const version = apiVersion(request.headers[apiVersionHeader]?.toString());
  const answer = await reply(context, request).catch((thrown: unknown) => errorReply(request, thrown, version));
  try {
    // Also after an error: a reused refresh token ends its session.
    file.save();
    send(response, answer);
  } catch (thrown) {
    send(response, errorReply(request, thrown, version));
  }
};

const settingsOf = (options: SupabaseAuthOptions): AuthSettings => ({
  anonKey: options.anonKey,
  serviceRoleKey: options.serviceRoleKey,
  accessTokenSeconds: options.accessTokenSeconds ?? 3600,
  siteUrl: options.siteUrl ?? "http://localhost:3000",
  redirectOrigins: options.redirectOrigins ?? [],
  confirmEmail: options.signUps?.confirmEmail ?? false,
  signUpsDisabled: options.signUps?.disabled ?? false,
  oauthProviders: options.oauthProviders ?? defaultProviders,
  mailLink: options.mailLink,
});

const addUser = async (context: AuthContext, seed: UserSeed): Promise<AuthUser> => {
  const email = validEmail(seed.email);
  const passwordHash = await hashPassword(seed.password);
  const record = findUserByEmail(context, email) ?? createUser(context, { email, passwordHash, provider: "email" });
  record.passwordHash = passwordHash;
  record.user.user_metadata = mergeMetadata(record.user.user_metadata, seed.userMetadata ?? {});
  record.user.app_metadata = mergeMetadata(record.user.app_metadata, seed.appMetadata ?? {});
  confirmUser(context, record.user);
  return structuredClone(record.user);
};

/**
 * Starts a stand-in for Supabase Auth (GoTrue) as supabase-js and @supabase/ssr speak to it: passwords, sign-up, magic
 * links, recovery, OAuth by PKCE with simulated providers, refresh-token rotation, ES256 tokens with a JWKS, and the admin
 * endpoints for users. It has no phones, MFA, SSO, anonymous users or rate limits, and sends its mails to `outbox`.
 * Rejects when the port is taken or the data file cannot be read.
 */
export const startSupabaseAuth = async (options: SupabaseAuthOptions): Promise<LocalSupabaseAuth> => {
  const { port = 0, host = "127.0.0.1", dataFile, onMail, now = Date.now } = options;
  const file = openStateFile(dataFile, authStateSchema, () => ({
    users: {},
    sessions: {},
    oneTimeTokens: [],
    flows: [],
    signingKeys: [createSigningKey()],
  }));
  const outbox: AuthMail[] = [];
  const deliver = (mail: AuthMail): void => {
    outbox.push(mail);
    onMail?.(mail);
  };

  const server = createServer();
  server.listen(port, host);
  await once(server, "listening");
  const address = server.address();
  const url = `http://${host}:${typeof address === "object" && address !== null ? address.port : port}`;
  const settings = settingsOf(options);
  const context: AuthContext = { state: file.value, settings, issuer: `${url}${pathPrefix}`, deliver, now };
  server.on("request", (request, response) => void serve(context, file, request, response));
  file.save();

  return {
    url,
    outbox,
    addUser: async (seed) => {
      const user = await addUser(context, seed);
      file.save();
      return user;
    },
    rotateSigningKey: () => {
      const key = createSigningKey();
      file.value.signingKeys.push(key);
      file.save();
      return { kid: key.kid };
    },
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
