import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CookieMethodsServer, createServerClient } from "@supabase/ssr";
import { createClient, type Session, type SupabaseClient } from "@supabase/supabase-js";
import { afterEach } from "vitest";
import { type LocalSupabaseAuth, type SupabaseAuthOptions, startSupabaseAuth } from "#infra/local/supabase/server.ts";

export const anonKey = "anon-key-of-the-tests";
export const serviceRoleKey = "service-role-key-of-the-tests";
export const ada = { email: "ada@example.com", password: "correct horse" };
export const siteUrl = "https://dashboard.example.com/";

const cleanUps: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** Starts a server that ends with the test. It has one user, Ada, unless a data file brings its own. */
export const startAuth = async (options: Partial<SupabaseAuthOptions> = {}): Promise<LocalSupabaseAuth> => {
  const server = await startSupabaseAuth({ anonKey, serviceRoleKey, siteUrl, ...options });
  cleanUps.push(() => server.close());
  await server.addUser(ada);
  return server;
};

export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "supabase-"));
  cleanUps.push(() => rmSync(folder, { recursive: true }));
  return folder;
};

/** What the tests use of a client. Its whole type is generic over a database, which there is none of. */
export type AuthClient = Pick<SupabaseClient, "auth">;

/** A supabase-js client that keeps its session in memory only. */
export const connect = ({ url }: LocalSupabaseAuth, key: string = anonKey): AuthClient =>
  createClient(url, key, {
    // A storage key for each client, since supabase-js shares its JWKS cache and warns about clients that share one.
    auth: { persistSession: false, autoRefreshToken: false, storageKey: `test-${cleanUps.length}-${Math.random()}` },
  });

/** Signs Ada in and gives the session, or throws the error. */
export const signIn = async (client: AuthClient, user = ada): Promise<Session> => {
  const { data, error } = await client.auth.signInWithPassword(user);
  if (error !== null) throw error;
  return data.session;
};

/** A browser's cookies, with a client for each request, as a server using @supabase/ssr has. */
export class CookieJar {
  readonly cookies = new Map<string, string>();
  readonly #methods: CookieMethodsServer = {
    getAll: () => [...this.cookies].map(([name, value]) => ({ name, value })),
    setAll: (changes) => {
      for (const { name, value, options } of changes) {
        if (value === "" || options.maxAge === 0) this.cookies.delete(name);
        else this.cookies.set(name, value);
      }
    },
  };

  client({ url }: LocalSupabaseAuth): AuthClient {
    const { auth } = createServerClient(url, anonKey, { cookies: this.#methods });
    return { auth };
  }
}

/** Opens a link as a browser would, up to the first redirect, and gives where it leads. */
export const follow = async (link: string): Promise<URL> => {
  const response = await fetch(link, { redirect: "manual" });
  const location = response.headers.get("location");
  if (location === null) throw new Error(`${response.status} without a location`);
  return new URL(location);
};

/** Calls an endpoint without an SDK. */
export const call = async (
  { url }: LocalSupabaseAuth,
  route: `${"GET" | "POST" | "PUT" | "DELETE"} ${string}`,
  options: { body?: object; token?: string; headers?: Record<string, string> } = {},
): Promise<{ status: number; headers: Headers; body: unknown }> => {
  const [method = "GET", path = ""] = route.split(" ");
  const response = await fetch(`${url}/auth/v1${path}`, {
    method,
    redirect: "manual",
    headers: {
      apikey: anonKey,
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...(options.body === undefined ? {} : { "content-type": "application/json" }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
};
