import type { ChatRequest, FunctionTool } from "#core/schemas/chat.ts";

/** Holds calls of strict tools to their schemas. */
export interface StrictJudge {
  isStrict(name: string): boolean;
  /** What is wrong with the arguments of a strict tool, or undefined. It tells paths, never values. */
  faultOf(name: string, text: string): string | undefined;
}

/** Ends that cut a call off, as the caller sees them: to ask again would cost the same and end the same. */
export const cutsOff = (finishReason: string | null | undefined): boolean =>
  finishReason === "length" || finishReason === "content_filter";

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** The judge of a request's strict tools, or undefined when it has none. */
export const strictJudge = async ({ tools = [] }: ChatRequest): Promise<StrictJudge | undefined> => {
  const strict = tools.filter(
    (tool): tool is FunctionTool => tool.type === "function" && tool.function.strict === true,
  );
  if (strict.length === 0) return undefined;
  const schemas = new Map(
    strict.map((tool) => [tool.function.name, tool.function.parameters ?? { type: "object" }] as const),
  );
  // Few requests have strict tools at a provider that does not hold to them: the others do not load the validator.
  const { schemaFault } = await import("#core/values/json-schema.ts");
  return {
    isStrict: (name) => schemas.has(name),
    faultOf: (name, text) => {
      const value = parse(text);
      const path = `${name}.arguments`;
      return value === undefined ? `${path} is not JSON` : schemaFault(value, schemas.get(name), path);
    },
  };
};
