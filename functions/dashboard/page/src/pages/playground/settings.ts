import { type Signal, signal } from "@preact/signals";
import type { ChatMessage, ChatRequest } from "../../api/chat.ts";
import type { Model } from "../../api/models.ts";
import { readTools } from "./tool-calls.ts";

/** What the playground sends in addition to the messages. Kept with the conversation. */

/** The models that the caller may use, once they are read. */
export const listedModels = signal<readonly Model[]>([]);

const defaults = { system: "", temperature: "", topP: "", maxTokens: "", tools: "" } as const;

type SettingName = keyof typeof defaults;
export type KeptSettings = Readonly<Partial<Record<SettingName, string>>>;

export const settings = Object.fromEntries(
  Object.entries(defaults).map(([name, value]) => [name, signal<string>(value)]),
) as Readonly<Record<SettingName, Signal<string>>>;

/** Settings as they were kept; every other one at its default. */
export const setSettings = (kept: KeptSettings): void => {
  for (const [name, value] of Object.entries({ ...defaults, ...kept })) {
    if (Object.hasOwn(settings, name)) settings[name as SettingName].value = value;
  }
};

export const readSettings = (): KeptSettings =>
  Object.fromEntries(Object.entries(settings).map(([name, { value }]) => [name, value]));

/** How many settings differ from the defaults. */
export const changedSettings = (): number => Object.values(settings).filter(({ value }) => value.trim() !== "").length;

const numberOf = (name: string, text: string): Readonly<Record<string, number>> =>
  text === "" ? {} : { [name]: Number(text) };

/** The request for a conversation. Empty settings are left to the model's own defaults. */
export const toChatRequest = (model: string, messages: readonly ChatMessage[]): ChatRequest => {
  const system = settings.system.value.trim();
  const { tools = [] } = readTools(settings.tools.value);
  return {
    model,
    messages: system === "" ? messages : [{ role: "system", content: system }, ...messages],
    ...numberOf("temperature", settings.temperature.value),
    ...numberOf("top_p", settings.topP.value),
    ...numberOf("max_tokens", settings.maxTokens.value),
    ...(tools.length === 0 ? {} : { tools }),
    stream: true,
    stream_options: { include_usage: true },
  };
};
