/** The part of a running request that an adapter may use. */
export interface MediaCalls {
  /** Fires when the request is cancelled or its time is up. */
  readonly signal: AbortSignal;
  /** One call that starts paid work. It is repeated only when the provider certainly did nothing. @throws GatewayError */
  attempt<Result>(work: () => Promise<Result>): Promise<Result>;
  /** A question that costs nothing: repeated after transient failures, without an attempt record. @throws ProviderFailure */
  ask<Result>(question: () => Promise<Result>): Promise<Result>;
  /** The provider has started, and charges even if nobody waits for the result. */
  underWay(): void;
}
