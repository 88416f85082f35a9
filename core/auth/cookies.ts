/** Cookies of the account's endpoints: HttpOnly, Secure outside localhost, SameSite=Lax. */

export interface CookieScope {
  /** Path under which the cookies are valid: the stage's prefix, or `/`. */
  readonly cookiePath: string;
  readonly secure: boolean;
}

/** The cookies of a `Cookie` header, in its order. */
export const parseCookies = (header: string | undefined): { name: string; value: string }[] =>
  (header ?? "")
    // API Gateway joins repeated headers by a comma; cookies themselves never hold "; ".
    .split(/;\s*/)
    .flatMap((pair) => {
      const equals = pair.indexOf("=");
      return equals < 1 ? [] : [{ name: pair.slice(0, equals).trim(), value: pair.slice(equals + 1).trim() }];
    });

/** A `Set-Cookie` value. @param maxAge seconds; without it the cookie ends with the browser */
export const setCookie = (
  name: string,
  value: string,
  maxAge: number | undefined,
  { cookiePath, secure }: CookieScope,
): string =>
  [
    `${name}=${value}`,
    `Path=${cookiePath}`,
    ...(maxAge === undefined ? [] : [`Max-Age=${maxAge}`]),
    "HttpOnly",
    ...(secure ? ["Secure"] : []),
    "SameSite=Lax",
  ].join("; ");
