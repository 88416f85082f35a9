import { alwaysThinks } from "./anthropic-models.ts";
import { type Conversation, charactersIn, folderIn } from "./conversation.ts";
import { type JsonObject, numberOf, objectOf, objectsOf, stringOf } from "./json.ts";

const textOf = (content: unknown): string =>
  typeof content === "string"
    ? content
    : objectsOf(content)
        .filter((block) => block.type === "text")
        .map((block) => stringOf(block.text))
        .join(" ");

const toolChoiceOf = (choice: JsonObject): Conversation["toolChoice"] => {
  if (choice.type === "none") return "none";
  if (choice.type === "any") return "required";
  return choice.type === "tool" ? { name: stringOf(choice.name) } : "auto";
};

/** Whether a request of POST /v1/messages makes the model think. */
const thinks = (body: JsonObject): boolean => {
  const { type } = objectOf(body.thinking);
  return type === "enabled" || type === "adaptive" || (type === undefined && alwaysThinks(stringOf(body.model)));
};

/** Reads a request of POST /v1/messages. */
export const readMessagesRequest = (body: JsonObject): Conversation => {
  const messages = objectsOf(body.messages);
  const hasText = (message: JsonObject): boolean => message.role === "user" && textOf(message.content) !== "";
  const lastUser = messages.findLast(hasText);
  const lastAnswer = messages.findLastIndex((message) => message.role === "assistant");
  const blocks = messages.flatMap((message) => objectsOf(message.content));
  const toolNames = new Map(
    blocks.filter((block) => block.type === "tool_use").map((block) => [stringOf(block.id), stringOf(block.name)]),
  );
  const choice = objectOf(body.tool_choice);
  const format = objectOf(objectOf(body.output_config).format);
  return {
    model: stringOf(body.model),
    lastUserText: textOf(lastUser?.content),
    imageCount: objectsOf(lastUser?.content).filter((block) => block.type === "image").length,
    toolResults: messages
      .slice(lastAnswer + 1)
      .flatMap((message) => objectsOf(message.content))
      .filter((block) => block.type === "tool_result")
      .map((block) => ({ toolName: toolNames.get(stringOf(block.tool_use_id)), text: textOf(block.content) })),
    folder: folderIn([body.system, body.messages]),
    steps: messages
      .slice(lastUser === undefined ? 0 : messages.indexOf(lastUser))
      .flatMap((message) => objectsOf(message.content))
      .filter((block) => block.type === "tool_result").length,
    tools: objectsOf(body.tools)
      .filter((tool) => tool.input_schema !== undefined)
      .map((tool) => ({ name: stringOf(tool.name), schema: objectOf(tool.input_schema) })),
    toolChoice: toolChoiceOf(choice),
    parallelToolCalls: choice.disable_parallel_tool_use !== true,
    jsonSchema: format.type === "json_schema" ? objectOf(format.schema) : undefined,
    promptCharacters: charactersIn([body.system, body.tools, messages.map((message) => message.content)]),
    maxOutputTokens: numberOf(body.max_tokens),
    stopSequences: Array.isArray(body.stop_sequences) ? body.stop_sequences.map(String) : [],
    reasons: thinks(body),
  };
};
