import type { KeyPrincipal } from "#core/auth/principal.ts";

/** What `auto:rated` goes by. */
export interface RatedModels {
  /** Ids, best first; empty where ratings do not decide. */
  readonly models: readonly string[];
  /** For `X-Warnings`, by the id of the model that was chosen: why ratings did not decide. */
  readonly warnings: (chosen: string) => readonly string[];
}

/** The API key that makes a request, and the provider key that the request names. */
export interface Caller {
  readonly principal: KeyPrincipal;
  /** `X-Provider-Key`: this key pays, never the platform's. */
  readonly providerKeySlug: string | undefined;
  /** Read where the request names `auto:rated`. */
  readonly rated?: RatedModels | undefined;
}
