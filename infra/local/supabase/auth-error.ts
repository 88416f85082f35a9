/** The subset of Supabase Auth's error codes that this stand-in answers with. */
export type AuthErrorCode =
  | "bad_code_verifier"
  | "bad_json"
  | "bad_jwt"
  | "email_exists"
  | "email_not_confirmed"
  | "flow_state_expired"
  | "flow_state_not_found"
  | "invalid_credentials"
  | "no_authorization"
  | "not_admin"
  | "otp_disabled"
  | "otp_expired"
  | "refresh_token_already_used"
  | "refresh_token_not_found"
  | "same_password"
  | "session_not_found"
  | "signup_disabled"
  | "unexpected_failure"
  | "user_already_exists"
  | "user_banned"
  | "user_not_found"
  | "validation_failed"
  | "weak_password";

/** An error as Supabase Auth answers it. */
export class AuthError extends Error {
  override readonly name = "AuthError";
  readonly status: number;
  readonly code: AuthErrorCode;
  /** Why a password is too weak; only with `weak_password`. */
  readonly weakPasswordReasons: readonly string[] | undefined;

  constructor(status: number, code: AuthErrorCode, message: string, weakPasswordReasons?: readonly string[]) {
    super(message);
    this.status = status;
    this.code = code;
    this.weakPasswordReasons = weakPasswordReasons;
  }
}

export const apiVersionHeader = "x-supabase-api-version";

/** The version from which errors have string codes. */
const stringCodesVersion = "2024-01-01";

/**
 * The API version to answer with, from the caller's header: undefined, the initial one, for an older date, none, or
 * what is no date. Versions are ISO dates, so they compare as text.
 */
export const apiVersion = (header: string | undefined): typeof stringCodesVersion | undefined =>
  header !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(header) && header >= stringCodesVersion
    ? stringCodesVersion
    : undefined;

/** The body of an error in the version that the caller asked for. */
export const errorBody = (error: AuthError, version: ReturnType<typeof apiVersion>): object => {
  const { status, code, message, weakPasswordReasons: reasons } = error;
  const weakPassword = reasons === undefined ? {} : { weak_password: { reasons } };
  return version === undefined
    ? { code: status, error_code: code, msg: message, ...weakPassword }
    : { code, message, ...weakPassword };
};
