import type { ChatCompletion, ChatCompletionChunk } from "openai/resources/chat/completions";
import { isRecord, ownValue } from "#core/values/records.ts";

/** A stream as one completion: a stored one that is asked for unstreamed, or one that came although nobody asked for it. */

type Fields = Readonly<Record<string, unknown>>;

/** Text members that name something. Every other text comes in parts. */
const names: ReadonlySet<string> = new Set(["role", "type", "id", "format"]);

/** Where a list has the item of each number. Filled from the first numbered item on. */
const positions = new WeakMap<readonly unknown[], Map<unknown, number>>();

const positionsOf = (list: readonly unknown[]): Map<unknown, number> => {
  const known = positions.get(list);
  if (known !== undefined) return known;
  const made = new Map<unknown, number>();
  for (const [position, item] of list.entries()) {
    if (isRecord(item) && item.index !== undefined && !made.has(item.index)) made.set(item.index, position);
  }
  positions.set(list, made);
  return made;
};

const mergeList = (list: unknown[], more: readonly unknown[]): unknown[] => {
  for (const item of more) {
    const index = isRecord(item) ? item.index : undefined;
    const at = index === undefined ? undefined : positionsOf(list).get(index);
    if (at !== undefined) list[at] = merge(list[at], item);
    else {
      if (index !== undefined) positionsOf(list).set(index, list.length);
      list.push(item);
    }
  }
  return list;
};

/** What both say. `left` grows: to copy it for each delta would cost the square of the answer's length. */
const merge = (left: unknown, right: unknown, name = ""): unknown => {
  if (right === null || right === undefined) return left ?? right;
  if (typeof left === "string" && typeof right === "string") return names.has(name) ? right : left + right;
  if (Array.isArray(left) && Array.isArray(right)) return mergeList(left, right);
  if (!isRecord(left) || !isRecord(right)) return right;
  for (const [member, value] of Object.entries(right)) {
    // By own name only, and never the prototype: what grows here must not be what every object shares.
    if (member !== "__proto__") left[member] = merge(ownValue(left, member), value, member);
  }
  return left;
};

interface Collected {
  message: Fields;
  logprobs: unknown;
  finishReason: string;
}

/** The chunks of stored frames: each is one line of JSON and a blank one. */
export const readFrames = (frames: string): ChatCompletionChunk[] =>
  frames
    .split("\n\n")
    .filter((frame) => frame.startsWith("data: {"))
    .map((frame) => JSON.parse(frame.slice("data: ".length)) as ChatCompletionChunk);

/** The number of a call orders its deltas. A whole answer has none. */
const callsOf = ({ tool_calls: calls }: Fields): Fields =>
  Array.isArray(calls) ? { tool_calls: calls.filter(isRecord).map(({ index: _, ...call }) => call) } : {};

/** Puts frames together again. `usage` is in OpenAI's shape. */
export const framesToCompletion = (frames: string, usage: unknown): ChatCompletion => {
  const chunks = readFrames(frames);
  const choices = new Map<number, Collected>();
  for (const chunk of chunks) {
    for (const { index, delta, logprobs, finish_reason: reason } of chunk.choices) {
      const known = choices.get(index) ?? { message: {}, logprobs: null, finishReason: "stop" };
      choices.set(index, {
        message: merge(known.message, delta) as Fields,
        logprobs: merge(known.logprobs, logprobs),
        finishReason: reason ?? known.finishReason,
      });
    }
  }
  const [first] = chunks;
  return {
    id: first?.id ?? "",
    object: "chat.completion",
    created: first?.created ?? 0,
    model: first?.model ?? "",
    ...(first?.system_fingerprint === undefined ? {} : { system_fingerprint: first.system_fingerprint }),
    choices: [...choices]
      .sort(([left], [right]) => left - right)
      .map(([index, { message, logprobs, finishReason }]) => ({
        index,
        message: {
          ...message,
          ...callsOf(message),
          role: "assistant",
          content: textOf(message.content),
          refusal: refusalOf(message),
        },
        logprobs: (logprobs ?? null) as ChatCompletion.Choice["logprobs"],
        finish_reason: finishReason as ChatCompletion.Choice["finish_reason"],
      })),
    ...(usage === undefined ? {} : { usage: usage as ChatCompletion["usage"] & object }),
  };
};

const textOf = (value: unknown): string | null => (typeof value === "string" ? value : null);

const refusalOf = ({ refusal }: Fields): string | null => textOf(refusal === "" ? null : refusal);

/** Frames of a stream that has to become one answer, read to its end. @throws what the stream throws */
export const collectFrames = async (frames: AsyncIterable<Buffer | string>): Promise<string> => {
  let text = "";
  for await (const part of frames) text += typeof part === "string" ? part : part.toString("utf8");
  return text;
};

/** A text as the body of a stream. */
export async function* bodyOf(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}
