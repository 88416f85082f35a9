import { signal } from "@preact/signals";
import type { ChatMessage, ChatRequest } from "../../api/chat.ts";
import type { Model } from "../../api/models.ts";

/** What the playground sends beside the messages. Kept while the tab is open, also over a visit to another page. */

/** The models that the key may call, once they are read. */
export const listedModels = signal<readonly Model[]>([]);

export const otherModel = "other";

export const settings = {
  model: signal("gpt"),
  /** A model id of the user's own, where `model` is `otherModel`. */
  customModel: signal(""),
  system: signal(""),
  temperature: signal(""),
  maxTokens: signal(""),
} as const;

export const chosenModel = (): string =>
  settings.model.value === otherModel ? settings.customModel.value.trim() : settings.model.value;

/** The request for a conversation. Empty settings are left to the model's own defaults. */
export const toChatRequest = (messages: readonly ChatMessage[]): ChatRequest => {
  const system = settings.system.value.trim();
  const temperature = settings.temperature.value;
  const maxTokens = settings.maxTokens.value;
  return {
    model: chosenModel(),
    messages: system === "" ? messages : [{ role: "system", content: system }, ...messages],
    ...(temperature === "" ? {} : { temperature: Number(temperature) }),
    ...(maxTokens === "" ? {} : { max_tokens: Number(maxTokens) }),
    stream: true,
    stream_options: { include_usage: true },
  };
};
