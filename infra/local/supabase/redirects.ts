import type { AuthContext } from "./auth-context.ts";
import type { AuthError } from "./auth-error.ts";
import type { AuthRequest } from "./http.ts";
import type { SessionBody } from "./sessions.ts";

const loopbackHosts: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

const isAllowed = ({ settings }: AuthContext, target: string): boolean => {
  // No URL has these. Browsers drop or escape them, and so would follow something else than was checked.
  if (/[\p{Cc} ]/u.test(target) || !URL.canParse(target)) return false;
  const { protocol, hostname, origin } = new URL(target);
  if (protocol !== "http:" && protocol !== "https:") return false;
  // Sites under development and native apps use any port of their machine (RFC 8252, 7.3).
  if (loopbackHosts.has(hostname)) return true;
  return [settings.siteUrl, ...settings.redirectOrigins].some((allowed) => new URL(allowed).origin === origin);
};

/**
 * Where to lead the browser: the request's `redirect_to` or its referrer where they are on the allow-list (the site, this
 * machine, the configured origins), else the site. Like the real server it refuses silently.
 */
export const allowedRedirect = (context: AuthContext, { query, headers }: AuthRequest): string =>
  [query.get("redirect_to"), headers.referer].find((target) => target && isAllowed(context, target)) ??
  context.settings.siteUrl;

export const redirectWithCode = (target: string, code: string): string => {
  const url = new URL(target);
  url.searchParams.set("code", code);
  return url.href;
};

/** The implicit flow: tokens in the fragment, which browsers do not send to a server. */
export const redirectWithTokens = (target: string, session: SessionBody, type: string): string => {
  const fragment = new URLSearchParams({
    access_token: session.access_token,
    expires_at: String(session.expires_at),
    expires_in: String(session.expires_in),
    refresh_token: session.refresh_token,
    token_type: session.token_type,
    type,
  });
  return `${target}#${fragment}`;
};

const oauthErrors: Readonly<Record<number, string>> = {
  400: "invalid_request",
  401: "unauthorized_client",
  403: "access_denied",
  500: "server_error",
};

/** Tells the site of an error: in the fragment, and for PKCE, whose sites look there, in the query too. */
export const redirectWithError = (target: string, error: AuthError, isPkce: boolean): string => {
  const url = new URL(target);
  const oauthError = oauthErrors[error.status];
  const facts = {
    ...(oauthError === undefined ? {} : { error: oauthError }),
    error_code: error.code,
    error_description: error.message,
  };
  if (isPkce) for (const [name, value] of Object.entries(facts)) url.searchParams.set(name, value);
  url.hash = new URLSearchParams({ ...facts, sb: "" }).toString();
  return url.href;
};
