import { describe, expect, it } from "vitest";
import { messagesDialect } from "#core/dialects/messages/dialect.ts";
import { GatewayError, toGatewayError } from "#core/errors.ts";
import { parseWith } from "#core/http/parse-with.ts";
import { toNativeRequest } from "#core/providers/anthropic/native-request.ts";
import type { ProviderCall } from "#core/providers/provider.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";
import { messagesRequestSchema } from "#core/schemas/messages.ts";
import { fc, runs } from "#tests/support/property.ts";
import { anyMessagesRequest, hostile } from "./any-request.ts";

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
      fc.property(anyMessagesRequest, fc.string(), (body, beta) => {
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
