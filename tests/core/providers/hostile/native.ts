import { fc } from "#tests/support/property.ts";
import { cuts, inPieces, type Said } from "./answer.ts";

/** Answers of Anthropic's Messages API and of OpenAI's Responses API, as the two may put them. */

export interface NativeManner {
  readonly cuts: readonly number[];
  /** Numbers of content blocks and output items begin here, and grow by `step`. */
  readonly from: number;
  readonly step: number;
  /** Pings, and events and blocks that are yet to come. */
  readonly strangers: boolean;
  /** The input of a call comes whole with its beginning or end. */
  readonly whole: boolean;
  readonly lastEvent: boolean;
}

export const nativeManner: fc.Arbitrary<NativeManner> = fc.record({
  cuts,
  from: fc.nat({ max: 5 }),
  step: fc.integer({ min: 1, max: 3 }),
  strangers: fc.boolean(),
  whole: fc.boolean(),
  lastEvent: fc.boolean(),
});

const stopReasons = { stop: "end_turn", length: "max_tokens", content_filter: "refusal" } as const;

const messageOf = (answer: Said, content: readonly unknown[], stop: string | null) => ({
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "claude",
  content,
  stop_reason: stop,
  usage: { input_tokens: answer.usage.input, output_tokens: answer.usage.output },
});

const stopOf = (answer: Said): string =>
  answer.end === "stop" && answer.calls.length > 0 ? "tool_use" : stopReasons[answer.end];

export const anthropicWhole = (answer: Said): unknown =>
  messageOf(
    answer,
    [
      ...(answer.text === "" ? [] : [{ type: "text", text: answer.text }]),
      ...answer.calls.map(({ name, input }, index) => ({ type: "tool_use", id: `toolu_${index}`, name, input })),
    ],
    stopOf(answer),
  );

export const anthropicEvents = (answer: Said, manner: NativeManner): unknown[] => {
  const indexOf = (block: number): number => manner.from + block * manner.step;
  const block = (at: number, begin: object, deltas: readonly object[]) => [
    { type: "content_block_start", index: indexOf(at), content_block: begin },
    ...deltas.map((delta) => ({ type: "content_block_delta", index: indexOf(at), delta })),
    { type: "content_block_stop", index: indexOf(at) },
  ];
  const words = inPieces(answer.text, manner.cuts).map((text) => ({ type: "text_delta", text }));
  const calls = answer.calls.flatMap(({ name, input }, index) => {
    const isEmpty = Object.keys(input).length === 0;
    const pieces = manner.whole || isEmpty ? [] : inPieces(JSON.stringify(input), manner.cuts);
    const deltas = ["", ...pieces].map((partial_json) => ({ type: "input_json_delta", partial_json }));
    return block(index + 1, { type: "tool_use", id: `toolu_${index}`, name, input: manner.whole ? input : {} }, deltas);
  });
  const stranger = block(9, { type: "server_tool_use", id: "s", name: "web_search", input: {} }, [
    { type: "later_delta", later: 1 },
  ]);
  return [
    { type: "message_start", message: messageOf(answer, [], null) },
    ...(manner.strangers ? [{ type: "ping" }, ...stranger, { type: "later_event", later: [] }] : []),
    ...(answer.text === "" ? [] : block(0, { type: "text", text: "" }, words)),
    ...calls,
    { type: "message_delta", delta: { stop_reason: stopOf(answer) }, usage: { output_tokens: answer.usage.output } },
    ...(manner.lastEvent ? [{ type: "message_stop" }] : []),
  ];
};

const itemsOf = (answer: Said): Record<string, unknown>[] => [
  ...(answer.text === ""
    ? []
    : [{ type: "message", id: "m", role: "assistant", content: [{ type: "output_text", text: answer.text }] }]),
  ...answer.calls.map(({ name, input }, index) => ({
    type: "function_call",
    id: `fc_${index}`,
    call_id: `call_${index}`,
    name,
    arguments: Object.keys(input).length === 0 ? "" : JSON.stringify(input),
  })),
];

export const responsesWhole = (answer: Said): unknown => ({
  id: "resp_1",
  object: "response",
  model: "gpt",
  error: null,
  ...(answer.end === "stop"
    ? { status: "completed", incomplete_details: null }
    : {
        status: "incomplete",
        incomplete_details: { reason: answer.end === "length" ? "max_output_tokens" : "content_filter" },
      }),
  output: itemsOf(answer),
  usage: { input_tokens: answer.usage.input, output_tokens: answer.usage.output },
});

export const responsesEvents = (answer: Said, manner: NativeManner): unknown[] => {
  const events = itemsOf(answer).flatMap((item, at): unknown[] => {
    const index = manner.from + at * manner.step;
    const begun = {
      type: "response.output_item.added",
      output_index: index,
      item: { ...item, content: [], arguments: "" },
    };
    const done = { type: "response.output_item.done", output_index: index, item };
    if (item.type === "message") {
      const deltas = inPieces(answer.text, manner.cuts).map((delta) => ({
        type: "response.output_text.delta",
        output_index: index,
        delta,
      }));
      return [begun, ...deltas, done];
    }
    const deltas = manner.whole ? [] : inPieces(String(item.arguments), manner.cuts);
    return [
      begun,
      ...deltas.map((delta) => ({ type: "response.function_call_arguments.delta", output_index: index, delta })),
      done,
    ];
  });
  const whole = responsesWhole(answer) as { status: string };
  return [
    { type: "response.created", response: { status: "in_progress" } },
    ...(manner.strangers ? [{ type: "response.later.event", later: 1 }, { type: "keepalive" }] : []),
    ...events,
    { type: `response.${whole.status}`, response: whole },
  ];
};
