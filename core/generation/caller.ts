import type { KeyPrincipal } from "#core/auth/principal.ts";

/** The API key that makes a request, and the provider key that the request names. */
export interface Caller {
  readonly principal: KeyPrincipal;
  /** `X-Provider-Key`: this key pays, never the platform's. */
  readonly providerKeySlug: string | undefined;
}
