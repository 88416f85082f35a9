import { estimateTokens } from "#core/catalog/token-usage.ts";
import { inputCharacters } from "#core/chat/input-size.ts";
import type { ResponsesRequest } from "#core/schemas/responses.ts";
import type { JsonRecord } from "#core/values/records.ts";
import { toNativeBody } from "./native-body.ts";
import { responsesToChat } from "./to-chat.ts";

/** Members of a request to count that say something about the number. */
const members = [
  "input",
  "instructions",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "reasoning",
  "text",
  "truncation",
  "previous_response_id",
  "conversation",
] as const;

/** How the tokens of a request's input are counted. */
export interface InputTokens {
  /** The request as OpenAI counts it. */
  readonly body: JsonRecord;
  /** Our own estimate. @throws GatewayError for a request that can only be counted by OpenAI with the caller's key */
  readonly estimate: () => number;
}

/** @throws GatewayError for a request that nobody takes */
export const inputTokens = (request: ResponsesRequest): InputTokens => {
  const whole = toNativeBody(request);
  const translated = responsesToChat(request);
  return {
    body: Object.fromEntries(members.flatMap((name) => (name in whole ? [[name, whole[name]]] : []))),
    estimate: () => {
      const refusal = translated.untranslatable ?? translated.refusal;
      if (refusal !== undefined) throw refusal;
      return estimateTokens(inputCharacters(translated.request));
    },
  };
};
