import { fc } from "#tests/support/property.ts";
import { cuts, inPieces, type Said } from "./answer.ts";

/** How an OpenAI-shaped server may put an answer, without saying anything else by it. */
export interface Manner {
  readonly cuts: readonly number[];
  readonly numbers: "0" | "1" | "none" | "same" | "text" | "far";
  readonly ids: "once" | "always" | "empty" | "none" | "same";
  readonly names: "once" | "always";
  readonly input: "pieces" | "whole" | "object";
  readonly noInput: "" | "{}" | null | undefined;
  readonly role: "first" | "always" | "never" | "model";
  readonly missing: readonly ("id" | "object" | "created" | "model" | "index" | "finish_reason")[];
  readonly open: null | "";
  readonly end: "alone" | "with words" | "twice" | "before words" | "always";
  readonly reason: 0 | 1 | 2;
  readonly usage: "last" | "choice" | "always" | "first" | "end" | "none";
  readonly parts: boolean;
  readonly done: readonly string[];
  readonly empties: readonly { readonly at: number; readonly chunk: unknown }[];
}

const emptyChunks = [
  { choices: [] },
  { choices: null },
  {},
  { choices: [null] },
  { choices: [{ index: 0, delta: null, finish_reason: null }] },
  { choices: [{ index: 0 }] },
];

export const manner: fc.Arbitrary<Manner> = fc.record({
  cuts,
  numbers: fc.constantFrom("0", "1", "none", "same", "text", "far"),
  ids: fc.constantFrom("once", "always", "empty", "none", "same"),
  names: fc.constantFrom("once", "always"),
  input: fc.constantFrom("pieces", "whole", "object"),
  noInput: fc.constantFrom("", "{}", null, undefined),
  role: fc.constantFrom("first", "always", "never", "model"),
  missing: fc.subarray(["id", "object", "created", "model", "index", "finish_reason"]),
  open: fc.constantFrom(null, ""),
  end: fc.constantFrom("alone", "with words", "twice", "before words", "always"),
  reason: fc.constantFrom(0, 1, 2),
  usage: fc.constantFrom("last", "choice", "always", "first", "end", "none"),
  parts: fc.boolean(),
  done: fc.constantFrom([], ["[DONE]"], ["[DONE]", "[DONE]"]),
  empties: fc.array(fc.record({ at: fc.nat({ max: 12 }), chunk: fc.constantFrom(...emptyChunks) }), { maxLength: 3 }),
});

const reasons = {
  stop: ["stop", "STOP", "end_turn"],
  calls: ["tool_calls", "stop", "tool_use"],
  length: ["length", "max_tokens", "MAX_TOKENS"],
  content_filter: ["content_filter", "SAFETY", "content_filter: SPII"],
} as const;

const usageOf = ({ usage }: Said) => ({
  prompt_tokens: usage.input,
  completion_tokens: usage.output,
  total_tokens: usage.input + usage.output,
});

const reasonOf = (answer: Said, { reason }: Manner): string =>
  reasons[answer.end === "stop" && answer.calls.length > 0 ? "calls" : answer.end][reason];

const numberOf = (index: number, { numbers }: Manner): unknown =>
  ({ "0": index, "1": index + 1, none: undefined, same: 0, text: String(index), far: 7 - 2 * index })[numbers];

/** One way to tell calls apart has to be left: two of one name, one after the other, need a number or an id of their own. */
const idOf = (index: number, manner: Manner, isFirst: boolean): unknown => {
  const { ids, numbers } = manner;
  const counted = numbers !== "same" && numbers !== "none";
  const kind = !counted && (ids === "same" || ids === "none") ? "once" : ids;
  if (kind === "none") return undefined;
  if (kind === "same") return "call_x";
  return isFirst || kind === "always" ? `call_${index}` : kind === "empty" ? "" : undefined;
};

const callDeltas = (answer: Said, manner: Manner): unknown[] =>
  answer.calls.flatMap(({ name, input }, index) => {
    const isEmpty = Object.keys(input).length === 0;
    const text = JSON.stringify(input);
    // A name on every piece would be a new call each time where nothing else tells the pieces apart.
    const named =
      manner.names === "always" && (manner.ids === "once" || manner.ids === "always" || manner.ids === "empty");
    const pieces: unknown[] = isEmpty
      ? [manner.noInput]
      : manner.input === "object"
        ? [input]
        : manner.input === "whole"
          ? [text]
          : ["", ...inPieces(text, manner.cuts)];
    return pieces.map((piece, at) => ({
      tool_calls: [
        {
          index: numberOf(index, manner),
          id: idOf(index, manner, at === 0),
          ...(at === 0 ? { type: "function" } : {}),
          function: { ...(at === 0 || named ? { name } : {}), arguments: piece },
        },
      ],
    }));
  });

const deltasOf = (answer: Said, manner: Manner): Record<string, unknown>[] => {
  const words = inPieces(answer.text, manner.cuts).map((piece) => ({
    content: manner.parts ? [{ type: "text", text: piece }] : piece,
  }));
  const role = manner.role === "model" ? "model" : "assistant";
  const deltas = [...(manner.role === "first" ? [{ role, content: "" }] : []), ...words, ...callDeltas(answer, manner)];
  return deltas.map((delta) =>
    manner.role === "always" || manner.role === "model" ? { role, ...(delta as object) } : { ...(delta as object) },
  );
};

const without = (chunk: Record<string, unknown>, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(chunk).filter(([name]) => !names.includes(name)));

/** The chunks of a stream, and what follows them. */
export const chunksOf = (answer: Said, manner: Manner): unknown[] => {
  const usage = usageOf(answer);
  const reason = reasonOf(answer, manner);
  const chunk = (delta: object, finish: string | null, more: object = {}, inChoice: object = {}) => {
    const choice = { index: 0, delta, finish_reason: finish, ...inChoice };
    const names = manner.missing.filter((name) => name !== "finish_reason" || finish === null || finish === "");
    const top = { id: "chatcmpl-x", object: "chat.completion.chunk", created: 1, model: "m", ...more };
    return { ...without(top, names), choices: [without(choice, names)] };
  };
  const told = (place: Manner["usage"]) => (manner.usage === place ? { usage } : {});
  const deltas = deltasOf(answer, manner);
  const last = deltas.length - 1;
  const plain = answer.end === "stop" && answer.calls.length === 0;
  const chunks: unknown[] = deltas.map((delta, at) => {
    const ends = (manner.end === "with words" && at === last) || (manner.end === "always" && plain);
    const more = { ...told("always"), ...(at === 0 ? told("first") : {}) };
    return chunk(delta, ends ? reason : manner.open, more);
  });
  const end = chunk({}, reason, told("end"), told("choice"));
  if (manner.end === "before words" && chunks.length > 0) chunks.splice(-1, 0, end);
  else if (manner.end !== "with words" || chunks.length === 0) chunks.push(end);
  if (manner.end === "twice") chunks.push(end);
  for (const { at, chunk: empty } of manner.empties) chunks.splice(Math.min(at, chunks.length), 0, empty);
  if (manner.usage === "last") chunks.push({ id: "chatcmpl-x", choices: [], usage });
  return [...chunks, ...manner.done];
};

/** The same answer in one piece. */
export const wholeOf = (answer: Said, manner: Manner): unknown => {
  const calls = answer.calls.map(({ name, input }, index) => ({
    id: idOf(index, manner, true),
    type: manner.names === "once" ? "function" : undefined,
    function: {
      name,
      arguments:
        Object.keys(input).length === 0 ? manner.noInput : manner.input === "object" ? input : JSON.stringify(input),
    },
  }));
  const content = manner.parts ? [{ type: "text", text: answer.text }] : answer.text;
  const message = {
    ...(manner.role === "never" ? {} : { role: manner.role }),
    content,
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
  const names = manner.missing.filter((name) => name !== "finish_reason");
  const top = { id: "chatcmpl-x", object: "chat.completion", created: 1, model: "m", usage: usageOf(answer) };
  return {
    ...without(top, names),
    choices: [without({ index: 0, message, finish_reason: reasonOf(answer, manner) }, names)],
  };
};

/** Whether a usage is among what is sent. */
export const tellsUsage = (manner: Manner, streamed: boolean, answer: Said): boolean => {
  if (!streamed) return true;
  const { usage, end } = manner;
  const hasWords = deltasOf(answer, manner).length > 0;
  if (usage === "first" || usage === "always") return hasWords;
  return usage === "last" || (usage !== "none" && !(end === "with words" && hasWords));
};
