/** What OpenAI's models take on Chat Completions. Sources: the vendor's SDK types and public issue threads, November 2026. */

const named = (model: string, ...names: readonly string[]): boolean =>
  names.some((name) => model === name || model.startsWith(`${name}-`));

/** o-series, gpt-5 and later. */
export const isReasoningModel = (model: string): boolean =>
  /^(o\d|gpt-([5-9]|\d{2,}))/.test(model) && !named(model, "gpt-5-chat-latest");

/** Models of any maker that spend reasoning tokens unless told not to. */
export const reasonsByDefault = (model: string): boolean =>
  isReasoningModel(model)
    ? !named(model, "gpt-5.1", "gpt-5.2")
    : /^(gemini-|grok-4\.[3-9]|minimax-)|deepseek-v4|kimi-k|r1$/i.test(model);

/** `stop` is refused even without reasoning. */
export const refusesStop = (model: string): boolean => named(model, "o3", "o4-mini", "gpt-5") || /^gpt-6/.test(model);

/** The values of `reasoning_effort`, or none at all for a model that does not reason. */
export const effortsOf = (model: string): readonly string[] => {
  if (!isReasoningModel(model)) return [];
  if (/^o\d/.test(model)) return ["low", "medium", "high"];
  if (named(model, "gpt-6-astra", "gpt-6.1-sol")) return ["low", "medium", "high", "xhigh", "max"];
  if (/^gpt-6/.test(model)) return ["none", "low", "medium", "high", "xhigh", "max"];
  if (named(model, "gpt-5.1")) return ["none", "low", "medium", "high"];
  if (/^gpt-5\.\d/.test(model)) return ["none", "low", "medium", "high", "xhigh"];
  return ["minimal", "low", "medium", "high"];
};

/** Whether function tools are refused on Chat Completions with this effort. */
export const refusesToolsWith = (model: string, effort: unknown): boolean => {
  if (named(model, "gpt-6-astra")) return true;
  if (named(model, "gpt-5.6", "gpt-6-sol")) return effort !== "none";
  return named(model, "gpt-5.4", "gpt-5.5") && effort !== undefined && effort !== null && effort !== "none";
};
