import "#adapter";
import { toProviderFailure } from "#core/providers/http-transport.ts";
import type { NativeRequest } from "#core/providers/native.ts";
import type { ChatCompletion, ProviderCall, ProviderOutcome, ProviderReply } from "#core/providers/provider.ts";
import { tappedEvents } from "#core/providers/tapped-events.ts";
import { exchange } from "./exchange.ts";
import { toNativeRequest } from "./native-request.ts";
import { NativeTap } from "./native-tap.ts";
import { fromResponsesAnswer, malformed, parseResponse, toCompletion, toResponsesUsage } from "./responses-answer.ts";

/**
 * A request that came in the dialect of the Responses API, over POST <base>/responses: its answer leaves as it came, whole or
 * event by event, and is read only for what the gateway has to know.
 * @param ask makes the call, where the API is not asked as OpenAI's is
 * @throws ProviderFailure
 */
export const nativeResponses = async (
  call: ProviderCall,
  native: NativeRequest,
  ask: typeof exchange = exchange,
): Promise<ProviderReply> => {
  if (native.operation === "compact") return compactResponses(call, native);
  const { provider, signal, completionId, model } = call;
  const { body, warnings } = toNativeRequest(call, native);
  const createdSeconds = Math.floor(Date.now() / 1_000);
  const optionsOf = (outcome: ProviderOutcome) => ({ completionId, model, createdSeconds, outcome });
  let tap: NativeTap | undefined;
  let whole: ChatCompletion | undefined;
  const streamed = (): ChatCompletion | undefined =>
    tap?.last === undefined ? undefined : toCompletion(tap.last, optionsOf({ ...tap.outcome }));
  return ask(call, {
    path: "/responses",
    body,
    warnings,
    completion: (text, outcome) => {
      whole = fromResponsesAnswer(text, optionsOf(outcome));
      return whole;
    },
    frames: (bytes, outcome) => {
      tap = new NativeTap(outcome);
      return tappedEvents(bytes, tap, (error) => toProviderFailure(provider, error, signal));
    },
    native: (text) => ({
      body: text,
      ownKey: call.credential.byok,
      completion: () => whole ?? streamed(),
      state: () => tap?.state ?? {},
    }),
  });
};

/** A conversation made shorter by POST <base>/responses/compact. Its answer is no completion, but is paid like one. */
const compactResponses = (call: ProviderCall, native: NativeRequest): Promise<ProviderReply> => {
  const { body, warnings } = toNativeRequest(call, native);
  const { store: _, include: _include, stream: _stream, max_output_tokens: _limit, ...sent } = body;
  return exchange(call, {
    path: "/responses/compact",
    body: sent,
    warnings,
    completion: (text, outcome) => readCompaction(text, call, outcome),
    frames: () => {
      throw malformed("the compaction is a stream");
    },
    native: (text) => ({ body: text, ownKey: call.credential.byok, completion: () => undefined, state: () => ({}) }),
  });
};

const readCompaction = (
  text: string,
  { completionId, model }: ProviderCall,
  outcome: ProviderOutcome,
): ChatCompletion => {
  const { usage, output } = parseResponse(text);
  outcome.usage = toResponsesUsage(usage);
  outcome.finishReason = "stop";
  outcome.contentStarted = true;
  outcome.outputCharacters = JSON.stringify(output).length;
  const message = { role: "assistant" as const, content: "", refusal: null };
  return {
    id: completionId,
    object: "chat.completion",
    created: 0,
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: "stop" }],
  };
};
