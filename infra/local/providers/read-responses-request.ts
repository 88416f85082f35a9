import { type Conversation, charactersIn, folderIn } from "./conversation.ts";
import { isJsonObject, type JsonObject, numberOf, objectOf, objectsOf, stringOf } from "./json.ts";
import { reasonsByDefault } from "./openai-models.ts";
import { jsonSchemaOf } from "./read-chat-request.ts";

const isCall = ({ type }: JsonObject): boolean => type === "function_call" || type === "custom_tool_call";
const isResult = ({ type }: JsonObject): boolean =>
  type === "function_call_output" || type === "custom_tool_call_output";

const toolChoiceOf = (choice: unknown): Conversation["toolChoice"] => {
  if (choice === "none" || choice === "required") return choice;
  if (!isJsonObject(choice)) return "auto";
  return choice.type === "allowed_tools" ? toolChoiceOf(choice.mode) : { name: stringOf(choice.name) };
};

/** Tools with those of namespaces. */
const flatTools = (tools: unknown): readonly JsonObject[] =>
  objectsOf(tools).flatMap((tool) => (tool.type === "namespace" ? objectsOf(tool.tools) : [tool]));

/** The tools that may be called. */
const toolsOf = (body: JsonObject): Conversation["tools"] => {
  const choice = objectOf(body.tool_choice);
  const allowed = objectsOf(choice.tools).map((tool) => stringOf(tool.name));
  return flatTools(body.tools)
    .filter(({ type }) => type === "function" || type === "custom")
    .map((tool) => ({
      name: stringOf(tool.name),
      schema: objectOf(tool.parameters),
      custom: tool.type === "custom",
    }))
    .filter(({ name }) => choice.type !== "allowed_tools" || allowed.includes(name));
};

const textOf = (content: unknown): string =>
  typeof content === "string"
    ? content
    : objectsOf(content)
        .map((part) => stringOf(part.text))
        .join(" ");

/** Reads a request of POST /responses. */
export const readResponsesRequest = (body: JsonObject): Conversation => {
  const items: readonly JsonObject[] =
    typeof body.input === "string" ? [{ role: "user", content: body.input }] : objectsOf(body.input);
  const lastUser = items.findLast((item: JsonObject) => item.role === "user");
  const lastAnswer = items.findLastIndex((item: JsonObject) => item.role === "assistant" || isCall(item));
  const toolNames = new Map(
    items.filter(isCall).map((item: JsonObject) => [stringOf(item.call_id), stringOf(item.name)]),
  );
  return {
    model: stringOf(body.model),
    lastUserText: textOf(lastUser?.content),
    imageCount: objectsOf(lastUser?.content).filter((part) => part.type === "input_image").length,
    toolResults: items
      .slice(lastAnswer + 1)
      .filter(isResult)
      .map((item: JsonObject) => ({ toolName: toolNames.get(stringOf(item.call_id)), text: textOf(item.output) })),
    folder: folderIn([body.instructions, body.input]),
    steps: items.slice(items.indexOf(lastUser ?? {}) + 1).filter(isResult).length,
    tools: toolsOf(body),
    toolChoice: toolChoiceOf(body.tool_choice),
    parallelToolCalls: body.parallel_tool_calls !== false,
    jsonSchema: jsonSchemaOf(objectOf(objectOf(body.text).format)),
    promptCharacters: charactersIn([body.instructions, body.input, body.tools]),
    maxOutputTokens: numberOf(body.max_output_tokens),
    stopSequences: [],
    reasons: reasonsByDefault(stringOf(body.model)) && objectOf(body.reasoning).effort !== "none",
  };
};
