import type { KeyLimits } from "#core/db/key-limits.ts";

/** Who is calling. Every row and every limit hangs on `userId`. */
export type Principal = KeyPrincipal | SessionPrincipal;

export interface KeyPrincipal {
  readonly kind: "key";
  readonly userId: string;
  /** Unkey's id of the key, or `playgroundKeyId`; never the key. */
  readonly keyId: string;
  /** The key's own requests a minute, where it is known. */
  readonly rateLimit?: number | undefined;
  readonly limits?: KeyLimits | undefined;
}

export interface SessionPrincipal {
  readonly kind: "session";
  readonly userId: string;
  readonly email: string | undefined;
  readonly sessionId: string;
  /** Unix ms of the last time that the user proved to be who they are; undefined where Supabase does not say. */
  readonly signedInAtMs?: number | undefined;
  /** Asks Supabase that the session still exists. Call before a secret is made or shown. @throws GatewayError */
  confirm(): Promise<void>;
}
