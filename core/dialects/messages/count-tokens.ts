import { estimateTokens } from "#core/catalog/token-usage.ts";
import { inputCharacters } from "#core/chat/input-size.ts";
import type { SentHeaders } from "#core/dialects/dialect.ts";
import type { CountTokensRequest } from "#core/schemas/messages.ts";
import { toChat } from "./to-chat.ts";

/** Our own estimate of a request's input. @throws GatewayError for a request that no model takes */
export const estimateInput = (body: CountTokensRequest, headers: SentHeaders): number => {
  const { request } = toChat({ ...body, max_tokens: 1 }, headers);
  return estimateTokens(inputCharacters(request));
};
