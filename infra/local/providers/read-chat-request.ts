import { type Conversation, charactersIn } from "./conversation.ts";
import { type JsonObject, numberOf, objectOf, objectsOf, stringOf } from "./json.ts";
import { reasonsByDefault } from "./openai-models.ts";

const textOf = (content: unknown): string =>
  typeof content === "string"
    ? content
    : objectsOf(content)
        .map((part) => stringOf(part.text))
        .join(" ");

const toolChoiceOf = (choice: unknown): Conversation["toolChoice"] => {
  if (choice === "none" || choice === "required") return choice;
  const name = stringOf(objectOf(objectOf(choice).function).name);
  return name === "" ? "auto" : { name };
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
      .map((call) => [stringOf(call.id), stringOf(objectOf(call.function).name)]),
  );
  return {
    model: stringOf(body.model),
    lastUserText: textOf(lastUser?.content),
    imageCount: objectsOf(lastUser?.content).filter((part) => part.type === "image_url").length,
    toolResults: messages
      .slice(lastAnswer + 1)
      .filter((message) => message.role === "tool")
      .map((message) => ({ toolName: toolNames.get(stringOf(message.tool_call_id)), text: textOf(message.content) })),
    tools: objectsOf(body.tools).map((tool) => {
      const definition = objectOf(tool.function);
      return { name: stringOf(definition.name), schema: objectOf(definition.parameters) };
    }),
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
