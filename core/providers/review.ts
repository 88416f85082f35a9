/** When a list of what may leave with the platform's key was last compared, and with what. */
export interface Review {
  /** ISO 8601. */
  readonly reviewed: string;
  /** The vendor's own types, as `package@major.minor`, and pages. A newer package wants a new review. */
  readonly sources: readonly string[];
}
