import type { Readable } from "node:stream";
import { maxRequestBytes, maxResponseBytes } from "./limits.ts";

/** Why an invocation has no (whole) response. */
export type FailureReason =
  | "function-error"
  | "init-error"
  | "exit"
  | "timeout"
  | "request-too-large"
  | "response-too-large"
  | "stopped";

/** A failed invocation, with Lambda's own type and wording. */
export interface FunctionFailure {
  readonly reason: FailureReason;
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

/** What one invocation came to. It is never rejected: failures are values. */
export type InvocationOutcome =
  | { readonly kind: "buffered"; readonly requestId: string; readonly payload: string }
  | {
      readonly kind: "streamed";
      readonly requestId: string;
      readonly contentType: string;
      /** Read it to its end or `resume()` it: the worker is busy until then. It emits `error` when the worker is cut off. */
      readonly body: Readable;
      /** After the body: why the stream is not whole, or undefined when it is. */
      readonly ended: Promise<FunctionFailure | undefined>;
    }
  | { readonly kind: "failed"; readonly requestId: string; readonly failure: FunctionFailure };

/** The deadline came first. */
export const timeoutFailure = (requestId: string, timeoutMs: number): FunctionFailure => ({
  reason: "timeout",
  errorType: "Sandbox.Timedout",
  errorMessage: `RequestId: ${requestId} Error: Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`,
});

/** The worker ended by itself in the middle of a request or while it started. */
export const exitFailure = (requestId: string, exit: string | undefined): FunctionFailure => ({
  reason: "exit",
  errorType: "Runtime.ExitError",
  errorMessage: `RequestId: ${requestId} Error: Runtime exited ${exit === undefined ? "without providing a reason" : `with error: ${exit}`}`,
});

/** Lambda's 413 `RequestTooLargeException`. */
export const requestTooLargeFailure: FunctionFailure = {
  reason: "request-too-large",
  errorType: "RequestTooLargeException",
  errorMessage: `Request must be smaller than ${maxRequestBytes} bytes for the InvokeFunction operation`,
};

export const responseTooLargeFailure: FunctionFailure = {
  reason: "response-too-large",
  errorType: "Function.ResponseSizeTooLarge",
  errorMessage: `Response payload size exceeded maximum allowed payload size (${maxResponseBytes} bytes).`,
};

/** The pool is stopped, or was before the invocation ended. */
export const stoppedFailure: FunctionFailure = {
  reason: "stopped",
  errorType: "ServiceException",
  errorMessage: "The local function pool was stopped",
};

/** Reads the runtime's own error body (`{errorType, errorMessage, trace}`); anything else becomes a bare failure. */
export const failureFromRuntime = (reason: FailureReason, body: string): FunctionFailure => {
  let fields: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === "object" && parsed !== null) fields = { ...parsed };
  } catch {
    // The body is told as it is below.
  }
  const { errorType, errorMessage, trace } = fields;
  return {
    reason,
    errorType: typeof errorType === "string" ? errorType : "Runtime.Unknown",
    errorMessage: typeof errorMessage === "string" ? errorMessage : body,
    ...(Array.isArray(trace) ? { trace: trace.map(String) } : {}),
  };
};
