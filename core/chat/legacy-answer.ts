import { isRecord, type JsonRecord } from "#core/values/records.ts";

/** Answers of a request that was in the older form (`legacy-functions.ts`): its first call is its `function_call`. */

/** A message or a delta. The older form has room for one call: a client that gets it asks for the next one itself. */
const toOlderMessage = (message: unknown): unknown => {
  if (!isRecord(message) || !Array.isArray(message.tool_calls)) return message;
  const { tool_calls: calls, ...rest } = message;
  const first = (calls as readonly unknown[]).find((call) => isRecord(call) && (call.index ?? 0) === 0);
  return { ...rest, ...(isRecord(first) && isRecord(first.function) ? { function_call: first.function } : {}) };
};

const toOlderChoice = (choice: unknown): unknown => {
  if (!isRecord(choice)) return choice;
  const { finish_reason: reason } = choice;
  return {
    ...choice,
    ...("message" in choice ? { message: toOlderMessage(choice.message) } : {}),
    ...("delta" in choice ? { delta: toOlderMessage(choice.delta) } : {}),
    ...("finish_reason" in choice ? { finish_reason: reason === "tool_calls" ? "function_call" : reason } : {}),
  };
};

/** A completion or a chunk with its calls in the older form. */
export const toOlderAnswer = (answer: unknown): unknown =>
  isRecord(answer) && Array.isArray(answer.choices)
    ? { ...answer, choices: (answer.choices as readonly unknown[]).map(toOlderChoice) }
    : answer;

const dataPrefix = "data: ";

const toOlderFrame = (frame: string): string => {
  if (!frame.startsWith(dataPrefix) || !frame.includes("tool_calls")) return frame;
  return dataPrefix + JSON.stringify(toOlderAnswer(JSON.parse(frame.slice(dataPrefix.length)) as JsonRecord));
};

/** Whole frames, comments among them, with their calls in the older form. */
export const toOlderFrames = (frames: string): string =>
  frames.includes("tool_calls") ? frames.split("\n\n").map(toOlderFrame).join("\n\n") : frames;

/** A stream of whole frames in the older form. */
export async function* olderStream(stream: AsyncIterable<Buffer | string>): AsyncGenerator<string> {
  for await (const part of stream) yield toOlderFrames(part.toString("utf8"));
}
