import { findModel } from "#core/catalog/resolve.ts";
import type { SentHeaders, TranslatedRequest } from "#core/dialects/dialect.ts";
import { GatewayError } from "#core/errors.ts";
import { warningNames } from "#core/providers/warnings.ts";
import type { ChatMessage, ChatRequest } from "#core/schemas/chat.ts";
import type { MessagesRequest } from "#core/schemas/messages.ts";
import { betaNames, leaveOut, toEffort, toResponseFormat, toUser } from "./fields.ts";
import { ToolNames } from "./tool-names.ts";
import { toChatChoice, toChatTools } from "./tools.ts";
import { Translation } from "./translation.ts";
import { toChatMessages } from "./turns.ts";
import { userParts } from "./user-parts.ts";

const systemMessages = ({ system }: MessagesRequest, translation: Translation): ChatMessage[] => {
  if (system === null || system === undefined || system === "") return [];
  if (typeof system === "string") return [{ role: "system", content: system }];
  const parts = userParts(system, "system", translation).filter((part) => part.type === "text");
  return parts.length === 0 ? [] : [{ role: "system", content: parts }];
};

const samplingOf = ({ temperature, top_p, top_k }: MessagesRequest): Partial<ChatRequest> => ({
  ...(typeof temperature === "number" ? { temperature } : {}),
  ...(typeof top_p === "number" ? { top_p } : {}),
  ...(typeof top_k === "number" ? { top_k } : {}),
});

/** Agents ask every model for what the newest Claude could write. */
const toMaxTokens = ({ model, max_tokens: wanted }: MessagesRequest, translation: Translation): number => {
  const limit = findModel(model)?.maxOutputTokens ?? wanted;
  if (wanted > limit) translation.drop("max_tokens");
  return Math.min(wanted, limit);
};

const streaming = ({ stream }: MessagesRequest): Partial<ChatRequest> =>
  stream === true ? { stream: true, stream_options: { include_usage: true } } : {};

/**
 * Anthropic's request as a chat completion. What has no counterpart is left out and named.
 * @throws GatewayError for what no target could take
 */
export const toChat = (body: MessagesRequest, headers: SentHeaders): TranslatedRequest => {
  const translation = new Translation();
  const names = new ToolNames(body);
  const messages = [...systemMessages(body, translation), ...toChatMessages(body.messages, names, translation)];
  if (messages.length === 0) {
    throw new GatewayError("BAD_REQUEST", "messages must have some content.", { param: "messages" });
  }
  const tools = toChatTools(body, names, translation);
  const effort = toEffort(body);
  const stop = (body.stop_sequences ?? []).filter((sequence) => sequence !== "");
  leaveOut(body, translation);
  for (const name of betaNames(headers["anthropic-beta"])) translation.drop(name);
  const request: ChatRequest = {
    model: body.model,
    messages,
    max_completion_tokens: toMaxTokens(body, translation),
    ...streaming(body),
    ...samplingOf(body),
    ...(stop.length === 0 ? {} : { stop }),
    ...(tools.length === 0 ? {} : { tools }),
    ...toChatChoice(body, tools, names, translation),
    ...toResponseFormat(body),
    ...(effort === undefined ? {} : { reasoning_effort: effort }),
    ...toUser(body),
    ...(body.cache_control === undefined || body.cache_control === null ? {} : { cache_control: body.cache_control }),
  };
  return { request, warnings: warningNames(translation.dropped), refusal: translation.refusal };
};
