import { safeNext } from "#core/auth/next-path.ts";
import { GatewayError } from "#core/errors.ts";
import type { RequestState } from "./request-state.ts";

/** Where a request was sent, as the browser sees it. */

const isLocalHost = (host: string): boolean => /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host);

const hostOf = (state: Pick<RequestState, "headers">): string => state.headers.host ?? "";

/** Whether the caller's side is https: always, but for a developer's own machine. */
export const isSecure = (state: Pick<RequestState, "headers">): boolean => !isLocalHost(hostOf(state));

/** Scheme and host, such as `https://api.example.com`. */
export const originOf = (state: Pick<RequestState, "headers">): string =>
  `${isSecure(state) ? "https" : "http"}://${hostOf(state)}`;

/**
 * Cookies come with requests that another site caused, so what changes something must be same-origin: `Origin` or
 * `Sec-Fetch-Site` has to say so. A browser sends one of them; neither is refused. @throws GatewayError FORBIDDEN
 */
export const requireSameOrigin = (state: Pick<RequestState, "headers">): void => {
  const origin = state.headers.origin;
  const site = state.headers["sec-fetch-site"];
  const same =
    origin !== undefined
      ? origin === originOf(state) && (site === undefined || site === "same-origin")
      : site === "same-origin";
  if (!same)
    throw new GatewayError(
      "FORBIDDEN",
      "Send an `Origin` header with this gateway's address: sign-in and session requests are accepted from its own pages only.",
    );
};

/** Where OAuth and mails lead back to, with the local path to continue at. */
export const callbackUrl = (state: Pick<RequestState, "headers" | "pathPrefix">, next: string | undefined): string =>
  `${originOf(state)}${state.pathPrefix}/api/auth/callback?next=${encodeURIComponent(safeNext(next))}`;
