/** Facts of one request for its canonical log line. OpenTelemetry's names (`gen_ai.*`) where it has one. */
export type LogFields = Record<string, string | number | boolean | null | readonly string[] | undefined>;

/** The running request as the domain sees it: nothing of HTTP. */
export interface RequestContext {
  /** `req_…`, made by us. */
  readonly requestId: string;
  readonly route: { readonly id: string };
  /** Unix ms. */
  readonly startedAtMs: number;
  /** performance.now() at the start, for durations. */
  readonly startedAt: number;
  /** Unix ms at which Lambda kills the function. */
  readonly lambdaDeadlineMs: number;
  /** Work that must be finished before the function returns, and that no answer has to wait for. */
  readonly deferred: (() => Promise<void>)[];
  readonly log: LogFields;
  /**
   * Set where the request began on what our own mark says of its key: settles with Unkey's verdict, and rejects with the
   * refusal. Until then nothing may be answered, written for good or asked of a provider.
   */
  readonly verdict?: Promise<void> | undefined;
  /** Types of what the guardrails found in the request. */
  guardrailFindings?: readonly string[];
  /** Left of the calling key's budget when the request was admitted, pico-dollars. Undefined without a budget. */
  budgetLeftPicoUsd?: bigint;
  /** What the caller says that the request is for, by name; with its agent's session where it sends one. */
  tags?: Readonly<Record<string, string>>;
  /** A provider may be at paid work that a repeated request would pay for again: a job, or media that it is making. */
  handedOver?: boolean;
  /**
   * Notes that paid work is about to be handed over, so that not even a kill lets the request be made again. Set where the
   * request has an `Idempotency-Key`. @throws GatewayError, AwsError: then nothing may be handed over
   */
  beforeHandOver?: () => Promise<void>;
  /** Code of the error that the answer was or ended in. */
  errorCode: string | undefined;
  /** Dimensions of the request's metrics: from the catalogue only. */
  metricModel: string | undefined;
  metricProvider: string | undefined;
}
