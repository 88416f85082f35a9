import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import { estimateTokens } from "#core/catalog/token-usage.ts";
import { inputCharacters } from "#core/chat/input-size.ts";
import type { SentHeaders } from "#core/dialects/dialect.ts";
import { type CountCall, countTokens } from "#core/providers/anthropic/count-tokens.ts";
import { speaksDialect } from "#core/providers/native.ts";
import { ProviderFailure, withoutKeyOf } from "#core/providers/provider.ts";
import { asFailureOf } from "#core/providers/relabel.ts";
import type { CountTokensRequest } from "#core/schemas/messages.ts";
import { messagesPassage } from "./native.ts";
import { toChat } from "./to-chat.ts";

/** Servers that speak the dialect need not count. */
const noSuchPath: ReadonlySet<number | undefined> = new Set([404, 405]);

export interface TokenCount {
  readonly tokens: number;
  /** Ours rather than the provider's. */
  readonly estimated: boolean;
}

/** Who would answer the message. */
export interface Counter extends Omit<CountCall, "credential"> {
  readonly provider: ChatProviderId;
  readonly credential: CountCall["credential"] | undefined;
}

/**
 * The input tokens of a message: the count of Anthropic, or of a custom provider that speaks its API, for their models, else
 * our estimate, also where they do not count, or have no time for us. @throws GatewayError for what nobody may be asked; ProviderFailure for a request that they refuse
 */
export const countInput = async (
  asked: CountTokensRequest,
  headers: SentHeaders,
  { provider, credential, ...call }: Counter,
): Promise<TokenCount> => {
  const body = { ...asked, max_tokens: 1 };
  const { request, refusal } = toChat(body, headers);
  const speaks =
    credential !== undefined && speaksDialect({ provider, providerModel: call.model }, "messages", credential);
  if (refusal !== undefined && !(speaks && credential.byok)) throw refusal;
  const estimate: TokenCount = { tokens: estimateTokens(inputCharacters(request)), estimated: true };
  // Bedrock counts in a call of its own.
  if (!speaks || provider === "bedrock") return estimate;
  const { name: dialect, body: toBody, cutFrames } = messagesPassage;
  try {
    const native = { dialect, body: toBody(body), headers, refusal, cutFrames };
    return { tokens: await countTokens({ ...call, credential }, native), estimated: false };
  } catch (thrown) {
    const error = asFailureOf(provider, withoutKeyOf(thrown, credential));
    const isFault = error instanceof ProviderFailure && error.kind === "request" && !noSuchPath.has(error.status);
    if (isFault || !(error instanceof ProviderFailure)) throw error;
    return estimate;
  }
};
