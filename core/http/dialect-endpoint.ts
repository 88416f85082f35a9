import type { ChatCompletion } from "openai/resources/chat/completions";
import type * as z from "zod/v4/core";
import { checkNativeUrls } from "#core/chat/check-native-urls.ts";
import { longestTimeoutMs } from "#core/chat/check-request.ts";
import { withHeaderFields } from "#core/chat/header-fields.ts";
import type {
  Dialect,
  NativeAnswer,
  NativePassage,
  NativeRequest,
  StreamFacts,
  TranslatedRequest,
} from "#core/dialects/dialect.ts";
import { guardedCallerOf } from "./authenticate.ts";
import { eventStream } from "./event-stream.ts";
import type { Endpoint } from "./handler.ts";
import { idempotent } from "./idempotent.ts";
import { openAnswer } from "./open-answer.ts";
import type { Call } from "./request-state.ts";
import type { EndpointResult } from "./response.ts";
import { withBody } from "./schema.ts";

type AnswerHeaders = Readonly<Record<string, string>>;

/** Adds what the translation left out to what the core and the provider's adapter did, in the dialect's own words. */
const withWarnings = <Body>(
  headers: AnswerHeaders,
  warnings: readonly string[],
  { ownName = (name) => name }: Dialect<Body>,
): AnswerHeaders => {
  const names = new Set([...warnings, ...(headers["x-warnings"]?.split(", ") ?? []).map(ownName)]);
  return names.size === 0 ? headers : { ...headers, "x-warnings": [...names].join(", ") };
};

const nativeRequest = <Body>(
  { body, headers }: Call<Body>,
  { native }: Dialect<Body>,
  { refusal, untranslatable }: TranslatedRequest,
): NativeRequest | undefined => {
  if (native === undefined) return undefined;
  const { name: dialect, operation, cutFrames } = native;
  return { dialect, operation, body: native.body(body), headers, refusal, untranslatable, cutFrames };
};

/** Frames that the provider sent in the dialect, as they came with the caller's own key. A failure is written behind them. */
async function* passedOn<Body>(
  frames: AsyncIterable<Buffer | string>,
  answer: NativeAnswer,
  passage: NativePassage<Body>,
  { fail, requestId, body }: StreamFacts<Body>,
): AsyncGenerator<Buffer | string> {
  try {
    yield* answer.ownKey ? frames : (passage.frames?.(frames, body) ?? frames);
  } catch (thrown) {
    yield passage.failureFrames(fail(thrown), requestId, answer.state());
  }
}

const jsonHeaders = { "content-type": "application/json; charset=utf-8" } as const;

const serve = async <Body>(call: Call<Body>, dialect: Dialect<Body>): Promise<EndpointResult> => {
  const { body, headers: sent, requestId, startedAtMs, wire } = call;
  const translation = dialect.toChat(body, sent);
  const { request: translated, warnings } = translation;
  const request = withHeaderFields(translated, sent);
  const native = nativeRequest(call, dialect, translation);
  if (native !== undefined) checkNativeUrls(native.body);
  const chat = await openAnswer(call, {
    body: request,
    headers: sent,
    caller: guardedCallerOf(call),
    // The clients of these dialects cannot say how long they wait, and do so for long.
    defaultTimeoutMs: longestTimeoutMs(request),
    dialect: dialect.name,
    native,
  });
  const facts: StreamFacts<Body> = { requestId, startedAtMs, body, request, fail: chat.fail };
  if (request.stream !== true) {
    const { completion, headers, native: answer } = await chat.whole();
    if (answer?.body !== undefined) {
      const text = answer.ownKey ? answer.body : (dialect.native?.answer?.(answer.body, body) ?? answer.body);
      return { status: 200, text, headers: { ...withWarnings(headers, [], dialect), ...jsonHeaders } };
    }
    const json = dialect.answer(completion as ChatCompletion, facts);
    return { status: 200, json, headers: withWarnings(headers, warnings, dialect) };
  }
  const start = chat
    .stream()
    .then(({ frames, headers, native: answer }) =>
      answer !== undefined && dialect.native !== undefined
        ? { frames: passedOn(frames, answer, dialect.native, facts), headers: withWarnings(headers, [], dialect) }
        : { frames: dialect.stream(frames, facts), headers: withWarnings(headers, warnings, dialect) },
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
