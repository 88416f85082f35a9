import { above, ends, model, prices } from "./define-model.ts";
import type {
  CatalogModel,
  Deprecation,
  LongContextPrices,
  Modality,
  ModelCapabilities,
  NextPrices,
  TokenPrices,
} from "./model.ts";

/**
 * The catalogue of chat models. Ids match exactly; prices are the vendors' list prices as of 2026-11-22 and are compared
 * with an independent price table by `npm run operator -- check-prices`. What is not here passes through with an unknown cost.
 */

const textImage: readonly Modality[] = ["text", "image"];
const textImageFile: readonly Modality[] = ["text", "image", "file"];
/** Gemini reads files too, but not over the endpoint that we call. */
const textImageAudio: readonly Modality[] = ["text", "image", "audio"];
const textOnly: readonly Modality[] = ["text"];

const reasoner: ModelCapabilities = { tools: true, reasoning: true, jsonSchema: true };
const plain: ModelCapabilities = { tools: true, reasoning: false, jsonSchema: true };
const noSchema: ModelCapabilities = { tools: true, reasoning: true, jsonSchema: false };

interface More {
  readonly long?: LongContextPrices;
  readonly next?: NextPrices;
  readonly deprecated?: Deprecation;
}

const gpt = (id: string, name: string, since: string, context: number, price: TokenPrices, more: More = {}) =>
  model("openai", id, {
    name,
    context,
    output: 128_000,
    prices: price,
    ...more,
    input: textImageFile,
    can: reasoner,
    since,
  });

const claude = (
  id: string,
  name: string,
  since: string,
  context: number,
  output: number,
  price: TokenPrices,
  long?: LongContextPrices,
) =>
  model("anthropic", id, {
    name,
    context,
    output,
    prices: price,
    ...(long === undefined ? {} : { long }),
    input: textImageFile,
    can: reasoner,
    since,
  });

const gemini = (id: string, name: string, since: string, price: TokenPrices, more: More = {}) =>
  model("google", id, {
    name,
    context: 1_048_576,
    output: 65_536,
    prices: price,
    ...more,
    input: textImageAudio,
    can: reasoner,
    since,
  });

const grok = (id: string, name: string, since: string, context: number, price: TokenPrices, long?: LongContextPrices) =>
  model("x-ai", id, {
    name,
    context,
    output: 64_000,
    prices: price,
    ...(long === undefined ? {} : { long }),
    input: textImage,
    can: reasoner,
    since,
  });

const routed = (
  id: string,
  name: string,
  since: string,
  context: number,
  output: number,
  price: TokenPrices,
  input = textOnly,
  can = plain,
) => model("openrouter", id, { name, context, output, prices: price, input, can, since });

/** Announced with the models: their first prices end with the year. */
const flashIn2027: More = { next: { from: "2027-01-01", prices: prices(1.5, 7.5, 0.15) } };

export const models: readonly CatalogModel[] = [
  gpt("gpt-6-astra", "GPT-6 Astra", "2026-10-01", 1_050_000, prices(10, 50, 1, 12.5), {
    long: above(271_999, prices(20, 75, 2, 25)),
  }),
  gpt("gpt-6-sol", "GPT-6 Sol", "2026-10-01", 1_050_000, prices(2, 10, 0.2, 2.5), {
    long: above(272_000, prices(4, 15, 0.4, 5)),
  }),
  gpt("gpt-6-luna", "GPT-6 Luna", "2026-10-01", 1_050_000, prices(0.1, 0.5, 0.01, 0.125), {
    long: above(272_000, prices(0.2, 0.75, 0.02, 0.25)),
  }),
  gpt("gpt-5.6-sol", "GPT-5.6 Sol", "2026-07-01", 1_050_000, prices(4, 20, 0.4, 5), {
    long: above(271_999, prices(8, 30, 0.8, 10)),
  }),
  gpt("gpt-5.6-terra", "GPT-5.6 Terra", "2026-07-01", 1_050_000, prices(2, 12, 0.2, 2.5), {
    long: above(271_999, prices(4, 18, 0.4, 5)),
  }),
  gpt("gpt-5.6-luna", "GPT-5.6 Luna", "2026-07-01", 1_050_000, prices(0.2, 1.2, 0.02, 0.25), {
    long: above(271_999, prices(0.4, 1.8, 0.04, 0.5)),
  }),
  gpt("gpt-5.5", "GPT-5.5", "2026-05-01", 1_000_000, prices(5, 30, 0.5), { long: above(271_999, prices(10, 45, 1)) }),
  gpt("gpt-5.4", "GPT-5.4", "2026-03-01", 1_050_000, prices(2.5, 15, 0.25), {
    long: above(271_999, prices(5, 22.5, 0.5)),
  }),
  gpt("gpt-5.4-mini", "GPT-5.4 mini", "2026-03-01", 400_000, prices(0.75, 4.5, 0.075)),
  gpt("gpt-5.4-nano", "GPT-5.4 nano", "2026-03-01", 400_000, prices(0.2, 1.25, 0.02)),
  gpt("gpt-5.3-codex", "GPT-5.3 Codex", "2026-02-05", 400_000, prices(1.75, 14, 0.175)),
  gpt("gpt-5.2", "GPT-5.2", "2025-12-11", 400_000, prices(1.75, 14, 0.175)),
  gpt("gpt-5.1", "GPT-5.1", "2025-11-13", 400_000, prices(1.25, 10, 0.125)),
  gpt("gpt-5", "GPT-5", "2025-08-07", 400_000, prices(1.25, 10, 0.125), {
    deprecated: ends("2026-06-11", "2026-12-11", "gpt-5.6-sol"),
  }),
  gpt("gpt-5-mini", "GPT-5 mini", "2025-08-07", 400_000, prices(0.25, 2, 0.025), {
    deprecated: ends("2026-06-11", "2026-12-11", "gpt-5.6-terra"),
  }),
  gpt("gpt-5-nano", "GPT-5 nano", "2025-08-07", 400_000, prices(0.05, 0.4, 0.005), {
    deprecated: ends("2026-06-11", "2026-12-11", "gpt-5.6-luna"),
  }),
  model("openai", "o3", {
    name: "o3",
    context: 200_000,
    output: 100_000,
    prices: prices(2, 8, 0.5),
    input: textImageFile,
    can: reasoner,
    since: "2025-04-16",
    deprecated: ends("2026-06-11", "2026-12-11", "gpt-5.6-sol"),
  }),
  model("openai", "gpt-4.1", {
    name: "GPT-4.1",
    context: 1_000_000,
    output: 32_768,
    prices: prices(2, 8, 0.5),
    input: textImageFile,
    can: plain,
    since: "2025-04-14",
    deprecated: ends("2026-10-14", "2027-01-14", "gpt-6-luna"),
  }),
  model("openai", "gpt-4.1-mini", {
    name: "GPT-4.1 mini",
    context: 1_000_000,
    output: 32_768,
    prices: prices(0.4, 1.6, 0.1),
    input: textImageFile,
    can: plain,
    since: "2025-04-14",
    deprecated: ends("2026-10-14", "2027-01-14", "gpt-6-luna"),
  }),
  model("openai", "gpt-4o", {
    name: "GPT-4o",
    context: 128_000,
    output: 16_384,
    prices: prices(2.5, 10, 1.25),
    input: textImageFile,
    can: plain,
    since: "2024-05-13",
    deprecated: ends("2026-10-14", "2027-01-14", "gpt-6-luna"),
  }),
  model("openai", "gpt-4o-mini", {
    name: "GPT-4o mini",
    context: 128_000,
    output: 16_384,
    prices: prices(0.15, 0.6, 0.075),
    input: textImageFile,
    can: plain,
    since: "2024-07-18",
    deprecated: ends("2026-10-14", "2027-01-14", "gpt-6-luna"),
  }),

  claude("claude-opus-5-5", "Claude Opus 5.5", "2026-11-01", 1_000_000, 128_000, prices(4, 20, 0.2, 5, 8)),
  claude("claude-fable-5-1", "Claude Fable 5.1", "2026-10-01", 1_000_000, 128_000, prices(10, 50, 0.25, 12.5, 20)),
  claude("claude-fable-5", "Claude Fable 5", "2026-07-01", 1_000_000, 128_000, prices(10, 50, 1, 12.5, 20)),
  claude("claude-opus-5", "Claude Opus 5", "2026-08-01", 1_000_000, 128_000, prices(5, 25, 0.5, 6.25, 10)),
  claude("claude-sonnet-5", "Claude Sonnet 5", "2026-08-01", 1_000_000, 128_000, prices(2, 10, 0.2, 2.5, 4)),
  claude("claude-opus-4-8", "Claude Opus 4.8", "2026-06-01", 1_000_000, 128_000, prices(5, 25, 0.5, 6.25, 10)),
  claude("claude-opus-4-7", "Claude Opus 4.7", "2026-04-01", 1_000_000, 128_000, prices(5, 25, 0.5, 6.25, 10)),
  claude("claude-opus-4-6", "Claude Opus 4.6", "2026-02-05", 1_000_000, 128_000, prices(5, 25, 0.5, 6.25, 10)),
  claude("claude-sonnet-4-6", "Claude Sonnet 4.6", "2026-02-17", 1_000_000, 128_000, prices(3, 15, 0.3, 3.75, 6)),
  claude(
    "claude-sonnet-4-5-20250929",
    "Claude Sonnet 4.5",
    "2025-09-29",
    200_000,
    64_000,
    prices(3, 15, 0.3, 3.75, 6),
    above(200_000, prices(6, 22.5, 0.6, 7.5, 12)),
  ),
  claude("claude-haiku-4-5-20251001", "Claude Haiku 4.5", "2025-10-01", 200_000, 64_000, prices(1, 5, 0.1, 1.25, 2)),

  gemini("gemini-3.8-flash", "Gemini 3.8 Flash", "2026-10-01", prices(0.75, 3.75, 0.075), flashIn2027),
  gemini("gemini-3.7-flash", "Gemini 3.7 Flash", "2026-09-01", prices(0.75, 3.75, 0.075), flashIn2027),
  gemini("gemini-3.6-flash", "Gemini 3.6 Flash", "2026-08-01", prices(0.75, 3.75, 0.075), flashIn2027),
  gemini("gemini-3.5-flash", "Gemini 3.5 Flash", "2026-05-01", prices(1.5, 9, 0.15)),
  gemini("gemini-3.5-flash-lite", "Gemini 3.5 Flash-Lite", "2026-06-01", prices(0.3, 2.5, 0.03)),
  gemini("gemini-3.1-pro-preview", "Gemini 3.1 Pro Preview", "2026-02-19", prices(2, 12, 0.2), {
    long: above(200_000, prices(4, 18, 0.4)),
  }),
  gemini("gemini-3.1-flash-lite", "Gemini 3.1 Flash-Lite", "2026-03-03", prices(0.25, 1.5, 0.025)),
  gemini("gemini-2.5-pro", "Gemini 2.5 Pro", "2025-06-17", prices(1.25, 10, 0.125), {
    long: above(200_000, prices(2.5, 15, 0.25)),
  }),
  gemini("gemini-2.5-flash", "Gemini 2.5 Flash", "2025-06-17", prices(0.3, 2.5, 0.03)),
  gemini("gemini-2.5-flash-lite", "Gemini 2.5 Flash-Lite", "2025-07-22", prices(0.1, 0.4, 0.01)),

  grok("grok-4.6", "Grok 4.6", "2026-09-01", 500_000, prices(2, 6, 0.5), above(199_999, prices(4, 12, 1))),
  grok("grok-4.5", "Grok 4.5", "2026-07-01", 500_000, prices(2, 6, 0.3), above(199_999, prices(4, 12, 0.6))),
  grok("grok-4.3", "Grok 4.3", "2026-05-01", 1_000_000, prices(1.25, 2.5, 0.2), above(199_999, prices(2.5, 5, 0.4))),

  routed("deepseek/deepseek-v3.2", "DeepSeek V3.2", "2025-12-01", 163_840, 65_536, prices(0.2288, 0.3432)),
  routed(
    "deepseek/deepseek-v4-flash",
    "DeepSeek V4 Flash",
    "2026-05-01",
    1_000_000,
    131_072,
    prices(0.0983, 0.1966, 0.0197),
  ),
  routed(
    "deepseek/deepseek-v4-pro",
    "DeepSeek V4 Pro",
    "2026-05-01",
    1_000_000,
    131_072,
    prices(0.435, 0.87, 0.003625),
  ),
  routed(
    "moonshotai/kimi-k2.6",
    "Kimi K2.6",
    "2026-04-20",
    262_144,
    131_072,
    prices(0.68, 3.41, 0.34),
    textImage,
    reasoner,
  ),
  routed("moonshotai/kimi-k3", "Kimi K3", "2026-09-01", 1_048_576, 131_072, prices(3, 15, 0.3), textImage, reasoner),
  routed(
    "meta-llama/llama-4-maverick",
    "Llama 4 Maverick",
    "2025-04-05",
    1_048_576,
    16_384,
    prices(0.15, 0.6),
    textImage,
  ),
  routed(
    "meta-llama/llama-3.3-70b-instruct",
    "Llama 3.3 70B Instruct",
    "2024-12-06",
    131_072,
    16_384,
    prices(0.05, 0.24),
  ),
  routed(
    "mistralai/mistral-large-2512",
    "Mistral Large 3",
    "2025-12-02",
    262_144,
    65_536,
    prices(0.5, 1.5, 0.05),
    textImage,
  ),
  routed(
    "mistralai/mistral-medium-3-5",
    "Mistral Medium 3.5",
    "2026-05-01",
    262_144,
    65_536,
    prices(1.5, 7.5),
    textImage,
  ),

  model("minimax", "MiniMax-M3", {
    name: "MiniMax M3",
    context: 1_000_000,
    output: 524_288,
    prices: prices(0.3, 1.2, 0.06),
    long: above(512_000, prices(0.6, 2.4, 0.12)),
    input: textImage,
    can: noSchema,
    since: "2026-08-01",
  }),
];

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
};
