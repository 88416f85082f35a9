import { createServerClient } from "@supabase/ssr";
import type { SupabaseClient } from "@supabase/supabase-js";
import { config } from "#core/config.ts";
import { type CookieScope, parseCookies, setCookie } from "./cookies.ts";

/**
 * Supabase on the server for one request: it reads the session from the request's cookies and collects the cookies to
 * set. Cookies are HttpOnly (the page needs no token), Secure outside localhost, SameSite=Lax, chunked by the library.
 */

export interface CookieRequest extends CookieScope {
  readonly cookieHeader: string | undefined;
}

export interface RequestClient {
  readonly supabase: SupabaseClient;
  /** `Set-Cookie` values so far. */
  setCookies(): readonly string[];
}

const requestTimeoutMs = 5_000;

/** Every call to Supabase has a time. */
const timedFetch: typeof fetch = (input, init) =>
  fetch(input, { ...init, signal: init?.signal ?? AbortSignal.timeout(requestTimeoutMs) });

/** A status that the library neither takes for an answer of Supabase nor tries again. */
const unreachableStatus = 599;

const isRefresh = (input: Parameters<typeof fetch>[0]): boolean => String(input).includes("grant_type=refresh_token");

/**
 * Fetches once. The library would go on for half a minute with a refresh that gets no answer, which is longer than the
 * function may run; so that call finds none.
 */
const fetchOnce =
  (onUnreachable: () => void): typeof fetch =>
  async (input, init) => {
    if (!isRefresh(input)) return timedFetch(input, init);
    const response = await timedFetch(input, init).catch(() => undefined);
    if (response !== undefined && response.status < 500 && response.status !== 429) return response;
    onUnreachable();
    return Response.json({ message: "Supabase is unavailable" }, { status: unreachableStatus });
  };

/** A client that acts for one request. */
export const requestClient = (request: CookieRequest): RequestClient => {
  const cookies = new Map(parseCookies(request.cookieHeader).map(({ name, value }) => [name, value]));
  const changed = new Map<string, { readonly cookie: string; readonly removes: boolean }>();
  let unreachable = false;
  const supabase = createServerClient(config.supabaseUrl(), config.supabaseAnonKey(), {
    // The user's profile would double the cookie: all headers of a request share 10 KB at API Gateway.
    cookies: {
      encode: "tokens-only",
      getAll: () => [...cookies].map(([name, value]) => ({ name, value })),
      setAll: (list) => {
        for (const { name, value, options } of list) {
          cookies.set(name, value);
          const cookie = setCookie(name, value, options.maxAge, request);
          changed.set(name, { cookie, removes: options.maxAge === 0 });
        }
      },
    },
    global: {
      fetch: fetchOnce(() => {
        unreachable = true;
      }),
    },
  });
  return {
    supabase: supabase as unknown as SupabaseClient,
    setCookies: () =>
      [...changed.values()]
        // A refresh that got no answer ends no session: the library drops it, the browser keeps it.
        .filter(({ removes }) => !(removes && unreachable))
        .map(({ cookie }) => cookie),
  };
};
