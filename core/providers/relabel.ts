import "#function";
import { type ProviderCall, ProviderFailure, type ProviderReply } from "./provider.ts";

/** A failure of an adapter that speaks another provider's API, as the failure of the provider that was asked. */
export const asFailureOf = (provider: ProviderCall["provider"], error: unknown): unknown => {
  if (!(error instanceof ProviderFailure) || error.provider === provider) return error;
  const { kind, status, providerMessage, providerCode, param, retryAfterMs, reason } = error;
  const message = error.message.replace(/^(anthropic|openai)\b/i, provider);
  const options = { status, providerMessage, providerCode, param, retryAfterMs, reason, cause: error.cause };
  const failure = new ProviderFailure(provider, kind, message, options);
  failure.outcome = error.outcome;
  failure.handedOver = error.handedOver;
  return failure;
};

async function* framesOf(
  provider: ProviderCall["provider"],
  frames: AsyncIterable<Buffer | string>,
): AsyncGenerator<Buffer | string, void, undefined> {
  try {
    yield* frames;
  } catch (error) {
    throw asFailureOf(provider, error);
  }
}

/** The reply of such an adapter. @throws what it throws, with the provider's own name */
export const relabeled = async (
  { provider }: Pick<ProviderCall, "provider">,
  reply: () => Promise<ProviderReply>,
): Promise<ProviderReply> => {
  try {
    const made = await reply();
    return made.kind === "stream" ? { ...made, frames: framesOf(provider, made.frames) } : made;
  } catch (error) {
    throw asFailureOf(provider, error);
  }
};
