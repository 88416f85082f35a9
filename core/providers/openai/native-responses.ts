import { toProviderFailure } from "#core/providers/http-transport.ts";
import type { NativeRequest } from "#core/providers/native.ts";
import type { ChatCompletion, ProviderCall, ProviderOutcome, ProviderReply } from "#core/providers/provider.ts";
import { exchange } from "./exchange.ts";
import { toNativeRequest } from "./native-request.ts";
import { NativeTap, tappedEvents } from "./native-tap.ts";
import { fromResponsesAnswer, toCompletion } from "./responses-answer.ts";

/**
 * A request that came in the dialect of the Responses API, over POST <base>/responses: its answer leaves as it came, whole or
 * event by event, and is read only for what the gateway has to know.
 * @throws ProviderFailure
 */
export const nativeResponses = async (call: ProviderCall, native: NativeRequest): Promise<ProviderReply> => {
  const { provider, signal, completionId, model } = call;
  const { body, warnings } = toNativeRequest(call, native);
  const createdSeconds = Math.floor(Date.now() / 1_000);
  const optionsOf = (outcome: ProviderOutcome) => ({ completionId, model, createdSeconds, outcome });
  let tap: NativeTap | undefined;
  let whole: ChatCompletion | undefined;
  const streamed = (): ChatCompletion | undefined =>
    tap?.last === undefined ? undefined : toCompletion(tap.last, optionsOf({ ...tap.outcome }));
  return exchange(call, {
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
