import { postJson, readBody, toProviderFailure } from "#core/providers/http-transport.ts";
import {
  type ChatProvider,
  newOutcome,
  type ProviderCall,
  type ProviderOutcome,
  type ProviderReply,
  withOutcome,
} from "#core/providers/provider.ts";
import type { Dialect } from "./dialect.ts";
import { failureFromResponse } from "./errors.ts";
import { readCompletion } from "./from-response.ts";
import { StreamTap } from "./stream-tap.ts";

const maxAnswerBytes = 32 * 1024 * 1024;
const maxErrorBytes = 256 * 1024;

/** The frames of a response's body through a tap. A broken end after a whole answer is none. @throws ProviderFailure */
export async function* tappedFrames(
  call: Pick<ProviderCall, "provider" | "signal" | "request">,
  body: AsyncIterable<Buffer>,
  tap: StreamTap,
  outcome: ProviderOutcome,
): AsyncGenerator<Buffer | string, void, undefined> {
  try {
    for await (const bytes of body) {
      const ready = tap.push(bytes);
      if (ready.length > 0) yield ready;
      tap.throwFault();
    }
  } catch (error) {
    const failure = toProviderFailure(call.provider, error, call.signal);
    const isWhole = outcome.finishReason !== undefined && (call.request.n ?? 1) === 1;
    // How the connection ended after a whole answer is nothing that the caller could act on.
    if (!isWhole || failure.kind === "aborted") throw failure;
    return;
  }
  const rest = tap.end();
  if (rest.length > 0) yield rest;
}

/** One call of POST <base>/chat/completions in a provider's dialect. @throws ProviderFailure, or GatewayError before any call */
const chat = async (dialect: Dialect, call: ProviderCall): Promise<ProviderReply> => {
  const { provider, request, credential, signal, timeouts } = call;
  const { body, warnings } = await dialect.toRequest(call);
  const streamed = request.stream === true;
  const response = await postJson({
    provider,
    url: `${credential.baseUrl}/chat/completions`,
    headers: {
      authorization: `Bearer ${credential.apiKey}`,
      accept: streamed ? "text/event-stream" : "application/json",
      ...dialect.headers,
    },
    body: JSON.stringify(body),
    signal,
    timeouts,
  });
  if (response.status !== 200) {
    const text = await readBody(provider, response, maxErrorBytes, signal);
    throw failureFromResponse(provider, response.status, response.headers, text);
  }
  const outcome = newOutcome();
  const facts = { outcome, simulated: response.headers["x-provider-simulated"] === "true", warnings };
  const options = { provider, outcome, reasoning: dialect.reasoning, rewriter: dialect.newAnswer?.(call) };
  const isStream = response.headers["content-type"]?.includes("text/event-stream") === true;
  if (!streamed || !isStream) {
    // A provider that answers a stream request with one JSON body has an error to tell.
    const text = await readBody(provider, response, maxAnswerBytes, signal);
    try {
      return { kind: "completion", completion: readCompletion(text, options), ...facts };
    } catch (error) {
      throw withOutcome(error, outcome);
    }
  }
  return { kind: "stream", frames: tappedFrames(call, response.body, new StreamTap(options), outcome), ...facts };
};

/** A provider that speaks OpenAI's chat completions, in its own dialect. */
export const openAiShaped = (dialect: Dialect): ChatProvider => ({ chat: (call) => chat(dialect, call) });
