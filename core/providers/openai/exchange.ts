import { isEventText, openAnswer, readAnswer } from "#core/providers/answer-body.ts";
import { askWithKey } from "#core/providers/ask-with-key.ts";
import {
  type ProviderResponse,
  postForWhole,
  postJson,
  readBody,
  type WholeResponse,
} from "#core/providers/http-transport.ts";
import type { NativeAnswer } from "#core/providers/native.ts";
import {
  type ChatCompletion,
  newOutcome,
  type ProviderCall,
  type ProviderOutcome,
  type ProviderReply,
  withOutcome,
} from "#core/providers/provider.ts";
import { failureFromResponse } from "./errors.ts";
import { toReportedUsage } from "./usage.ts";

const maxAnswerBytes = 32 * 1024 * 1024;
const maxErrorBytes = 256 * 1024;

/** How one of OpenAI's endpoints is asked, and how its answers are read. */
export interface Exchange {
  /** Below the base URL, such as `/chat/completions`. */
  readonly path: string;
  /** In addition to the key's. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body: Readonly<Record<string, unknown>>;
  /** Fields that were dropped or clamped. */
  readonly warnings: readonly string[];
  /** @throws ProviderFailure */
  readonly completion: (text: string, outcome: ProviderOutcome) => ChatCompletion;
  readonly frames: (body: AsyncIterable<Buffer>, outcome: ProviderOutcome) => AsyncIterable<Buffer | string>;
  /** Where the answer leaves in the dialect of the request. Asked once `frames` or `completion` has been called. */
  readonly native?: (body: string | undefined) => NativeAnswer;
}

/** Makes one call to an endpoint of OpenAI's shape, streamed or not. @throws ProviderFailure */
export const exchange = async (call: ProviderCall, asked: Exchange): Promise<ProviderReply> => {
  const { provider, request, credential, signal, timeouts } = call;
  const streamed = request.stream === true;
  const { url, headers, agent } = askWithKey(credential, asked.path, "authorization");
  const post = {
    provider,
    url,
    agent,
    headers: {
      ...headers,
      accept: streamed ? "text/event-stream" : "application/json",
      ...asked.headers,
    },
    body: JSON.stringify(asked.body),
    signal,
    timeouts,
  };
  const response = await (streamed ? postJson(post) : postForWhole(post, maxAnswerBytes));
  if (response.status !== 200) {
    const text = await readBody(provider, response, maxErrorBytes, signal);
    throw failureFromResponse(provider, response.status, response.headers, text);
  }
  return replyFrom(call, asked, response);
};

/** Reads the answer to what has been asked, which is a 200. @throws ProviderFailure */
export const replyFrom = async (
  { provider, request, signal }: ProviderCall,
  asked: Exchange,
  response: ProviderResponse | WholeResponse,
): Promise<ProviderReply> => {
  const outcome = newOutcome();
  const simulated = response.headers["x-provider-simulated"] === "true";
  const facts = { outcome, simulated, warnings: asked.warnings };
  if (request.stream === true && "body" in response) {
    const { isStream, body } = await openAnswer(provider, response, signal);
    if (isStream) {
      return { kind: "stream", frames: asked.frames(body, outcome), native: asked.native?.(undefined), ...facts };
    }
    // A provider that answers a stream request with one JSON body reports an error in it, or the whole answer.
    const text = await readAnswer(provider, body, maxAnswerBytes, signal);
    return { kind: "completion", completion: await completionOf(asked, response, text, outcome), ...facts };
  }
  const text = await readBody(provider, response, maxAnswerBytes, signal);
  const completion = await completionOf(asked, response, text, outcome);
  const native = isEventText(text, response) ? undefined : asked.native?.(text);
  return { kind: "completion", completion, native, ...facts };
};

/** A whole answer, also where it came as a stream that nobody asked for. @throws ProviderFailure */
const completionOf = async (
  asked: Exchange,
  response: Pick<ProviderResponse, "headers">,
  text: string,
  outcome: ProviderOutcome,
): Promise<ChatCompletion> => {
  try {
    if (!isEventText(text, response)) return asked.completion(text, outcome);
    const { bodyOf, collectFrames, framesToCompletion } = await import("#core/providers/frames-to-completion.ts");
    const frames = await collectFrames(asked.frames(bodyOf(text), outcome));
    const native = asked.native?.(undefined).completion();
    if (native !== undefined) return native;
    const { usage, reportedUsage } = outcome;
    return framesToCompletion(frames, usage === undefined ? undefined : toReportedUsage(reportedUsage, usage));
  } catch (error) {
    throw withOutcome(error, outcome);
  }
};
