import { createHash } from "node:crypto";
import { parseCookies, setCookie } from "#core/auth/cookies.ts";
import { isSecure } from "./origin.ts";
import type { RequestState } from "./request-state.ts";

/**
 * Binds the links of mails to the browser that asked for them: a cookie remembers for which address it asked, as a SHA-256.
 * Only a link of that address signs it in by being opened. A browser that was sent somebody else's link, and a mail scanner,
 * come without such a cookie.
 */

const cookieName = "concurred-mail-link";
/** As long as a link of Supabase works, s. */
const cookieSeconds = 3_600;

type State = Pick<RequestState, "headers" | "pathPrefix" | "cookies">;

const markOf = (email: string): string => createHash("sha256").update(email.trim().toLowerCase()).digest("base64url");

const write = (state: State, value: string, maxAge: number): void => {
  const scope = { cookiePath: `${state.pathPrefix}/`, secure: isSecure(state) };
  state.cookies.push(() => [setCookie(cookieName, value, maxAge, scope)]);
};

/** Notes in the browser that it asked for a link of this address. Of several addresses the last one counts. */
export const noteAsked = (state: State, email: string): void => write(state, markOf(email), cookieSeconds);

/** The link has done its work. */
export const forgetAsked = (state: State): void => {
  if (askedFor(state) !== undefined) write(state, "", 0);
};

const askedFor = ({ headers }: Pick<RequestState, "headers">): string | undefined =>
  parseCookies(headers.cookie).find(({ name }) => name === cookieName)?.value;

/** Whether this browser asked for a link: of this address, or of any when the link does not name one. */
export const wasAskedHere = (state: Pick<RequestState, "headers">, email: string | undefined): boolean => {
  const asked = askedFor(state);
  return asked !== undefined && (email === undefined || asked === markOf(email));
};
