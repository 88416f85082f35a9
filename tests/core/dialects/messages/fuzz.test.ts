import { describe, expect, it } from "vitest";
import { messagesDialect } from "#core/dialects/messages/dialect.ts";
import { GatewayError, toGatewayError } from "#core/errors.ts";
import { parseWith } from "#core/http/schema.ts";
import { toNativeRequest } from "#core/providers/anthropic/native-request.ts";
import type { ProviderCall } from "#core/providers/provider.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";
import { messagesRequestSchema } from "#core/schemas/messages.ts";
import { fc, runs } from "#tests/support/property.ts";

/** Values that a field is not meant to have. */
const hostile = fc.oneof(
  fc.constantFrom(
    null,
    true,
    -1,
    0,
    1e308,
    "",
    " ",
    "__proto__",
    "constructor",
    "\u0000",
    "\ud800",
    [],
    {},
    [[]],
    [{}],
  ),
  fc.constantFrom({ type: null }, { type: "text" }, { type: "constructor" }, [{ type: "toString" }], "a".repeat(2_000)),
  fc.jsonValue({ maxDepth: 3 }),
);

const textBlock = fc.record({ type: fc.constant("text"), text: fc.string() });
const source = fc.oneof(
  fc.record({ type: fc.constant("base64"), media_type: fc.string(), data: fc.string() }),
  fc.record({ type: fc.constant("url"), url: fc.string() }),
  fc.record({ type: fc.constant("text"), data: fc.string() }),
  fc.record({ type: fc.constant("content"), content: hostile }),
  fc.record({ type: fc.constant("file"), file_id: fc.string() }),
  fc.record({ type: fc.string() }),
);
const use = fc.record({
  type: fc.constant("tool_use"),
  id: fc.constantFrom("toolu_1", "call_0", "a b", "é"),
  name: fc.string({ minLength: 1, maxLength: 130 }),
  input: fc.dictionary(fc.string(), fc.jsonValue()),
});
const block = fc.oneof(
  textBlock,
  use,
  fc.record({ type: fc.constantFrom("image", "document"), source }),
  fc.record({
    type: fc.constant("tool_result"),
    tool_use_id: fc.constantFrom("toolu_1", "call_0", "a b"),
    content: fc.oneof(fc.string(), fc.array(fc.oneof(textBlock, fc.record({ type: fc.constant("image"), source })))),
    is_error: fc.boolean(),
  }),
  fc.record({
    type: fc.constant("thinking"),
    thinking: fc.string(),
    signature: fc.oneof(
      fc.string(),
      fc.string().map((text) => `concurred.1.${Buffer.from(text).toString("base64url")}`),
    ),
  }),
  fc.record({ type: fc.constant("redacted_thinking"), data: fc.string() }),
  fc.record({ type: fc.string({ minLength: 1 }) }),
);
const turn = fc.record({
  role: fc.constantFrom("user", "assistant", "system"),
  content: fc.oneof(fc.string(), fc.array(block, { maxLength: 6 })),
});
const tool = fc.oneof(
  fc.record({
    name: fc.stringMatching(/^[a-zA-Z0-9_-]{1,128}$/),
    input_schema: fc.record({ type: fc.constant("object"), properties: hostile }),
    strict: fc.boolean(),
    defer_loading: fc.boolean(),
  }),
  fc.record({ type: fc.stringMatching(/^[a-z_]{3,20}_\d{8}$/), name: fc.string() }),
);
const good = fc.record(
  {
    messages: fc.array(turn, { minLength: 1, maxLength: 6 }),
    system: fc.oneof(fc.string(), fc.array(textBlock)),
    tools: fc.array(tool, { maxLength: 4 }),
    tool_choice: fc.record({ type: fc.constantFrom("auto", "any", "tool", "none"), name: fc.string() }),
    thinking: fc.record({ type: fc.constantFrom("enabled", "adaptive", "disabled", "x"), budget_tokens: fc.nat() }),
    output_config: fc.record({ effort: fc.string({ maxLength: 20 }) }),
    metadata: fc.record({ user_id: fc.string() }),
    stop_sequences: fc.array(fc.string(), { maxLength: 5 }),
    stream: fc.boolean(),
  },
  { requiredKeys: ["messages"] },
);
const fields = [
  ...["model", "max_tokens", "messages", "system", "tools", "tool_choice", "thinking", "output_config", "stream"],
  ...["metadata", "stop_sequences", "temperature", "top_p", "top_k", "container", "mcp_servers", "cache_control"],
  ...["context_management", "service_tier", "speed", "inference_geo", "output_format", "tomorrow"],
];
const asked = fc
  .tuple(good, fc.dictionary(fc.constantFrom(...fields), hostile, { maxKeys: 2 }))
  .map(([body, faults]) => ({ model: "gpt", max_tokens: 100, ...body, ...faults }));

/** What a caller sees of a request that is refused: a fault of its own, never ours. */
const refused = (thrown: unknown): boolean => {
  expect(thrown).toBeInstanceOf(GatewayError);
  const error = toGatewayError(thrown);
  expect(messagesDialect.wire.errorStatus(error)).toBeGreaterThanOrEqual(400);
  expect(messagesDialect.wire.errorStatus(error)).toBeLessThan(500);
  expect(messagesDialect.wire.errorBody(error, "req_1")).toMatchObject({ type: "error", request_id: "req_1" });
  return true;
};

describe("any value in any field of a Messages request", () => {
  it("is a request that every adapter may read, or a 400 in Anthropic's envelope", () => {
    let served = 0;
    fc.assert(
      fc.property(asked, fc.string(), (body, beta) => {
        try {
          const parsed = parseWith(messagesRequestSchema, body);
          const { request, warnings } = messagesDialect.toChat(parsed, { "anthropic-beta": beta });
          for (const name of warnings) expect(name).toMatch(/^[\w.$[\]-]{1,64}$/);
          const passed = messagesDialect.native?.body(parsed) ?? {};
          const native = {
            dialect: "messages" as const,
            body: passed,
            headers: {},
            refusal: undefined,
            cutFrames: () => "",
          };
          const call = { model: "claude-opus-4-8", credential: { byok: false } } as unknown as ProviderCall;
          JSON.stringify(toNativeRequest(call, native));
          // The core's own schema takes what the translation makes, or says what is wrong with it.
          parseWith(chatRequestSchema, request);
          served += 1;
        } catch (thrown) {
          return refused(thrown);
        }
        return true;
      }),
      { numRuns: runs(500) },
    );
    expect(served).toBeGreaterThan(20);
  });

  it("is answered, whatever the model said, whole and streamed", async () => {
    const delta = fc.record(
      {
        content: fc.oneof(fc.string(), fc.constant(null)),
        refusal: fc.string(),
        reasoning_content: fc.string(),
        reasoning_details: hostile,
        thinking_blocks: hostile,
        tool_calls: fc.array(
          fc.record({
            index: fc.nat(3),
            id: fc.string(),
            function: fc.record({ name: fc.constantFrom("", "read"), arguments: fc.string() }),
            extra_content: hostile,
          }),
          { maxLength: 3 },
        ),
      },
      { requiredKeys: [] },
    );
    const thinking = fc.constantFrom(undefined, { type: "adaptive" }, { type: "adaptive", display: "omitted" });
    await fc.assert(
      fc.asyncProperty(fc.array(delta, { maxLength: 8 }), thinking, async (deltas, shown) => {
        const body = parseWith(messagesRequestSchema, {
          model: "gpt",
          max_tokens: 100,
          messages: [{ role: "user", content: "Hello" }],
          ...(shown === undefined ? {} : { thinking: shown }),
        });
        const facts = { requestId: "req_1", startedAtMs: 0, body, request: {} as never, fail: toGatewayError };
        async function* frames() {
          for (const part of deltas) {
            yield `data: ${JSON.stringify({ model: "m", choices: [{ index: 0, delta: part, finish_reason: null }] })}\n\n`;
          }
        }
        let text = "";
        for await (const part of messagesDialect.stream(frames(), facts)) text += part;
        const events = text.split("\n\n").filter(Boolean);
        // Blocks begin, say something and end, one after the other and numbered from 0.
        let open: number | undefined;
        let next = 0;
        for (const frame of events) {
          const { type, index } = JSON.parse(frame.slice(frame.indexOf("data: ") + 6)) as {
            type: string;
            index?: number;
          };
          if (type === "content_block_start") {
            expect([open, index]).toEqual([undefined, next]);
            open = index;
            next += 1;
          } else if (type === "content_block_delta") expect(index).toBe(open);
          else if (type === "content_block_stop") {
            expect(index).toBe(open);
            open = undefined;
          }
        }
        expect(open).toBeUndefined();
        expect(events[0]).toContain("message_start");
        expect(events.at(-1)).toContain("message_stop");
        for (const message of deltas) {
          const whole = {
            id: "c",
            object: "chat.completion",
            created: 1,
            model: "m",
            choices: [{ index: 0, message }],
          };
          JSON.stringify(messagesDialect.answer(whole as never, facts));
        }
      }),
      { numRuns: runs(200) },
    );
  });
});
