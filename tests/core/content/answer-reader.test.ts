import { describe, expect, it } from "vitest";
import { AnswerReader } from "#core/content/answer-reader.ts";
import type { ContentMessage } from "#core/content/content.ts";
import { cutTo } from "#core/content/cut.ts";
import { fc, runs } from "#tests/support/property.ts";

const frame = (value: object): string => `data: ${JSON.stringify(value)}\n\n`;
const chunk = (delta: object, finish: string | null = null): string =>
  frame({ choices: [{ index: 0, delta, finish_reason: finish }] });
const call = (index: number, body: object): string => chunk({ tool_calls: [{ index, ...body }] });

const chat =
  chunk({ role: "assistant", reasoning_content: "Hm" }) +
  chunk({ content: "Grüß " }) +
  chunk({ content: "dich 👋" }) +
  call(0, { id: "call_1", function: { name: "weather", arguments: "" } }) +
  call(0, { function: { arguments: '{"city":' } }) +
  call(0, { function: { arguments: '"Paris"}' } }) +
  chunk({}, "tool_calls") +
  "data: [DONE]\n\n";

const event = (type: string, body: object): string => `event: ${type}\n${frame({ type, ...body })}`;
const messages =
  event("message_start", { message: { role: "assistant" } }) +
  event("content_block_start", { index: 0, content_block: { type: "thinking", thinking: "" } }) +
  event("content_block_delta", { index: 0, delta: { type: "thinking_delta", thinking: "Hm" } }) +
  event("content_block_start", { index: 1, content_block: { type: "text", text: "" } }) +
  event("content_block_delta", { index: 1, delta: { type: "text_delta", text: "Grüß " } }) +
  event("content_block_delta", { index: 1, delta: { type: "text_delta", text: "dich 👋" } }) +
  event("content_block_start", { index: 2, content_block: { type: "tool_use", id: "call_1", name: "weather" } }) +
  event("content_block_delta", { index: 2, delta: { type: "input_json_delta", partial_json: '{"city":' } }) +
  event("content_block_delta", { index: 2, delta: { type: "input_json_delta", partial_json: '"Paris"}' } }) +
  event("message_delta", { delta: { stop_reason: "tool_calls" } });

const responses =
  event("response.output_item.added", { output_index: 0, item: { type: "reasoning" } }) +
  event("response.reasoning_summary_text.delta", { output_index: 0, delta: "Hm" }) +
  event("response.output_text.delta", { output_index: 1, delta: "Grüß " }) +
  event("response.output_text.delta", { output_index: 1, delta: "dich 👋" }) +
  event("response.output_item.added", {
    output_index: 2,
    item: { type: "function_call", call_id: "call_1", name: "weather" },
  }) +
  event("response.function_call_arguments.delta", { output_index: 2, delta: '{"city":' }) +
  event("response.function_call_arguments.delta", { output_index: 2, delta: '"Paris"}' }) +
  event("response.completed", { response: { status: "tool_calls" } });

const said = [
  {
    role: "assistant",
    parts: [
      { type: "reasoning", content: "Hm" },
      { type: "text", content: "Grüß dich 👋" },
      { type: "tool_call", id: "call_1", name: "weather", arguments: '{"city":"Paris"}' },
    ],
    finish_reason: "tool_calls",
  },
];

describe("an answer that passes", () => {
  it.each([
    ["chat completions", chat],
    ["messages", messages],
    ["responses", responses],
  ])("is read from frames of %s, however they are cut", (_name, frames) => {
    const bytes = Buffer.from(frames);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (cuts) => {
        const reader = new AnswerReader();
        const ends = [...cuts, bytes.length].sort((left, right) => left - right);
        let from = 0;
        for (const to of ends) {
          reader.push(bytes.subarray(from, to));
          from = to;
        }
        expect(reader.answer()).toEqual({ messages: said, cut: false });
      }),
      { numRuns: runs(50) },
    );
  });

  it("is there as far as it came, and holds each choice", () => {
    const reader = new AnswerReader();
    reader.push(chat.slice(0, chat.indexOf("dich") - 20));
    expect(reader.answer().messages).toMatchObject([{ parts: [{ content: "Hm" }, { content: "Grüß " }] }]);
    const several = new AnswerReader();
    several.push(frame({ choices: [0, 1].map((index) => ({ index, delta: { content: `No. ${index}` } })) }));
    expect(several.answer().messages).toMatchObject([
      { parts: [{ content: "No. 0" }] },
      { parts: [{ content: "No. 1" }] },
    ]);
  });

  it("is kept up to a bound, whatever its length", () => {
    const reader = new AnswerReader();
    for (let count = 0; count < 2_000; count += 1) reader.push(chunk({ content: "x".repeat(1_000) }));
    const { messages: kept, cut } = reader.answer();
    expect(cut).toBe(true);
    const length = JSON.stringify(kept).length;
    expect(length).toBeGreaterThan(150 * 1_024);
    expect(length).toBeLessThan(1_000_000);
  });
});

describe("messages that are cut", () => {
  const part = fc.oneof(
    fc.record({ type: fc.constant("text"), content: fc.string({ unit: "grapheme", maxLength: 60 }) }),
    fc.record({ type: fc.constant("tool_call"), name: fc.string(), arguments: fc.string({ maxLength: 60 }) }),
    fc.record({ type: fc.constant("omitted"), characters: fc.nat() }),
  );
  const conversation = fc.array(
    fc.record({ role: fc.constantFrom("user", "assistant"), parts: fc.array(part, { maxLength: 5 }) }),
    { maxLength: 8 },
  ) as fc.Arbitrary<ContentMessage[]>;

  it("fit into the size, are the beginning of what was said, and whole where it fits", () => {
    fc.assert(
      fc.property(conversation, fc.integer({ min: 2, max: 1_500 }), (all, size) => {
        const { messages: kept, cut } = cutTo(all, size);
        const text = JSON.stringify(kept);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(size);
        expect(text).toBe(Buffer.from(text).toString());
        if (!cut) expect(kept).toEqual(all);
        for (const [index, message] of kept.entries()) {
          if (index < kept.length - 1) expect(message).toEqual(all[index]);
        }
        const last = kept.at(-1)?.parts.at(-1)?.content;
        const whole = all[kept.length - 1]?.parts[(kept.at(-1)?.parts.length ?? 0) - 1]?.content;
        if (typeof last === "string") expect(String(whole).startsWith(last)).toBe(true);
        // A part more of what was said would not have fitted, unless it cannot be cut.
        if (Buffer.byteLength(JSON.stringify(all)) + all.length * 2 <= size) expect(cut).toBe(false);
      }),
      { numRuns: runs(300) },
    );
  });
});
