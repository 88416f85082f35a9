import { anthropicProvider } from "#core/providers/anthropic/chat.ts";
import { type ProviderCall, ProviderFailure, type ProviderReply } from "#core/providers/provider.ts";

/** A failure of whoever speaks Anthropic's API, as the custom provider's. */
const asCustom = (error: unknown): unknown => {
  if (!(error instanceof ProviderFailure)) return error;
  const { kind, status, providerMessage, providerCode, param, retryAfterMs, reason } = error;
  const message = error.message.replace(/^anthropic\b/i, "custom");
  const options = { status, providerMessage, providerCode, param, retryAfterMs, reason, cause: error.cause };
  const failure = new ProviderFailure("custom", kind, message, options);
  failure.outcome = error.outcome;
  failure.handedOver = error.handedOver;
  return failure;
};

async function* framesOf(frames: AsyncIterable<Buffer | string>): AsyncGenerator<Buffer | string, void, undefined> {
  try {
    yield* frames;
  } catch (error) {
    throw asCustom(error);
  }
}

/** A custom provider that speaks Anthropic's Messages API. @throws ProviderFailure, or GatewayError before any call */
export const overMessages = async (call: ProviderCall): Promise<ProviderReply> => {
  try {
    const reply = await anthropicProvider.chat(call);
    return reply.kind === "stream" ? { ...reply, frames: framesOf(reply.frames) } : reply;
  } catch (error) {
    throw asCustom(error);
  }
};
