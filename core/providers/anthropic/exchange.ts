import { isEventText, openAnswer, readAnswer } from "#core/providers/answer-body.ts";
import { askWithKey } from "#core/providers/ask-with-key.ts";
import { type ProviderResponse, postJson, readBody, toProviderFailure } from "#core/providers/http-transport.ts";
import type { NativeAnswer } from "#core/providers/native.ts";
import {
  type ChatCompletion,
  newOutcome,
  type ProviderCall,
  type ProviderReply,
  withOutcome,
} from "#core/providers/provider.ts";
import { failureFromResponse } from "./errors.ts";
import { fromResponse, type ResponseOptions } from "./from-response.ts";
import { StreamTranslator } from "./from-stream.ts";
import { readStream } from "./read-stream.ts";
import { toCompletionUsage } from "./usage.ts";

const maxAnswerBytes = 32 * 1024 * 1024;
const maxErrorBytes = 256 * 1024;

type Posting = Pick<ProviderCall, "credential" | "signal" | "timeouts">;

/** Asks Anthropic. @throws ProviderFailure for an answer that is not a 200 */
export const postToAnthropic = async (
  call: Posting,
  path: string,
  asked: { readonly body: object; readonly headers: Readonly<Record<string, string>> },
): Promise<ProviderResponse> => {
  const { credential, signal, timeouts } = call;
  const { url, headers, agent } = askWithKey(credential, path, "x-api-key");
  const response = await postJson({
    provider: "anthropic",
    url,
    agent,
    headers: { accept: "application/json", ...headers, ...asked.headers },
    body: JSON.stringify(asked.body),
    signal,
    timeouts,
  });
  if (response.status === 200) return response;
  throw failureFromResponse(response.status, await errorBody(signal, response), response.headers);
};

const errorBody = async (signal: AbortSignal, response: ProviderResponse): Promise<string> => {
  try {
    return await readBody("anthropic", response, maxErrorBytes, signal);
  } catch (error) {
    const failure = toProviderFailure("anthropic", error, signal);
    if (failure.kind === "aborted") throw failure;
    // The status is worth more to routing than the fault in the error's body.
    return "";
  }
};

/** How one request is asked, and how its answer is read. */
export interface Exchange {
  readonly body: object;
  readonly headers: Readonly<Record<string, string>>;
  /** Fields that were dropped or clamped. */
  readonly warnings: readonly string[];
  /** Asks another provider that takes this body. */
  readonly post?: (asked: Pick<Exchange, "body" | "headers">) => Promise<ProviderResponse>;
  /** What the caller gets of a stream; chunks of a chat completion unless given. */
  readonly frames?: (body: AsyncIterable<Buffer>, options: ResponseOptions) => AsyncIterable<Buffer | string>;
  /** Where the answer leaves in the dialect of the request. */
  readonly native?: (body: string | undefined) => NativeAnswer;
}

const chunksOf = (body: AsyncIterable<Buffer>, call: ProviderCall, options: ResponseOptions): AsyncGenerator<string> =>
  readStream({
    body,
    translator: new StreamTranslator(options),
    outcome: options.outcome,
    toFailure: (error) => toProviderFailure("anthropic", error, call.signal),
  });

interface AnswerReading {
  readonly call: ProviderCall;
  readonly response: ProviderResponse;
  readonly options: ResponseOptions;
}

/** A whole answer, also where it came as a stream that nobody asked for. @throws ProviderFailure */
const completionOf = async (text: string, read: AnswerReading): Promise<ChatCompletion> => {
  const { call, response, options } = read;
  const { outcome } = options;
  try {
    if (!isEventText(text, response)) return fromResponse(text, options);
    const { bodyOf, collectFrames, framesToCompletion } = await import("#core/providers/frames-to-completion.ts");
    const frames = await collectFrames(chunksOf(bodyOf(text), call, options));
    return framesToCompletion(frames, outcome.usage === undefined ? undefined : toCompletionUsage(outcome.usage));
  } catch (error) {
    throw withOutcome(error, outcome);
  }
};

/** Makes one call of POST /v1/messages, streamed or not. @throws ProviderFailure */
export const exchange = async (call: ProviderCall, asked: Exchange): Promise<ProviderReply> => {
  const { completionId, model, request, signal } = call;
  const response = await (asked.post?.(asked) ?? postToAnthropic(call, "/v1/messages", asked));
  const outcome = newOutcome();
  const simulated = response.headers["x-provider-simulated"] !== undefined;
  const facts = { outcome, simulated, warnings: asked.warnings };
  const options = { completionId, model, createdSeconds: Math.floor(Date.now() / 1_000), outcome };
  if (request.stream === true) {
    const answer = await openAnswer("anthropic", response, signal);
    if (answer.isStream) {
      const frames = asked.frames?.(answer.body, options) ?? chunksOf(answer.body, call, options);
      return { kind: "stream", ...facts, frames, native: asked.native?.(undefined) };
    }
    // The whole answer at once, or an error in it.
    const text = await readAnswer("anthropic", answer.body, maxAnswerBytes, signal);
    return { kind: "completion", ...facts, completion: await completionOf(text, { call, response, options }) };
  }
  const text = await readBody("anthropic", response, maxAnswerBytes, signal);
  const completion = await completionOf(text, { call, response, options });
  const native = isEventText(text, response) ? undefined : asked.native?.(text);
  return { kind: "completion", ...facts, completion, native };
};
