import type { MailLink } from "./auth-context.ts";

/**
 * The link of the mail templates that docs/operations/deployment.md asks for. It leads to the gateway rather than to Supabase,
 * so that a mail scanner which opens it uses nothing up.
 */
export const templateLink: MailLink = ({ to, type, tokenHash, redirectTo }) =>
  `${redirectTo}&${new URLSearchParams({ token_hash: tokenHash, type, email: to })}`;
