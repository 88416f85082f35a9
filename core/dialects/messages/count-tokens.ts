import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import { estimateTokens } from "#core/catalog/token-usage.ts";
import { inputCharacters } from "#core/chat/input-size.ts";
import type { SentHeaders } from "#core/dialects/dialect.ts";
import { type CountCall, countTokens } from "#core/providers/anthropic/count-tokens.ts";
import { ProviderFailure } from "#core/providers/provider.ts";
import type { CountTokensRequest } from "#core/schemas/messages.ts";
import { messagesPassage } from "./native.ts";
import { toChat } from "./to-chat.ts";

export interface TokenCount {
  readonly tokens: number;
  /** Ours rather than Anthropic's. */
  readonly estimated: boolean;
}

/** Who would answer the message. */
export interface Counter extends Omit<CountCall, "credential"> {
  readonly provider: ChatProviderId;
  readonly credential: CountCall["credential"] | undefined;
}

/**
 * The input tokens of a message: Anthropic's own count for Claude models, else our estimate, also where Anthropic has no time
 * for us. @throws GatewayError for what nobody may be asked; ProviderFailure for a request that Anthropic refuses
 */
export const countInput = async (
  asked: CountTokensRequest,
  headers: SentHeaders,
  { provider, credential, ...call }: Counter,
): Promise<TokenCount> => {
  const body = { ...asked, max_tokens: 1 };
  const { request, refusal } = toChat(body, headers);
  const isNative = provider === "anthropic" && credential !== undefined;
  if (refusal !== undefined && !(isNative && credential.byok)) throw refusal;
  const estimate: TokenCount = { tokens: estimateTokens(inputCharacters(request)), estimated: true };
  if (!isNative) return estimate;
  const { name: dialect, body: toBody, cutFrames } = messagesPassage;
  try {
    const native = { dialect, body: toBody(body), headers, refusal, cutFrames };
    return { tokens: await countTokens({ ...call, credential }, native), estimated: false };
  } catch (error) {
    const isFault = error instanceof ProviderFailure && error.kind === "request" && error.status !== 404;
    if (isFault || !(error instanceof ProviderFailure)) throw error;
    return estimate;
  }
};
