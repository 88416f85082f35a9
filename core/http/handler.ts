import middy, { type MiddyfiedHandler } from "@middy/core";
import { executionModeStreamifyResponse } from "@middy/core/StreamifyResponse";
import type { Context } from "aws-lambda";
import type { WireFormat } from "#core/dialects/dialect.ts";
import { openAiWire } from "#core/dialects/openai-wire.ts";
import { GatewayError } from "#core/errors.ts";
import { newId } from "#core/ids.ts";
import type { Method, Route } from "#core/routes.ts";
import type { Authenticate } from "./authenticate.ts";
import { type BodyParser, isHeavy, jsonBody } from "./body.ts";
import { finishRequest, reportError } from "./observe.ts";
import { type Call, newRequestState, type ProxyEvent, type RequestState } from "./request-state.ts";
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
 * key (started), body (a small one is parsed meanwhile), key and limits (awaited), a large body, its faults, endpoint, errors. After the answer
 * has ended: the deferred work, one log line, one blob of metrics.
 */

export interface Endpoint {
  /** Whether a JSON body is read. `withBody()` makes endpoints that check it against a schema. */
  readonly takesBody?: boolean | "optional";
  /** Of GET: false where it does more than read, which HEAD must not. */
  readonly answersHead?: boolean;
  handle(call: Call<unknown>): Promise<EndpointResult>;
}

export type Endpoints = { readonly [Name in Method]?: Endpoint };

export interface HandlerOptions {
  readonly route: Route;
  /** How the caller is identified; undefined for routes that anybody may call. */
  readonly authenticate?: Authenticate | undefined;
  readonly endpoints: Endpoints;
  /** How bodies are parsed; the lean way unless given. */
  readonly parseBody?: BodyParser;
  /** How errors are written; as OpenAI's unless given. */
  readonly wire?: WireFormat;
  /** Which requests may begin before the verdict on their key. Their endpoint awaits `call.verdict`; none unless given. */
  readonly beginsEarly?: (state: RequestState) => boolean;
}

interface Working extends RequestState {
  bodyError?: unknown;
  verification?: Promise<void>;
}

/** The state of each running request, by Lambda's event. */
const states = new WeakMap<object, Working>();

const findState = (event: unknown): Working | undefined =>
  typeof event === "object" && event !== null ? states.get(event) : undefined;

const stateOf = (event: unknown): Working => {
  const state = findState(event);
  if (state === undefined) throw new Error("A request without a state");
  return state;
};

/** Kept: an import costs its look-up each time, though the module is there. */
let tagging: Promise<typeof import("./request-tags.ts")> | undefined;

/** Whether a request may have tags, as those of coding agents do. Other requests do not load what reads them. */
const mayHaveTags = ({ headers, body, principal }: RequestState): boolean =>
  principal?.kind === "key" &&
  (headers["x-tags"] !== undefined ||
    headers["session-id"] !== undefined ||
    headers["x-session-id"] !== undefined ||
    headers["x-claude-code-session-id"] !== undefined ||
    (body as { readonly metadata?: unknown } | null | undefined)?.metadata !== undefined);

const methodNotAllowed = (methods: readonly string[]): GatewayError =>
  new GatewayError("METHOD_NOT_ALLOWED", `This path accepts ${methods.join(", ")}.`, {
    headers: { allow: methods.join(", ") },
  });

/** What the chain sees of middy's request. */
interface ChainRequest {
  readonly event: unknown;
  readonly error?: unknown;
}

/** The endpoints by the methods that reach them. HEAD is answered by GET's. */
const endpointsByMethod = (endpoints: Endpoints): ReadonlyMap<string, Endpoint> => {
  const methods = new Map<string, Endpoint>(Object.entries(endpoints));
  const { GET: get } = endpoints;
  if (get !== undefined && get.answersHead !== false) methods.set("HEAD", get);
  return methods;
};

/** Awaits the verdict on a request that has begun before it. A refusal leaves nothing of the caller in the answer and the log. */
const confirm = async (state: Working): Promise<void> => {
  try {
    await state.verdict;
  } catch (refusal) {
    state.principal = undefined;
    delete state.budgetLeftPicoUsd;
    throw refusal;
  }
};

const answerError = async function answerError({ event, error }: ChainRequest): Promise<ProxyResult> {
  const state = findState(event);
  // The event was not API Gateway's: there is nobody to answer.
  if (state === undefined) throw error;
  // Whoever is refused learns nothing else.
  const reported = await confirm(state).then(
    () => error,
    (refusal: unknown) => refusal,
  );
  return toErrorResult(state, reportError(state, reported));
};

/** Takes the caller from our own mark, where the request may begin on it and the verdict is still under way. */
const takeEarly = async (state: Working, beginsEarly: HandlerOptions["beginsEarly"]): Promise<boolean> => {
  if (beginsEarly?.(state) !== true) return false;
  const principal = await state.early;
  if (principal === undefined || state.principal !== undefined || state.verification === undefined) return false;
  state.principal = principal;
  state.verdict = state.verification;
  return true;
};

/**
 * Reads the body, and then awaits the verdict on the key. A heavy body waits for the verdict. What is wrong with a body is
 * reported after it: a caller without a valid key learns nothing about its body.
 */
const bodySteps = (
  body: ReturnType<typeof jsonBody>,
  { authenticate, beginsEarly }: Pick<HandlerOptions, "authenticate" | "beginsEarly">,
) => {
  const parse = async function parseRequestBody({ event }: ChainRequest): Promise<void> {
    const state = stateOf(event);
    if (authenticate !== undefined && isHeavy(state)) return;
    try {
      await body(state);
    } catch (error) {
      state.bodyError = error;
    }
  };

  const finishAuthentication = async function finishAuthentication({ event }: ChainRequest): Promise<void> {
    const state = stateOf(event);
    // Asked before: once parsed, a body is no text any more.
    const isParsed = authenticate === undefined || !isHeavy(state) || state.bodyError !== undefined;
    if (isParsed && state.bodyError === undefined && (await takeEarly(state, beginsEarly))) return;
    await state.verification;
    if (state.bodyError !== undefined) throw state.bodyError;
    if (!isParsed) await body(state);
  };

  return [parse, finishAuthentication] as const;
};

/** The parts that both kinds share, in their order. */
const build = (options: HandlerOptions) => {
  const { route, authenticate, endpoints, parseBody, wire = openAiWire } = options;
  const methods = endpointsByMethod(endpoints);
  const body = jsonBody((method) => methods.get(method)?.takesBody ?? false, parseBody);

  const openRequest = function openRequest(request: { readonly event: ProxyEvent; readonly context: Context }) {
    const { event, context } = request;
    const state = newRequestState(route, newId("request"), event, context, wire);
    states.set(event, state);
    if (state.method === "OPTIONS" && answersPreflight(state)) return toPreflightResult(state);
    if (!methods.has(state.method)) throw methodNotAllowed([...methods.keys()]);
    return undefined;
  };

  const startAuthentication = function startAuthentication({ event }: ChainRequest): void {
    if (authenticate === undefined) return;
    const state = stateOf(event);
    state.verification = authenticate(state);
    // Awaited after the body is parsed; until then a rejection must not count as unhandled.
    state.verification.catch(() => undefined);
  };

  const [parse, finishAuthentication] = bodySteps(body, options);

  const run = async (event: ProxyEvent): Promise<ProxyResult> => {
    const state = stateOf(event);
    const chosen = methods.get(state.method);
    if (chosen === undefined) throw methodNotAllowed([...methods.keys()]);
    if (mayHaveTags(state)) {
      tagging ??= import("./request-tags.ts");
      (await tagging).noteTags(state);
    }
    const result = await chosen.handle(state);
    if (state.verdict !== undefined) {
      await confirm(state).catch((refusal: unknown) => {
        result.stream?.destroy();
        throw refusal;
      });
    }
    return toProxyResult(state, result);
  };

  return {
    run,
    before: [openRequest, startAuthentication, parse, finishAuthentication],
    onError: answerError,
    requestEnd: ({ event }: ChainRequest) => finishRequest(findState(event)),
  };
};

type Handler = MiddyfiedHandler<ProxyEvent, ProxyResult, Error, Context>;
type Chain = ReturnType<typeof build>;

const compose = (handler: Handler, { before, onError }: Chain): Handler => {
  for (const step of before) handler.before(step);
  handler.onError(onError);
  return handler;
};

/** How long before Lambda's own timeout a buffered function answers for itself, ms. */
const earlyAnswerMs = 500;

const timedOut = (): never => {
  throw new GatewayError("SERVICE_UNAVAILABLE", "The request took too long on our side.", { retryAfterSeconds: 5 });
};

/** A buffered Lambda: its answer is whole before it leaves. */
export const jsonHandler = (options: HandlerOptions): Handler => {
  const chain = build(options);
  const { run, requestEnd } = chain;
  const plugin = { timeoutEarlyInMillis: earlyAnswerMs, timeoutEarlyResponse: timedOut, requestEnd };
  return compose(middy<ProxyEvent, ProxyResult, Error, Context>(run, plugin), chain);
};

/** A streaming Lambda. Its answer may still be a plain JSON body. Endpoints watch Lambda's deadline themselves. */
export const streamHandler = (options: HandlerOptions): Handler => {
  options.authenticate?.beforeFirst?.();
  const chain = build(options);
  const { run, requestEnd } = chain;
  const plugin = { timeoutEarlyInMillis: 0, executionMode: executionModeStreamifyResponse, requestEnd };
  return compose(middy<ProxyEvent, ProxyResult, Error, Context>(run, plugin), chain);
};
