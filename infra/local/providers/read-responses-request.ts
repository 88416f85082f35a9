import { type Conversation, charactersIn } from "./conversation.ts";
import { isJsonObject, type JsonObject, numberOf, objectOf, objectsOf, stringOf } from "./json.ts";
import { reasonsByDefault } from "./openai-models.ts";
import { jsonSchemaOf } from "./read-chat-request.ts";

const textOf = (content: unknown): string =>
  typeof content === "string"
    ? content
    : objectsOf(content)
        .map((part) => stringOf(part.text))
        .join(" ");

/** Reads a request of POST /responses. */
export const readResponsesRequest = (body: JsonObject): Conversation => {
  const items = typeof body.input === "string" ? [{ role: "user", content: body.input }] : objectsOf(body.input);
  const lastUser = items.findLast((item: JsonObject) => item.role === "user");
  const lastAnswer = items.findLastIndex(
    (item: JsonObject) => item.role === "assistant" || item.type === "function_call",
  );
  const toolNames = new Map(
    items
      .filter((item: JsonObject) => item.type === "function_call")
      .map((item: JsonObject) => [stringOf(item.call_id), stringOf(item.name)]),
  );
  const { tool_choice: choice } = body;
  return {
    model: stringOf(body.model),
    lastUserText: textOf(lastUser?.content),
    imageCount: objectsOf(lastUser?.content).filter((part) => part.type === "input_image").length,
    toolResults: items
      .slice(lastAnswer + 1)
      .filter((item: JsonObject) => item.type === "function_call_output")
      .map((item: JsonObject) => ({ toolName: toolNames.get(stringOf(item.call_id)), text: textOf(item.output) })),
    tools: objectsOf(body.tools)
      .filter((tool) => tool.type === "function")
      .map((tool) => ({ name: stringOf(tool.name), schema: objectOf(tool.parameters) })),
    toolChoice: isJsonObject(choice)
      ? { name: stringOf(choice.name) }
      : choice === "none" || choice === "required"
        ? choice
        : "auto",
    parallelToolCalls: body.parallel_tool_calls !== false,
    jsonSchema: jsonSchemaOf(objectOf(objectOf(body.text).format)),
    promptCharacters: charactersIn([body.instructions, body.input, body.tools]),
    maxOutputTokens: numberOf(body.max_output_tokens),
    stopSequences: [],
    reasons: reasonsByDefault(stringOf(body.model)) && objectOf(body.reasoning).effort !== "none",
  };
};
