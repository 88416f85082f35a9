import { EventStreamCodec } from "@smithy/eventstream-codec";
import type { Said } from "./answer.ts";
import { inPieces } from "./answer.ts";
import type { NativeManner } from "./native.ts";

/** Answers of Bedrock's Converse and ConverseStream, as the two may put them. */

const stopReasons = { stop: "end_turn", length: "max_tokens", content_filter: "guardrail_intervened" } as const;

const stopOf = (answer: Said): string =>
  answer.end === "stop" && answer.calls.length > 0 ? "tool_use" : stopReasons[answer.end];

const usageOf = ({ usage: { input, output } }: Said) => ({
  inputTokens: input,
  outputTokens: output,
  totalTokens: input + output,
});

export const converseWhole = (answer: Said): unknown => ({
  output: {
    message: {
      role: "assistant",
      content: [
        ...(answer.text === "" ? [] : [{ text: answer.text }]),
        ...answer.calls.map(({ name, input }, index) => ({ toolUse: { toolUseId: `tooluse_${index}`, name, input } })),
      ],
    },
  },
  stopReason: stopOf(answer),
  usage: usageOf(answer),
  metrics: { latencyMs: 1 },
});

export const converseEvents = (answer: Said, manner: NativeManner): unknown[] => {
  const indexOf = (block: number): number => manner.from + block * manner.step;
  const event = (name: string, payload: object) => ({ kind: "event", name, payload });
  const delta = (block: number, value: object) =>
    event("contentBlockDelta", { contentBlockIndex: indexOf(block), delta: value });
  const stop = (block: number) => event("contentBlockStop", { contentBlockIndex: indexOf(block) });
  const words = inPieces(answer.text, manner.cuts).map((text) => delta(0, { text }));
  const calls = answer.calls.flatMap(({ name, input }, index) => {
    const contentBlockIndex = indexOf(index + 1);
    const text = JSON.stringify(input);
    const isEmpty = Object.keys(input).length === 0;
    const pieces = isEmpty ? [] : manner.whole ? [text] : ["", ...inPieces(text, manner.cuts)];
    return [
      event("contentBlockStart", { contentBlockIndex, start: { toolUse: { toolUseId: `tooluse_${index}`, name } } }),
      ...pieces.map((piece) => delta(index + 1, { toolUse: { input: piece } })),
      stop(index + 1),
    ];
  });
  return [
    event("messageStart", { role: "assistant" }),
    ...(manner.strangers
      ? [event("laterEvent", { later: 1 }), event("contentBlockStop", { contentBlockIndex: 99 })]
      : []),
    ...(answer.text === "" ? [] : [...words, stop(0)]),
    ...calls,
    event("messageStop", { stopReason: stopOf(answer) }),
    ...(manner.lastEvent ? [event("metadata", { usage: usageOf(answer), metrics: { latencyMs: 1 } })] : []),
  ];
};

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString("utf8"),
  (text) => Buffer.from(text, "utf8"),
);

const member = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;

/** Events in AWS's framing, whatever they have become. */
export const toEventStream = (events: readonly unknown[]): Buffer =>
  Buffer.concat(
    events.map((event) => {
      const [kind, name] = [String(member(event, "kind")), String(member(event, "name"))];
      const type = kind === "exception" ? ":exception-type" : ":event-type";
      const headers = {
        ":message-type": { type: "string", value: kind },
        [type]: { type: "string", value: name },
      } as const;
      return codec.encode({ headers, body: Buffer.from(JSON.stringify(member(event, "payload")) ?? "") });
    }),
  );
