/** `output_config.effort` of the Messages API. */
export type Effort = "low" | "medium" | "high" | "xhigh" | "max";

/** What a family of Claude models takes, as far as the translation of a request depends on it. */
export interface ModelTraits {
  /** The most `max_tokens` it takes; the default where the caller sets none. */
  readonly maxOutputTokens: number;
  /** Whether `maxOutputTokens` is known rather than a cautious guess: only then is a larger wish lowered. */
  readonly knownLimit: boolean;
  /** Takes temperature, top_p and top_k. */
  readonly samplingParameters: boolean;
  /** How thinking is asked for: not at all, by a token budget, adaptive with an effort, or by the effort alone. */
  readonly thinking: "none" | "budget" | "adaptive" | "effort";
  /** Whether thinking can be off: always, or never; `between-tools` is the least that Sonnet 5.5 does. */
  readonly thinkingOff: "allowed" | "between-tools" | "never";
  /** Whether `thinking.display` may have to ask for text: these models leave it out by default. */
  readonly hidesThinking: boolean;
  readonly efforts: readonly Effort[];
  /** Goes on from a last assistant turn. */
  readonly prefill: boolean;
  /** Takes tool_choice `any` and `tool`. */
  readonly forcedToolChoice: boolean;
  /** Takes output_config.format and strict tools. */
  readonly structuredOutput: boolean;
}

const oldest: ModelTraits = {
  maxOutputTokens: 4_096,
  knownLimit: true,
  samplingParameters: true,
  thinking: "none",
  thinkingOff: "allowed",
  hidesThinking: false,
  efforts: [],
  prefill: true,
  forcedToolChoice: true,
  structuredOutput: false,
};
const claude4: ModelTraits = { ...oldest, maxOutputTokens: 32_000, thinking: "budget" };
const claude45: ModelTraits = { ...claude4, maxOutputTokens: 64_000, structuredOutput: true };
const claude46: ModelTraits = {
  ...claude45,
  maxOutputTokens: 128_000,
  thinking: "adaptive",
  prefill: false,
  efforts: ["low", "medium", "high", "max"],
};
const withoutSampling: ModelTraits = {
  ...claude46,
  samplingParameters: false,
  hidesThinking: true,
  efforts: ["low", "medium", "high", "xhigh", "max"],
};
const alwaysThinking: ModelTraits = { ...withoutSampling, thinkingOff: "never" };
const neverForced: ModelTraits = { ...alwaysThinking, forcedToolChoice: false };

/** First match by prefix wins, so the more specific stand first. Sources: Anthropic's model pages, @ai-sdk/anthropic 4.0. */
const families: readonly (readonly [prefix: string, traits: ModelTraits])[] = [
  ["claude-sonnet-5-5", { ...neverForced, thinkingOff: "between-tools" }],
  ["claude-opus-5-5", neverForced],
  ["claude-fable-5-1", neverForced],
  ["claude-fable-5-2", neverForced],
  ["claude-fable-5", alwaysThinking],
  ["claude-mythos-5-1", neverForced],
  ["claude-mythos-5-2", neverForced],
  ["claude-mythos", alwaysThinking],
  ["claude-haiku-5-5", withoutSampling],
  ["claude-opus-5", withoutSampling],
  ["claude-sonnet-5", withoutSampling],
  ["claude-opus-4-8", withoutSampling],
  ["claude-opus-4-7", withoutSampling],
  ["claude-opus-4-6", claude46],
  ["claude-sonnet-4-6", claude46],
  ["claude-opus-4-5", claude45],
  ["claude-sonnet-4-5", claude45],
  ["claude-haiku-4-5", claude45],
  ["claude-opus-4-1", { ...claude4, structuredOutput: true }],
  ["claude-opus-4", claude4],
  ["claude-sonnet-4", { ...claude4, maxOutputTokens: 64_000 }],
  ["claude-3-7", { ...claude4, maxOutputTokens: 64_000 }],
  ["claude-3-5", { ...oldest, maxOutputTokens: 8_192 }],
  ["claude-3", oldest],
  // A model that came after this table: most likely like the newest ones.
  ["claude-", { ...withoutSampling, knownLimit: false }],
];

/**
 * No Claude that we know of, or someone's own model behind an Anthropic-compatible base URL: every field passes in the
 * API's own form, since only the provider can judge it.
 */
const foreign: ModelTraits = {
  ...oldest,
  maxOutputTokens: 8_192,
  knownLimit: false,
  thinking: "effort",
  structuredOutput: true,
};

/** The traits of a model by Anthropic's id, dated or not. */
export const traitsOf = (model: string): ModelTraits =>
  families.find(([prefix]) => model.startsWith(prefix))?.[1] ?? foreign;
