import { beginsAsEvents, openAnswer, readAnswer } from "#core/providers/answer-body.ts";
import { type ProviderResponse, postJson, readBody, toProviderFailure } from "#core/providers/http-transport.ts";
import {
  type ChatCompletion,
  type ChatProvider,
  newOutcome,
  type ProviderCall,
  type ProviderOutcome,
  type ProviderReply,
  withOutcome,
} from "#core/providers/provider.ts";
import { failureFromResponse } from "./errors.ts";
import { fromResponse, type ResponseOptions } from "./from-response.ts";
import { StreamTranslator } from "./from-stream.ts";
import { readStream } from "./read-stream.ts";
import { toRequest } from "./to-request.ts";
import { toCompletionUsage } from "./usage.ts";

/** The newer version (2026-10-21) refuses temperature, top_p and top_k for every model. */
const apiVersion = "2023-06-01";
const maxAnswerBytes = 32 * 1024 * 1024;
const maxErrorBytes = 256 * 1024;

const messagesUrl = (baseUrl: string): string =>
  `${baseUrl.endsWith("/") ? baseUrl.slice(0, -1) : baseUrl}/v1/messages`;

const post = (call: ProviderCall, body: string): Promise<ProviderResponse> =>
  postJson({
    provider: "anthropic",
    url: messagesUrl(call.credential.baseUrl),
    headers: { accept: "application/json", "anthropic-version": apiVersion, "x-api-key": call.credential.apiKey },
    body,
    signal: call.signal,
    timeouts: call.timeouts,
  });

const errorBody = async (call: ProviderCall, response: ProviderResponse): Promise<string> => {
  try {
    return await readBody("anthropic", response, maxErrorBytes, call.signal);
  } catch (error) {
    const failure = toProviderFailure("anthropic", error, call.signal);
    if (failure.kind === "aborted") throw failure;
    // The status is worth more to routing than the fault in the error's body.
    return "";
  }
};

/** How the body of a good answer is read. */
interface AnswerReading {
  readonly call: ProviderCall;
  readonly outcome: ProviderOutcome;
  readonly options: ResponseOptions;
}

const framesOf = (body: AsyncIterable<Buffer>, { call, outcome, options }: AnswerReading): AsyncGenerator<string> =>
  readStream({
    body,
    translator: new StreamTranslator(options),
    outcome,
    toFailure: (error) => toProviderFailure("anthropic", error, call.signal),
  });

/** A whole answer, also where it came as a stream that nobody asked for. @throws ProviderFailure */
const completionOf = async (text: string, reading: AnswerReading): Promise<ChatCompletion> => {
  const { outcome, options } = reading;
  try {
    if (!beginsAsEvents(text)) return fromResponse(text, options);
    const { bodyOf, collectFrames, framesToCompletion } = await import("#core/providers/frames-to-completion.ts");
    const frames = await collectFrames(framesOf(bodyOf(text), reading));
    return framesToCompletion(frames, outcome.usage === undefined ? undefined : toCompletionUsage(outcome.usage));
  } catch (error) {
    throw withOutcome(error, outcome);
  }
};

/** Anthropic's Messages API behind the gateway's interface. */
export const anthropicProvider: ChatProvider = {
  async chat(call: ProviderCall): Promise<ProviderReply> {
    const { completionId, model, request, signal } = call;
    const { body, warnings } = toRequest(request, { model, byok: call.credential.byok });
    const response = await post(call, JSON.stringify(body));
    if (response.status !== 200) {
      throw failureFromResponse(response.status, await errorBody(call, response), response.headers);
    }
    const outcome = newOutcome();
    const facts = { outcome, simulated: response.headers["x-provider-simulated"] !== undefined, warnings };
    const options = { completionId, model, createdSeconds: Math.floor(Date.now() / 1_000), outcome };
    const reading = { call, outcome, options };
    if (request.stream === true) {
      const answer = await openAnswer("anthropic", response, signal);
      if (answer.isStream) return { kind: "stream", ...facts, frames: framesOf(answer.body, reading) };
      // The whole answer at once, or an error in it.
      const text = await readAnswer("anthropic", answer.body, maxAnswerBytes, signal);
      return { kind: "completion", ...facts, completion: await completionOf(text, reading) };
    }
    const text = await readBody("anthropic", response, maxAnswerBytes, signal);
    return { kind: "completion", ...facts, completion: await completionOf(text, reading) };
  },
};
