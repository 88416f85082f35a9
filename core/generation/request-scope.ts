import type { RequestContext } from "#core/context.ts";
import { isCancelled } from "#core/db/admission.ts";
import { GatewayError } from "#core/errors.ts";
import { loggableError, logger } from "#core/observability/logger.ts";

/**
 * The lifetime of one generating request: one signal through the whole core, which fires at the deadline and when the
 * caller cancels. Lambda does not report that a client has left, so the cancel endpoint sets a flag, which is read every
 * 2 s once the request is older than that. Short requests pay nothing.
 */

const cancelLookupMs = 2_000;
/** Kept back from Lambda's own deadline to settle and answer, ms. */
const reserveMs = 3_000;

/** Names the field `timeout` only to callers who have it and could set more. */
const timedOut = ({ timeoutMs, settableMs = 0 }: Pick<ScopeOptions, "timeoutMs" | "settableMs">): GatewayError => {
  const hint = timeoutMs < settableMs ? ` \`timeout\` can be set to up to ${settableMs} ms.` : "";
  return new GatewayError("PROVIDER_TIMEOUT", `The request did not complete within ${timeoutMs} ms.${hint}`, {
    details: { timeoutMs },
    shouldRetry: false,
  });
};

const cancelled = (): GatewayError =>
  new GatewayError("CONFLICT", "The request was cancelled.", { details: { cancelled: true }, shouldRetry: false });

export interface ScopeOptions extends Pick<RequestContext, "requestId" | "startedAtMs" | "lambdaDeadlineMs"> {
  readonly userId: string;
  readonly timeoutMs: number;
  /** The highest value that the request's own `timeout` may have. Absent on routes without that field. */
  readonly settableMs?: number | undefined;
}

export class RequestScope {
  /** Unix ms by which the request is over. */
  readonly deadlineMs: number;
  readonly #options: ScopeOptions;
  readonly #controller = new AbortController();
  readonly #deadline: NodeJS.Timeout;
  readonly #lookup: NodeJS.Timeout;
  #cancelled = false;

  constructor(options: ScopeOptions) {
    this.#options = options;
    this.deadlineMs = Math.min(options.startedAtMs + options.timeoutMs, options.lambdaDeadlineMs - reserveMs);
    this.#deadline = setTimeout(
      () => this.#controller.abort(timedOut(options)),
      Math.max(0, this.deadlineMs - Date.now()),
    );
    this.#lookup = setInterval(() => this.#lookUp(options), cancelLookupMs);
  }

  get requestId(): string {
    return this.#options.requestId;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get wasCancelled(): boolean {
    return this.#cancelled;
  }

  /** Stops the work as the caller's cancel does, without waiting for the next look-up. */
  cancel(): void {
    this.#cancelled = true;
    this.#controller.abort(cancelled());
  }

  /** Why the signal fired, as the caller sees it. */
  get reason(): GatewayError {
    const reason: unknown = this.signal.reason;
    return reason instanceof GatewayError ? reason : timedOut(this.#options);
  }

  remainingMs(nowMs: number = Date.now()): number {
    return Math.max(0, this.deadlineMs - nowMs);
  }

  /** Ends the timers. Call it when the request is over, however it ended. */
  close(): void {
    clearTimeout(this.#deadline);
    clearInterval(this.#lookup);
  }

  #lookUp({ userId, requestId }: ScopeOptions): void {
    isCancelled(userId, requestId).then(
      (stop) => {
        if (stop) this.cancel();
      },
      // The next look-up is 2 s away, and the request itself is not harmed.
      (error: unknown) => logger.warn("Cancel flag could not be read", { requestId, error: loggableError(error) }),
    );
  }
}
