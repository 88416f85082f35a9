/** Why an attempt failed, in terms that routing can decide on. */
export type FailureKind =
  /** No connection, or it broke. */
  | "network"
  /** No headers or no bytes in time. */
  | "timeout"
  /** 429. */
  | "rate-limit"
  /** 5xx, overload, an error inside a 200. */
  | "server"
  /** The answer is not what the protocol says: garbage, or an end without a finish reason. */
  | "malformed"
  /** The provider refused the key: 401 or 403. */
  | "auth"
  /** The provider's account has no money or quota left: retrying is pointless. */
  | "quota"
  /** The provider refused the request itself: 400, 404, 413, 422. */
  | "request"
  /** The caller cancelled, or the whole request's time is over. */
  | "aborted";
