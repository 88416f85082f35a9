import { type ErrorCode, errorKinds, type GatewayError, toGatewayError } from "#core/errors.ts";
import { loggableError, logger } from "#core/observability/logger.ts";
import { flushMetrics, increment } from "#core/observability/metrics.ts";
import type { RequestState } from "./request-state.ts";
import { clientRequestId } from "./response.ts";

/** Turns whatever was thrown into what the caller sees; what is our bug is logged with its stack, never its cause. */
export const reportError = (state: RequestState, thrown: unknown): GatewayError => {
  const error = toGatewayError(thrown);
  if (error.code === "INTERNAL_ERROR" || error.code === "SERVICE_UNAVAILABLE") {
    logger.error(error.code === "INTERNAL_ERROR" ? "Unexpected error" : "A dependency failed", {
      requestId: state.requestId,
      route: state.route.id,
      error: loggableError(error.cause ?? thrown),
    });
  }
  return error;
};

const finishWork = async (state: RequestState): Promise<void> => {
  const results = await Promise.allSettled(state.deferred.map((work) => work()));
  for (const result of results) {
    if (result.status === "rejected") {
      logger.error("Work after the answer failed", { requestId: state.requestId, error: loggableError(result.reason) });
    }
  }
};

const principalFields = (state: RequestState): Record<string, string | undefined> =>
  state.principal === undefined
    ? {}
    : {
        user_id: state.principal.userId,
        key_id: state.principal.kind === "key" ? state.principal.keyId : undefined,
      };

/** Whether the request failed by our or a provider's fault, also inside a stream that began as a 200. */
const hasFailed = ({ status, errorCode }: RequestState): boolean =>
  status >= 500 ||
  (status < 400 &&
    errorCode !== undefined &&
    Object.hasOwn(errorKinds, errorCode) &&
    errorKinds[errorCode as ErrorCode].status >= 500);

/** Requests that are finished: a body that breaks off finishes its request before, see raw-body.ts. */
const finished = new WeakSet<object>();

/**
 * Runs after the answer has ended, streamed or not, and is awaited: nothing runs after a Lambda returned. Finishes the
 * work that no answer had to wait for, then writes the canonical log line and the metrics.
 */
export const finishRequest = async (state: RequestState | undefined): Promise<void> => {
  // An event that is not API Gateway's never became a request.
  if (state?.deferred === undefined || finished.has(state)) return;
  finished.add(state);
  if (state.deferred.length > 0) await finishWork(state);
  const durationMs = performance.now() - state.startedAt;
  increment("Requests");
  increment("LatencyMs", Math.round(durationMs));
  if (hasFailed(state)) increment("Errors");
  if (state.log.cold_start === true) increment("ColdStarts");
  logger.info("request", {
    request_id: state.requestId,
    client_request_id: clientRequestId(state),
    route: state.route.id,
    "http.request.method": state.method,
    "http.response.status_code": state.status,
    "error.type": state.errorCode,
    duration_ms: Math.round(durationMs * 10) / 10,
    ...principalFields(state),
    ...state.log,
  });
  flushMetrics({ route: state.route.id, model: state.metricModel, provider: state.metricProvider });
};
