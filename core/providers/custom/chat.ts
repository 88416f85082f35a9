import "#adapter";
import { type RequestShape, shapeRequest } from "#core/providers/compatible/shape-request.ts";
import { type MessageRules, plainRules } from "#core/providers/openai/messages.ts";
import { openAiShaped } from "#core/providers/openai/openai-shaped.ts";
import type { ChatProvider, ProviderCall } from "#core/providers/provider.ts";
import { limitField } from "./limit-field.ts";

/**
 * A caller's own provider, by its address. Most of what speaks OpenAI's chat completions knows more fields or fewer than
 * OpenAI; since the caller's key pays, everything passes, except what most servers refuse.
 */

const rules: MessageRules = {
  ...plainRules,
  developerRole: false,
  toolParts: true,
  ownFields: ["reasoning_content"],
};

/** Mistral refuses every field that it does not know: `stream_options`, `max_completion_tokens`, `reasoning_content`. */
const refusesUnknown = (host: string): boolean => /(^|\.)mistral\.ai$/.test(host);

const hostOf = ({ credential }: ProviderCall): string => new URL(credential.baseUrl).hostname;

const shape: RequestShape = {
  provider: "custom",
  rules,
  rulesFor: (call) => (refusesUnknown(hostOf(call)) ? { ...rules, ownFields: [] } : rules),
  write: (body, { open }, call) => {
    const host = hostOf(call);
    const limit = open.max_completion_tokens ?? open.max_tokens;
    if (limit !== undefined) body[limitField(host)] = limit;
    if (refusesUnknown(host)) delete body.stream_options;
  },
};

const overChatCompletions = openAiShaped({
  provider: "custom",
  reasoning: "included",
  toRequest: (call) => shapeRequest(shape, call),
});

export const customProvider: ChatProvider = {
  chat: async (call) => {
    if (call.credential.custom?.protocol !== "anthropic") return overChatCompletions.chat(call);
    const [{ anthropicProvider }, { relabeled }] = await Promise.all([
      import("#core/providers/anthropic/chat.ts"),
      import("#core/providers/relabel.ts"),
    ]);
    return relabeled(call, () => anthropicProvider.chat(call));
  },
};
