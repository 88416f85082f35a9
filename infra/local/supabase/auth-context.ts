import type { AuthState } from "./auth-state.ts";

/** A mail that Supabase Auth would have sent. */
export interface AuthMail {
  readonly to: string;
  readonly type: "signup" | "magiclink" | "recovery" | "email_change";
  /** The six-digit code, `{{ .Token }}` of a mail template. */
  readonly code: string;
  /** For `verifyOtp({ token_hash, type })`, `{{ .TokenHash }}` of a mail template. */
  readonly tokenHash: string;
  /** The link to click: `{{ .ConfirmationURL }}`, or as the template has it. */
  readonly link: string;
  readonly redirectTo: string;
}

/** The account that a simulated OAuth provider signs in. */
export interface SimulatedAccount {
  readonly email: string;
  readonly name?: string;
}

export interface AuthSettings {
  readonly anonKey: string;
  readonly serviceRoleKey: string | undefined;
  readonly accessTokenSeconds: number;
  readonly siteUrl: string;
  /** Origins that `redirect_to` may lead to, besides the site and this machine. */
  readonly redirectOrigins: readonly string[];
  readonly confirmEmail: boolean;
  readonly signUpsDisabled: boolean;
  readonly oauthProviders: Readonly<Record<string, SimulatedAccount>>;
  /** The link of a mail by its variables; undefined for `{{ .ConfirmationURL }}`. */
  readonly mailLink: MailLink | undefined;
}

/** A mail template's link, from `{{ .RedirectTo }}`, `{{ .TokenHash }}`, the type and `{{ .Email }}`. */
export type MailLink = (mail: Pick<AuthMail, "to" | "type" | "tokenHash" | "redirectTo">) => string;

/** What every part of the stand-in works on. */
export interface AuthContext {
  readonly state: AuthState;
  readonly settings: AuthSettings;
  /** `<origin>/auth/v1`, known once the server listens. */
  readonly issuer: string;
  /** Puts a mail into the outbox. */
  readonly deliver: (mail: AuthMail) => void;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export const isoNow = (context: AuthContext): string => new Date(context.now()).toISOString();
