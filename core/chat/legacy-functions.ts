import { isRecord, type JsonRecord } from "#core/values/records.ts";

/**
 * `functions` and `function_call`, which OpenAI replaced with tools and which clients still send: the request becomes one
 * with tools. Loaded by such requests only; `legacy-answer.ts` has the way back.
 */

type Messages = readonly unknown[];

/** Stands for the result of a call that nobody answered, which the older form allowed. */
const noResult = "(no result)";

const toTool = (definition: unknown): unknown =>
  isRecord(definition) ? { type: "function", function: definition } : definition;

const toToolChoice = (choice: unknown): unknown => (isRecord(choice) ? { type: "function", function: choice } : choice);

const isFunctionResult = (message: unknown): message is JsonRecord => isRecord(message) && message.role === "function";

/** A past call with a generated id: the older form has no ids. */
const toCall = (message: JsonRecord, id: string): JsonRecord => {
  const { function_call: call, ...rest } = message;
  return { content: null, ...rest, tool_calls: [{ id, type: "function", function: call }] };
};

const toResult = ({ name: _name, role: _role, content, ...rest }: JsonRecord, id: string): JsonRecord => ({
  ...rest,
  role: "tool",
  tool_call_id: id,
  content: content ?? "",
});

/** Past calls and results as tools have them. A result follows its call; one without a call keeps an id that nothing has. */
const toToolMessages = (messages: Messages): Messages => {
  let open: string | undefined;
  return messages.flatMap((message, index): unknown[] => {
    const id = open ?? `call_function_${index}`;
    open = undefined;
    if (isFunctionResult(message)) return [toResult(message, id)];
    if (!isRecord(message) || !isRecord(message.function_call)) return [message];
    const call = toCall(message, id);
    if (isFunctionResult(messages[index + 1])) {
      open = id;
      return [call];
    }
    return [call, { role: "tool", tool_call_id: id, content: noResult }];
  });
};

/** The same request with tools. Whatever it holds besides stays as it is, faults too. */
export const toToolsRequest = (body: JsonRecord): JsonRecord => {
  const { functions, function_call: choice, tools, messages, ...rest } = body;
  const made = Array.isArray(functions) ? (functions as readonly unknown[]).map(toTool) : [];
  const all = [...(Array.isArray(tools) ? (tools as readonly unknown[]) : []), ...made];
  return {
    ...rest,
    ...(all.length > 0 ? { tools: all } : tools === undefined ? {} : { tools }),
    ...(choice === undefined || choice === null || rest.tool_choice !== undefined
      ? {}
      : { tool_choice: toToolChoice(choice) }),
    ...(messages === undefined ? {} : { messages: Array.isArray(messages) ? toToolMessages(messages) : messages }),
  };
};
