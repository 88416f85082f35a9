import { isRecord, type JsonRecord } from "#core/values/records.ts";
import { toText } from "./message-text.ts";
import type { StreamedCalls } from "./streamed-calls.ts";
import { callsOf } from "./tool-call-facts.ts";

/** Members of a delta that are text, by OpenAI's schema or by the custom of other servers. */
const textMembers = ["content", "refusal"] as const;
const thoughtMembers = ["reasoning_content", "reasoning"] as const;

const isTextOrNull = (value: unknown): boolean => value === undefined || value === null || typeof value === "string";

/** Whether a delta says anything but who speaks. */
export const deltaSays = (delta: unknown): boolean => {
  if (!isRecord(delta)) return false;
  for (const name in delta) {
    const value = delta[name];
    if (name === "role" || value === null || value === undefined || value === "") continue;
    if (!Array.isArray(value) || value.length > 0) return true;
  }
  return false;
};

const withCalls = (delta: JsonRecord, calls: StreamedCalls, fault: (what: string) => Error): JsonRecord | undefined => {
  if (delta.tool_calls === undefined && delta.function_call === undefined) return undefined;
  const given = callsOf(delta);
  if (given === undefined) throw fault("the tool calls of a chunk are not a list");
  const taken = calls.take(given);
  const isSame =
    delta.function_call === undefined &&
    taken.length > 0 &&
    taken.length === given.length &&
    Array.isArray(delta.tool_calls) &&
    taken.every((call, position) => (call as unknown) === given[position]);
  if (isSame) return undefined;
  return { function_call: undefined, tool_calls: taken.length === 0 ? undefined : taken };
};

/**
 * A delta as OpenAI has it: text where text belongs, calls counted and named once. The same object where nothing is wrong.
 * @throws what `fault` makes of content that is no text.
 */
export const contractDelta = (delta: JsonRecord, calls: StreamedCalls, fault: (what: string) => Error): JsonRecord => {
  let fixed: JsonRecord | undefined;
  for (const name of textMembers) {
    if (isTextOrNull(delta[name])) continue;
    const text = toText(delta[name]);
    if (text === undefined) throw fault(`the ${name} of a chunk is not text`);
    fixed = { ...fixed, [name]: text };
  }
  for (const name of thoughtMembers) if (!isTextOrNull(delta[name])) fixed = { ...fixed, [name]: undefined };
  const { role } = delta;
  if (role !== undefined && role !== "assistant") fixed = { ...fixed, role: undefined };
  const called = withCalls(delta, calls, fault);
  if (called !== undefined) fixed = { ...fixed, ...called };
  if (fixed === undefined) return delta;
  // Left out rather than undefined: a delta with nothing in it is empty.
  return Object.fromEntries(Object.entries({ ...delta, ...fixed }).filter(([, value]) => value !== undefined));
};
