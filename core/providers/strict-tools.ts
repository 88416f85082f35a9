import type { ChatRequest } from "#core/schemas/chat.ts";
import { type ChatCompletion, type ChatProvider, ProviderFailure } from "./provider.ts";

type StrictSchemas = ReadonlyMap<string, unknown>;

const strictSchemas = ({ tools = [] }: ChatRequest): StrictSchemas =>
  new Map(
    tools
      .filter((tool) => tool.function.strict === true)
      .map((tool) => [tool.function.name, tool.function.parameters ?? { type: "object" }]),
  );

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** The first fault among the calls of strict tools, or undefined. */
const faultOf = async (completion: ChatCompletion, schemas: StrictSchemas): Promise<string | undefined> => {
  // Few requests have strict tools at a provider that does not hold to them: the others do not load the validator.
  const { schemaFault } = await import("#core/json-schema/validate.ts");
  for (const { message } of completion.choices) {
    for (const call of message.tool_calls ?? []) {
      if (call.type !== "function") continue;
      const schema = schemas.get(call.function.name);
      if (schema === undefined) continue;
      const value = parse(call.function.arguments);
      const path = `${call.function.name}.arguments`;
      const fault = value === undefined ? `${path} is not JSON` : schemaFault(value, schema, path);
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
};

/**
 * A provider whose unstreamed calls of `strict` tools are held to their schemas by us. A call that breaks its schema is a
 * malformed answer, which routing asks for again; a stream has left before it could be judged.
 */
export const withStrictTools = (provider: ChatProvider): ChatProvider => ({
  chat: async (call) => {
    const reply = await provider.chat(call);
    if (reply.kind !== "completion") return reply;
    const schemas = strictSchemas(call.request);
    if (schemas.size === 0) return reply;
    const fault = await faultOf(reply.completion, schemas);
    if (fault === undefined) return reply;
    throw new ProviderFailure(call.provider, "malformed", `${call.provider}: a tool call breaks its schema`, {
      providerMessage: `The model called a strict tool with arguments that break its schema: ${fault}.`,
      providerCode: "tool_call_invalid_arguments",
    });
  },
});
