import { type Conversation, charactersIn, folderIn } from "./conversation.ts";
import { type JsonObject, numberOf, objectOf, objectsOf, stringOf } from "./json.ts";
import { reasonsByDefault } from "./openai-models.ts";

const textOf = (content: unknown): string =>
  typeof content === "string"
    ? content
    : objectsOf(content)
        .map((part) => stringOf(part.text))
        .join(" ");

/** A function's or a custom tool's body; the same of a call of it, and of a choice. */
export const bodyOf = (tool: JsonObject): JsonObject => objectOf(tool.type === "custom" ? tool.custom : tool.function);

const toolChoiceOf = (choice: unknown): Conversation["toolChoice"] => {
  if (choice === "none" || choice === "required") return choice;
  if (objectOf(choice).type === "allowed_tools") return toolChoiceOf(objectOf(objectOf(choice).allowed_tools).mode);
  const name = stringOf(bodyOf(objectOf(choice)).name);
  return name === "" ? "auto" : { name };
};

/** The tools that may be called. */
const toolsOf = (body: JsonObject): Conversation["tools"] => {
  const choice = objectOf(body.tool_choice);
  const allowed = objectsOf(objectOf(choice.allowed_tools).tools).map((tool) => stringOf(bodyOf(tool).name));
  return objectsOf(body.tools)
    .map((tool) => {
      const { name, parameters } = bodyOf(tool);
      return { name: stringOf(name), schema: objectOf(parameters), custom: tool.type === "custom" };
    })
    .filter(({ name }) => choice.type !== "allowed_tools" || allowed.includes(name));
};

export const jsonSchemaOf = (format: JsonObject): JsonObject | undefined => {
  if (format.type === "json_object") return { type: "object", required: ["answer"], properties: { answer: {} } };
  if (format.type !== "json_schema") return undefined;
  return objectOf(objectOf(format.json_schema).schema ?? format.schema);
};

/** Reads a request of POST /chat/completions. */
export const readChatRequest = (body: JsonObject): Conversation => {
  const messages = objectsOf(body.messages);
  const lastUser = messages.findLast((message) => message.role === "user");
  const lastAnswer = messages.findLastIndex((message) => message.role === "assistant");
  const toolNames = new Map(
    messages
      .flatMap((message) => objectsOf(message.tool_calls))
      .map((call) => [stringOf(call.id), stringOf(bodyOf(call).name)]),
  );
  return {
    model: stringOf(body.model),
    lastUserText: textOf(lastUser?.content),
    imageCount: objectsOf(lastUser?.content).filter((part) => part.type === "image_url").length,
    toolResults: messages
      .slice(lastAnswer + 1)
      .filter((message) => message.role === "tool")
      .map((message) => ({ toolName: toolNames.get(stringOf(message.tool_call_id)), text: textOf(message.content) })),
    folder: folderIn(body.messages),
    steps: messages.slice(lastUser === undefined ? 0 : messages.indexOf(lastUser)).filter(({ role }) => role === "tool")
      .length,
    tools: toolsOf(body),
    toolChoice: toolChoiceOf(body.tool_choice),
    parallelToolCalls: body.parallel_tool_calls !== false,
    jsonSchema: jsonSchemaOf(objectOf(body.response_format)),
    promptCharacters:
      charactersIn(messages.map((message) => [message.content, message.tool_calls])) + charactersIn(body.tools),
    maxOutputTokens: numberOf(body.max_completion_tokens) ?? numberOf(body.max_tokens),
    stopSequences: [body.stop].flat().filter((stop) => typeof stop === "string"),
    reasons: reasonsByDefault(stringOf(body.model)) && body.reasoning_effort !== "none",
  };
};
