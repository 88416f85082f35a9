import middy, { type MiddyfiedHandler } from "@middy/core";
import { executionModeStreamifyResponse } from "@middy/core/StreamifyResponse";
import { GatewayError } from "#core/errors.ts";
import { newId } from "#core/ids.ts";
import { type Method, type Route, type RouteId, routeById } from "#core/routes.ts";
import type { Authenticate } from "./authenticate.ts";
import { type BodyParser, jsonBody } from "./body.ts";
import { finishRequest, reportError } from "./observe.ts";
import { type Call, type LambdaContext, newRequestState, type ProxyEvent, type RequestState } from "./request-state.ts";
import {
  answersPreflight,
  type EndpointResult,
  type ProxyResult,
  toErrorResult,
  toPreflightResult,
  toProxyResult,
} from "./response.ts";

/**
 * `jsonHandler()` and `streamHandler()`: the only importers of middy, with one fixed chain. In order: request id, method,
 * key (started), body (parsed meanwhile), key and limits (awaited), body's faults, endpoint, errors; then, after the answer
 * has ended: the work left to do, one log line, one blob of metrics.
 */

export interface Endpoint {
  /** Whether a JSON body is read. `withBody()` makes endpoints that check it against a schema. */
  readonly takesBody?: boolean | "optional";
  handle(call: Call<unknown>): Promise<EndpointResult>;
}

export type Endpoints = { readonly [Name in Method]?: Endpoint };

export interface HandlerOptions {
  readonly route: RouteId | "NotFound";
  /** How the caller is told; undefined for routes that anybody may call. */
  readonly authenticate?: Authenticate | undefined;
  readonly endpoints: Endpoints;
  /** How bodies are parsed; the lean way unless given. */
  readonly parseBody?: BodyParser;
}

interface Working extends RequestState {
  bodyError?: unknown;
  verification?: Promise<void>;
}

const methodNotAllowed = (route: Route): GatewayError =>
  new GatewayError("METHOD_NOT_ALLOWED", `This path takes ${route.methods.join(", ")}.`, {
    headers: { allow: route.methods.join(", ") },
  });

interface MiddyRequest {
  event: unknown;
  context: unknown;
  error: unknown;
}

const working = (request: MiddyRequest): Working => request.event as Working;

/** The parts that both kinds share, in their order. */
const build = ({ route: routeId, authenticate, endpoints, parseBody }: HandlerOptions) => {
  const route = routeById(routeId);
  /** By own name only: `constructor` is no method either. */
  const endpointOf = (method: string): Endpoint | undefined =>
    Object.hasOwn(endpoints, method) ? endpoints[method as Method] : undefined;
  const body = jsonBody((method) => endpointOf(method)?.takesBody ?? false, parseBody);

  const openRequest = function openRequest(request: MiddyRequest): ProxyResult | undefined {
    const state = newRequestState(
      route,
      newId("request"),
      request.event as ProxyEvent,
      request.context as LambdaContext,
    );
    request.event = state;
    if (state.method === "OPTIONS" && answersPreflight(state)) return toPreflightResult(state);
    if (endpointOf(state.method) === undefined) throw methodNotAllowed(route);
    return undefined;
  };

  const startAuthentication = function startAuthentication(request: MiddyRequest): void {
    if (authenticate === undefined) return;
    const state = working(request);
    state.verification = authenticate(state);
    // Awaited after the body is parsed; until then a rejection must not count as unhandled.
    state.verification.catch(() => undefined);
  };

  const finishAuthentication = async function finishAuthentication(request: MiddyRequest): Promise<void> {
    const state = working(request);
    await state.verification;
    if (state.bodyError !== undefined) throw state.bodyError;
  };

  const run = async (event: unknown): Promise<ProxyResult> => {
    const state = event as Working;
    const chosen = endpointOf(state.method);
    if (chosen === undefined) throw methodNotAllowed(route);
    return toProxyResult(state, await chosen.handle(state as unknown as Call<unknown>));
  };

  const answerError = function answerError(request: MiddyRequest): ProxyResult {
    // openRequest cannot fail before it made the state but for an event that is not API Gateway's.
    const state = working(request);
    return toErrorResult(state, reportError(state, request.error));
  };

  const chain = {
    before: [openRequest, startAuthentication, body.before, finishAuthentication],
    run,
    onError: answerError,
    requestEnd: (request: MiddyRequest) => finishRequest(working(request)),
  };
  return { route, chain };
};

type AnyHandler = MiddyfiedHandler<unknown, unknown>;

const compose = (handler: AnyHandler, { before, onError }: ReturnType<typeof build>["chain"]): AnyHandler => {
  for (const step of before) if (step !== undefined) handler.before(step as Parameters<AnyHandler["before"]>[0]);
  handler.onError(onError as Parameters<AnyHandler["onError"]>[0]);
  return handler;
};

/** How long before Lambda's own timeout a buffered function answers for itself, ms. */
const earlyAnswerMs = 500;

const timedOut = (): never => {
  throw new GatewayError("SERVICE_UNAVAILABLE", "The request took too long on our side.", { retryAfterSeconds: 5 });
};

/** A buffered Lambda: its answer is whole before it leaves. */
export const jsonHandler = (options: HandlerOptions): AnyHandler => {
  const { chain } = build(options);
  const handler = middy(chain.run as never, {
    timeoutEarlyInMillis: earlyAnswerMs,
    timeoutEarlyResponse: timedOut,
    requestEnd: chain.requestEnd as never,
  }) as unknown as AnyHandler;
  return compose(handler, chain);
};

/** A streaming Lambda. What it answers may still be a plain JSON body. Endpoints watch Lambda's deadline by themselves. */
export const streamHandler = (options: HandlerOptions): AnyHandler => {
  const { chain } = build(options);
  const handler = middy(chain.run as never, {
    timeoutEarlyInMillis: 0,
    executionMode: executionModeStreamifyResponse as never,
    requestEnd: chain.requestEnd as never,
  }) as unknown as AnyHandler;
  return compose(handler, chain);
};
