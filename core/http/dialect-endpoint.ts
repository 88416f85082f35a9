import type { ChatCompletion } from "openai/resources/chat/completions";
import type * as z from "zod/v4/core";
import { longestTimeoutMs } from "#core/chat/check-request.ts";
import { withHeaderFields } from "#core/chat/header-fields.ts";
import { openChat } from "#core/chat/open-chat.ts";
import type { Dialect, NativeAnswer, NativePassage, NativeRequest, StreamFacts } from "#core/dialects/dialect.ts";
import type { GatewayError } from "#core/errors.ts";
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

const nativeRequest = <Body>(
  { body, headers }: Call<Body>,
  { native }: Dialect<Body>,
  refusal: GatewayError | undefined,
): NativeRequest | undefined => {
  if (native !== undefined) {
    return { dialect: native.name, body: native.body(body), headers, refusal, cutFrames: native.cutFrames };
  }
  if (refusal !== undefined) throw refusal;
  return undefined;
};

/** Frames that the provider sent in the dialect, as they came. A failure is written behind them. */
async function* passedOn<Body>(
  frames: AsyncIterable<Buffer | string>,
  answer: NativeAnswer,
  passage: NativePassage<Body>,
  { fail, requestId }: StreamFacts<Body>,
): AsyncGenerator<Buffer | string> {
  try {
    yield* frames;
  } catch (thrown) {
    yield passage.failureFrames(fail(thrown), requestId, answer.state());
  }
}

const jsonHeaders = { "content-type": "application/json; charset=utf-8" } as const;

const serve = async <Body>(call: Call<Body>, dialect: Dialect<Body>): Promise<EndpointResult> => {
  const { body, headers: sent, requestId, startedAtMs, wire } = call;
  const { request: translated, warnings, refusal } = dialect.toChat(body, sent);
  const request = withTime(withHeaderFields(translated, sent));
  const native = nativeRequest(call, dialect, refusal);
  const chat = await openChat(call, { body: request, headers: sent, caller: callerOf(call), native });
  const facts: StreamFacts<Body> = { requestId, startedAtMs, body, request, fail: chat.fail };
  if (request.stream !== true) {
    const { completion, headers, native: answer } = await chat.whole();
    if (answer?.body !== undefined) {
      const text = answer.ownKey ? answer.body : (dialect.native?.answer?.(answer.body, body) ?? answer.body);
      return { status: 200, text, headers: { ...headers, ...jsonHeaders } };
    }
    const json = dialect.answer(completion as ChatCompletion, facts);
    return { status: 200, json, headers: withWarnings(headers, warnings) };
  }
  const start = chat
    .stream()
    .then(({ frames, headers, native: answer }) =>
      answer !== undefined && dialect.native !== undefined
        ? { frames: passedOn(frames, answer, dialect.native, facts), headers }
        : { frames: dialect.stream(frames, facts), headers: withWarnings(headers, warnings) },
    );
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
