/** What Anthropic's models take. Sources: the vendor's documentation, SDK types and public issue threads, November 2026. */

const includesAny = (model: string, names: readonly string[]): boolean => names.some((name) => model.includes(name));

/** Thinking cannot be off, and tool use cannot be forced. */
const thinkingFamilies = ["opus-5-5", "sonnet-5-5", "fable-5-1", "fable-5-2"];

export const alwaysThinks = (model: string): boolean => includesAny(model, [...thinkingFamilies, "fable"]);
export const refusesForcedTools = (model: string): boolean => includesAny(model, thinkingFamilies);

/** `thinking.type: "enabled"` with a budget is refused; only adaptive thinking is left. */
export const refusesThinkingBudget = (model: string): boolean =>
  includesAny(model, ["opus-5-5", "sonnet-5-5", "haiku-5-5", "fable"]);

/** temperature (but 1), top_p and top_k are refused. */
export const refusesSampling = (model: string): boolean =>
  includesAny(model, ["opus-4-7", "opus-4-8", "opus-5", "sonnet-5", "haiku-5-5", "fable"]);

/** temperature and top_p together are refused. */
export const refusesTemperatureWithTopP = (model: string): boolean => !/claude-(3|opus-4-2|sonnet-4-2)/.test(model);

/** The last message may be one of the assistant, to be continued. */
export const allowsPrefill = (model: string): boolean =>
  !includesAny(model, ["4-6", "4-7", "4-8", "opus-5", "sonnet-5", "haiku-5", "fable"]);

/** `role: "system"` inside messages. */
export const allowsSystemMessages = (model: string): boolean =>
  includesAny(model, ["opus-4-8", "opus-5", "sonnet-5-5", "haiku-5-5", "fable"]);

export const refusesEffort = (model: string): boolean => includesAny(model, ["haiku-4-5", "sonnet-4-5"]);

/** The most output tokens of one answer. */
export const outputTokenLimitOf = (model: string): number => {
  if (model.includes("opus-4-1")) return 32_000;
  return includesAny(model, ["-4-5"]) ? 64_000 : 128_000;
};
