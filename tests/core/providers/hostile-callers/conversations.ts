import { fc } from "#tests/support/property.ts";

/** Message histories as callers send them: consecutive roles, empty parts, prefill, instructions anywhere, broken calls. */

type Message = Readonly<Record<string, unknown>>;

const text = fc.constantFrom(
  "Hi",
  "",
  " ",
  "\n",
  "cut \ud83d",
  "\ude00",
  "whole 😀",
  "json",
  "x".repeat(2_000),
  "ends in space ",
);

const bytes: readonly string[] = [
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBD",
  "R0lGODlhAQABAAAAACw=",
  "UklGRiQAAABXRUJQVlA4IBgAAAAw",
];
const imageUrl = fc
  .tuple(
    fc.constantFrom("image/png", "image/jpg", "image/jpeg", "IMAGE/PNG", "", "application/octet-stream"),
    fc.constantFrom(...bytes),
  )
  .map(([label, data]) => `data:${label};base64,${data}`);

const textPart = text.map((value) => ({ type: "text", text: value }));
const imagePart = imageUrl.map((url) => ({ type: "image_url", image_url: { url } }));
const otherPart = fc.constantFrom(
  { type: "input_audio", input_audio: { data: "AAAA", format: "wav" } },
  { type: "file", file: { file_data: "data:application/pdf;base64,JVBERi0xLjQ=", filename: "a.pdf" } },
);
const marked = fc
  .tuple(textPart, fc.boolean())
  .map(([part, mark]) => (mark ? { ...part, cache_control: { type: "ephemeral" } } : part));
const userContent = fc.oneof(
  { weight: 4, arbitrary: text },
  fc.array(
    fc.oneof(
      { weight: 6, arbitrary: marked },
      { weight: 2, arbitrary: imagePart },
      { weight: 1, arbitrary: otherPart },
    ),
    {
      minLength: 1,
      maxLength: 3,
    },
  ),
);

const instruction: fc.Arbitrary<Message[]> = fc
  .tuple(fc.constantFrom("system", "developer"), fc.oneof(text, fc.array(textPart, { minLength: 1, maxLength: 2 })))
  .map(([role, content]) => [{ role, content }]);

const userTurn: fc.Arbitrary<Message[]> = fc
  .tuple(userContent, fc.constantFrom(undefined, null, "ann"))
  .map(([content, name]) => [{ role: "user", content, ...(name === undefined ? {} : { name }) }]);

const assistantContent = fc.oneof(
  { weight: 4, arbitrary: text },
  fc.constant(null),
  fc.constant(undefined),
  fc.array(fc.oneof(textPart, fc.constant({ type: "refusal", refusal: "no" })), { maxLength: 2 }),
);

const saying: fc.Arbitrary<Message[]> = fc
  .tuple(
    assistantContent,
    fc.constantFrom({}, { refusal: "no" }, { refusal: null, tool_calls: [] }, { function_call: null, audio: null }),
  )
  .map(([content, more]) => [{ role: "assistant", content, ...more }]);

const given = fc.constantFrom(
  '{"a":1}',
  "{}",
  "",
  "null",
  '{"a":"x',
  "[1]",
  '"x"',
  '{"id":12345678901234567890}',
  '{"x":"\\ud83d"}',
);
const ids = fc.constantFrom("call_0", "call_1", "call_toolu_01abc", "id with space", "x".repeat(60), "ä");

/** Calls and, unless there is a fault, one result for each, in some order. */
const callingWith = (faults: fc.Arbitrary<string>, images: boolean): fc.Arbitrary<Message[]> =>
  fc
    .record({
      content: assistantContent,
      calls: fc.uniqueArray(fc.tuple(ids, given, fc.constantFrom("f", "g")), {
        minLength: 1,
        maxLength: 3,
        selector: ([id]) => id,
      }),
      results: fc.array(
        fc.oneof(
          text,
          fc.array(
            images ? fc.oneof({ weight: 5, arbitrary: textPart }, { weight: 1, arbitrary: imagePart }) : textPart,
            {
              minLength: 1,
              maxLength: 2,
            },
          ),
        ),
        {
          minLength: 3,
          maxLength: 3,
        },
      ),
      order: fc.boolean(),
      fault: faults,
    })
    .map(({ content, calls, results, order, fault }) => {
      const tool_calls = calls.map(([id, args, name]) => ({
        id,
        type: "function",
        function: { name, arguments: args },
      }));
      const answers: Message[] = calls.map(([id], index) => ({
        role: "tool",
        tool_call_id: id,
        content: results[index] ?? "",
      }));
      if (order) answers.reverse();
      if (fault === "missing") answers.pop();
      if (fault === "twice") answers.push(...answers.slice(0, 1));
      if (fault === "instruction") answers.splice(0, 0, { role: "system", content: "now" });
      return [{ role: "assistant", content, tool_calls }, ...answers];
    });

const calling = callingWith(fc.constantFrom("", "", "", "", "missing", "twice", "instruction"), true);

const orphan: fc.Arbitrary<Message[]> = ids.map((id) => [{ role: "tool", tool_call_id: id, content: "1" }]);

/** Turns of every kind in any order. */
export const conversations: fc.Arbitrary<readonly Message[]> = fc
  .array(
    fc.oneof(
      { weight: 16, arbitrary: userTurn },
      { weight: 8, arbitrary: saying },
      { weight: 12, arbitrary: calling },
      { weight: 4, arbitrary: instruction },
      { weight: 1, arbitrary: orphan },
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((turns) => turns.flat());

const plainTurn: fc.Arbitrary<Message[]> = text.map((content) => [{ role: "user", content }]);

/** Five hundred turns without a fault. */
export const longConversations: fc.Arbitrary<readonly Message[]> = fc
  .array(fc.oneof(plainTurn, saying, instruction, callingWith(fc.constantFrom("", "instruction"), false)), {
    minLength: 500,
    maxLength: 500,
  })
  .map((turns) => turns.flat());
