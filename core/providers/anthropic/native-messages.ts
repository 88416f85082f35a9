import "#adapter";
import { framesToCompletion } from "#core/providers/frames-to-completion.ts";
import { toProviderFailure } from "#core/providers/http-transport.ts";
import type { NativeAnswer, NativeRequest } from "#core/providers/native.ts";
import type { ChatCompletion, ProviderCall, ProviderReply } from "#core/providers/provider.ts";
import { tappedEvents } from "#core/providers/tapped-events.ts";
import { type Exchange, exchange } from "./exchange.ts";
import { toNativeRequest } from "./native-request.ts";
import { NativeTap } from "./native-tap.ts";
import { toCompletionUsage, withEstimatedOutput } from "./usage.ts";

/** The frames of a tap; the usage of an answer that is left early is estimated. */
async function* passed(
  body: AsyncIterable<Buffer>,
  tap: NativeTap,
  call: ProviderCall,
): AsyncGenerator<Buffer | string, void, undefined> {
  try {
    yield* tappedEvents(body, tap, (error) => toProviderFailure("anthropic", error, call.signal));
  } finally {
    const { outcome } = tap;
    // Anthropic tells the output's size only at the end.
    if (!tap.ended && outcome.usage !== undefined) {
      outcome.usage = withEstimatedOutput(outcome.usage, outcome.outputCharacters);
    }
  }
}

const completionOf = (tap: NativeTap | undefined): ChatCompletion | undefined => {
  const frames = tap?.frames;
  const usage = tap?.outcome.usage;
  if (frames === undefined) return undefined;
  return framesToCompletion(frames, usage === undefined ? undefined : toCompletionUsage(usage));
};

/**
 * A request that came in Anthropic's own dialect: its answer leaves as it came, whole or event by event, and is read only for
 * what the gateway has to know.
 * @param post asks whoever else takes this body, such as Bedrock.
 * @throws ProviderFailure
 */
export const nativeMessages = async (
  call: ProviderCall,
  native: NativeRequest,
  post?: Exchange["post"],
): Promise<ProviderReply> => {
  const { body, headers, warnings } = toNativeRequest(call, native);
  let tap: NativeTap | undefined;
  let whole: ChatCompletion | undefined;
  const answer = (text: string | undefined): NativeAnswer => ({
    body: text,
    ownKey: call.credential.byok,
    completion: () => whole ?? completionOf(tap),
    state: () => tap?.state ?? {},
  });
  const stream = call.request.stream === true;
  const reply = await exchange(call, {
    body: { ...body, ...(stream ? { stream } : {}) },
    headers,
    warnings,
    frames: (bytes, options) => {
      tap = new NativeTap(options);
      return passed(bytes, tap, call);
    },
    native: answer,
    ...(post === undefined ? {} : { post }),
  });
  if (reply.kind === "completion") whole = reply.completion;
  return reply;
};
