import type { ChatCompletion } from "openai/resources/chat/completions";
import type * as z from "zod/v4/core";
import { longestTimeoutMs } from "#core/chat/check-request.ts";
import { withHeaderFields } from "#core/chat/header-fields.ts";
import { openChat } from "#core/chat/open-chat.ts";
import type { AnswerFacts, Dialect } from "#core/dialects/dialect.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { callerOf } from "./authenticate.ts";
import { eventStream } from "./event-stream.ts";
import type { Endpoint } from "./handler.ts";
import { idempotent } from "./idempotent.ts";
import type { Call } from "./request-state.ts";
import type { EndpointResult } from "./response.ts";
import { withBody } from "./schema.ts";

type AnswerHeaders = Readonly<Record<string, string>>;

/** The clients of these dialects cannot say how long they wait, and do so for long: the longest, unless a header says less. */
const withTime = (request: ChatRequest): ChatRequest => ({
  ...request,
  timeout: request.timeout ?? longestTimeoutMs(request),
});

/** Adds what the translation left out to what the provider's adapter did. */
const withWarnings = (headers: AnswerHeaders, warnings: readonly string[]): AnswerHeaders => {
  if (warnings.length === 0) return headers;
  const names = new Set([...warnings, ...(headers["x-warnings"]?.split(", ") ?? [])]);
  return { ...headers, "x-warnings": [...names].join(", ") };
};

const serve = async <Body>(call: Call<Body>, dialect: Dialect<Body>): Promise<EndpointResult> => {
  const { body, headers: sent, requestId, startedAtMs, wire } = call;
  const { request: translated, warnings, refusal } = dialect.toChat(body, sent);
  if (refusal !== undefined) throw refusal;
  const request = withTime(withHeaderFields(translated, sent));
  const chat = await openChat(call, { body: request, headers: sent, caller: callerOf(call) });
  const facts: AnswerFacts<Body> = { requestId, startedAtMs, body, request };
  if (request.stream !== true) {
    const { completion, headers } = await chat.whole();
    const json = dialect.answer(completion as ChatCompletion, facts);
    return { status: 200, json, headers: withWarnings(headers, warnings) };
  }
  const start = chat.stream().then(({ frames, headers }) => ({
    frames: dialect.stream(frames, { ...facts, fail: chat.fail }),
    headers: withWarnings(headers, warnings),
  }));
  return eventStream({
    start,
    toError: chat.fail,
    signal: chat.signal,
    errorFrame: (error) => wire.errorFrame(error, requestId),
    heartbeat: wire.heartbeat,
  });
};

/** An endpoint that answers a generation in a dialect. Its handler has the dialect's `wire`. */
export const dialectEndpoint = <Schema extends z.$ZodType>(
  schema: Schema,
  dialect: Dialect<z.output<Schema>>,
): Endpoint =>
  withBody(
    schema,
    idempotent((call) => serve(call, dialect)),
  );
