import type { CatalogModel } from "./model.ts";
import { anthropicModels } from "./models-anthropic.ts";
import { googleModels } from "./models-google.ts";
import { openAiModels } from "./models-openai.ts";
import { otherModels } from "./models-others.ts";

/**
 * The catalogue of chat models. Ids match exactly; prices are the vendors' list prices as of 2026-11-29, compared with two
 * published tables by `npm run operator -- check-models` (docs/operations/models.md). Where the vendor's day is not known,
 * `since` is the first one on which a source lists the model. What is not here passes through with an unknown cost.
 */
export const models: readonly CatalogModel[] = [...openAiModels, ...anthropicModels, ...googleModels, ...otherModels];

/**
 * Short names of the contract, and ids whose model the provider has shut down, each with the model that serves it. A name
 * leads to the documented model while its provider serves it, else to the successor; `X-Model-Used` tells which.
 */
export const aliases: Readonly<Record<string, string>> = {
  gpt: "gpt-5.2",
  claude: "claude-sonnet-4-5-20250929",
  gemini: "gemini-3.1-pro-preview",
  grok: "grok-4.3",
  deepseek: "deepseek/deepseek-v3.2",
  kimi: "moonshotai/kimi-k2.6",
  mistral: "mistralai/mistral-large-2512",
  llama: "meta-llama/llama-4-maverick",
  minimax: "MiniMax-M3",
};

/** Documented ids that were shut down, or dated forms of a catalogue id. */
export const successors: Readonly<Record<string, string>> = {
  "o4-mini": "gpt-5.6-terra",
  "gemini-3-pro-preview": "gemini-3.1-pro-preview",
  "grok-4-1-fast": "grok-4.3",
  "MiniMax-M2.7": "MiniMax-M3",
  "MiniMax-M2.7-highspeed": "MiniMax-M3",
  "MiniMax-M2.5": "MiniMax-M3",
  "MiniMax-M2.5-highspeed": "MiniMax-M3",
  "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
  "claude-haiku-4-5": "claude-haiku-4-5-20251001",
  "claude-opus-4-5": "claude-opus-4-5-20251101",
};
