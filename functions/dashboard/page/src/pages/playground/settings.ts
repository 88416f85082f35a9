import { type Signal, signal } from "@preact/signals";
import type { ChatMessage, ChatRequest } from "../../api/chat.ts";
import type { Model } from "../../api/models.ts";

/** What the playground sends in addition to the messages. Kept while the tab is open and the same user is signed in. */

/** The models that the key may call, once they are read. */
export const listedModels = signal<readonly Model[]>([]);

export const otherModel = "other";

const defaults = {
  model: "gpt",
  /** A model id that the user types, where `model` is `otherModel`. */
  customModel: "",
  system: "",
  temperature: "",
  maxTokens: "",
} as const;

type SettingName = keyof typeof defaults;

export const settings = Object.fromEntries(
  Object.entries(defaults).map(([name, value]) => [name, signal<string>(value)]),
) as Readonly<Record<SettingName, Signal<string>>>;

/** Puts every setting back to its default. */
export const resetSettings = (): void => {
  for (const [name, value] of Object.entries(defaults)) settings[name as SettingName].value = value;
};

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
