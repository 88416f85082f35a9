/** What OpenAI's models take, by family. Sources: openai 7.57 types and public issue threads, November 2026. */

export interface ModelTraits {
  /** Whether the family is none of ours to know: every field passes as it came, and only the provider can judge it. */
  readonly unknown: boolean;
  readonly reasons: boolean;
  /** The values of `reasoning_effort`, weakest first; none for models that do not reason. */
  readonly efforts: readonly string[];
  /** Does not reason unless it is told to. */
  readonly restsByDefault: boolean;
  /** Refuses `stop` whatever the effort. */
  readonly refusesStop: boolean;
  /**
   * Function tools on Chat Completions: with any effort; only where none is named; only with the effort `none`; never
   * (they need the Responses API).
   */
  readonly tools: "any-effort" | "no-effort-named" | "effort-none" | "responses";
  /** Is not served on Chat Completions at all. */
  readonly responsesOnly: boolean;
}

/** A model or a dated or sized form of it. */
const named = (model: string, ...names: readonly string[]): boolean =>
  names.some((name) => model === name || model.startsWith(`${name}-`));

const effortsOf = (model: string): readonly string[] => {
  if (/^o\d/.test(model)) return ["low", "medium", "high"];
  if (named(model, "gpt-5-pro")) return ["high"];
  if (/-pro(-|$)/.test(model)) return ["medium", "high", "xhigh"];
  if (named(model, "gpt-6-astra", "gpt-6.1-sol", "gpt-6.2-astra", "gpt-6.2-sol"))
    return ["low", "medium", "high", "xhigh", "max"];
  if (/^gpt-([6-9]|\d{2,})/.test(model)) return ["none", "low", "medium", "high", "xhigh", "max"];
  if (/codex/.test(model)) return ["low", "medium", "high", "xhigh"];
  if (named(model, "gpt-5.1")) return ["none", "low", "medium", "high"];
  if (/^gpt-5\.\d/.test(model)) return ["none", "low", "medium", "high", "xhigh"];
  return ["minimal", "low", "medium", "high"];
};

const toolsOf = (model: string): ModelTraits["tools"] => {
  if (named(model, "gpt-6-astra")) return "responses";
  if (named(model, "gpt-5.6", "gpt-6-sol")) return "effort-none";
  return named(model, "gpt-5.4", "gpt-5.5") ? "no-effort-named" : "any-effort";
};

const plain: ModelTraits = {
  unknown: false,
  reasons: false,
  efforts: [],
  restsByDefault: false,
  refusesStop: false,
  tools: "any-effort",
  responsesOnly: false,
};

/** OpenAI's models that do not reason, fine-tuned ones included. */
const resting = /^(ft:)?(gpt-[34]|gpt-35|chatgpt-|davinci|babbage|text-|omni-)/;

/** The traits of a model by OpenAI's id. One that is not OpenAI's (another server behind the base URL) or new is unknown. */
export const traitsOf = (model: string): ModelTraits => {
  const responsesOnly = /codex|deep-research|computer-use|^(o\d|gpt-\d+(\.\d+)?)-pro(-|$)/.test(model);
  if (!/^(o\d|gpt-([5-9]|\d{2,})|codex|computer-use)/.test(model) || named(model, "gpt-5-chat-latest")) {
    const isKnown = resting.test(model) || named(model, "gpt-5-chat-latest");
    return { ...plain, unknown: !isKnown, responsesOnly: !isKnown && responsesOnly };
  }
  return {
    unknown: false,
    reasons: true,
    efforts: effortsOf(model),
    restsByDefault: named(model, "gpt-5.1", "gpt-5.2"),
    refusesStop: named(model, "o3", "o4-mini", "gpt-5") || /^gpt-6/.test(model),
    tools: toolsOf(model),
    responsesOnly,
  };
};
