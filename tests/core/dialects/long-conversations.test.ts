import { describe, expect, it } from "vitest";
import { messagesDialect } from "#core/dialects/messages/dialect.ts";
import { responsesDialect } from "#core/dialects/responses/dialect.ts";
import { parseWith } from "#core/http/parse-with.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";
import { messagesRequestSchema } from "#core/schemas/messages.ts";
import { responsesRequestSchema } from "#core/schemas/responses.ts";

/** What agents send at the end of a long day: calls in parallel, results with images, thinking that comes back. */

const said = "x".repeat(480);
const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const schema = { type: "object", properties: { path: { type: "string" } } };
const times = <Value>(turns: number, make: (turn: number) => readonly Value[]): Value[] =>
  Array.from({ length: turns }, (_, turn) => make(turn)).flat();

const dialects = {
  "chat-completions": {
    body: (turns: number) => ({
      model: "claude",
      tools: [{ type: "function", function: { name: "read", parameters: schema } }],
      messages: times<object>(turns, (turn) => [
        { role: "user", content: said },
        {
          role: "assistant",
          content: said,
          tool_calls: [0, 1].map((each) => ({
            id: `call_${turn}_${each}`,
            type: "function",
            function: { name: "read", arguments: '{"path":"a"}' },
          })),
        },
        ...[0, 1].map((each) => ({ role: "tool", tool_call_id: `call_${turn}_${each}`, content: said })),
      ]),
    }),
    read: (body: unknown) => parseWith(chatRequestSchema, body).messages.length,
  },
  messages: {
    body: (turns: number) => ({
      model: "gpt",
      max_tokens: 100,
      tools: [{ name: "read", input_schema: schema }],
      messages: times<object>(turns, (turn) => [
        {
          role: "user",
          content: [
            ...(turn === 0
              ? []
              : [0, 1].map((each) => ({
                  type: "tool_result",
                  tool_use_id: `toolu_${turn - 1}_${each}`,
                  content: [
                    { type: "text", text: said },
                    { type: "image", source: { type: "base64", media_type: "image/png", data: pixel } },
                  ],
                }))),
            { type: "text", text: said },
          ],
        },
        ...(turn === turns - 1
          ? []
          : [
              {
                role: "assistant",
                content: [
                  { type: "thinking", thinking: said, signature: "sig" },
                  { type: "text", text: said },
                  ...[0, 1].map((each) => ({
                    type: "tool_use",
                    id: `toolu_${turn}_${each}`,
                    name: "read",
                    input: { path: "a" },
                  })),
                ],
              },
            ]),
      ]),
    }),
    read: (body: unknown) => {
      const parsed = parseWith(messagesRequestSchema, body);
      messagesDialect.native?.body(parsed);
      return messagesDialect.toChat(parsed, {}).request.messages.length;
    },
  },
  responses: {
    body: (turns: number) => ({
      model: "claude",
      store: false,
      tools: [{ type: "function", name: "read", parameters: schema }],
      input: times<object>(turns, (turn) => [
        { type: "message", role: "user", content: [{ type: "input_text", text: said }] },
        { type: "reasoning", id: `rs_${turn}`, summary: [], encrypted_content: "gAAAA" },
        { type: "message", role: "assistant", content: [{ type: "output_text", text: said }] },
        ...[0, 1].map((each) => ({
          type: "function_call",
          call_id: `call_${turn}_${each}`,
          name: "read",
          arguments: '{"path":"a"}',
        })),
        ...[0, 1].map((each) => ({
          type: "function_call_output",
          call_id: `call_${turn}_${each}`,
          output: [
            { type: "input_text", text: said },
            { type: "input_image", image_url: `data:image/png;base64,${pixel}`, detail: "auto" },
          ],
        })),
      ]),
    }),
    read: (body: unknown) => {
      const parsed = parseWith(responsesRequestSchema, body);
      responsesDialect.native?.body(parsed);
      return responsesDialect.toChat(parsed, {}).request.messages.length;
    },
  },
} as const;

/** The same value, every read of whose members is counted. */
const counted = (value: unknown, count: () => void): unknown => {
  const wrapped = new WeakMap<object, object>();
  const wrap = (each: unknown): unknown => {
    if (typeof each !== "object" || each === null) return each;
    const known = wrapped.get(each);
    if (known !== undefined) return known;
    const proxy = new Proxy(each, {
      get: (target, name, receiver) => {
        count();
        return wrap(Reflect.get(target, name, receiver));
      },
      ownKeys: (target) => {
        count();
        return Reflect.ownKeys(target);
      },
    });
    wrapped.set(each, proxy);
    return proxy;
  };
  return wrap(value);
};

describe.each(Object.entries(dialects))("a conversation in the dialect %s", (_, { body, read }) => {
  it("of 200 turns and 400 KB is taken whole", () => {
    const long = body(200);
    expect(JSON.stringify(long).length).toBeGreaterThan(400_000);
    expect(read(long)).toBeGreaterThan(600);
  });

  it("of twice as many turns is read twice as often, and not four times", () => {
    const readsOf = (turns: number): number => {
      let reads = 0;
      read(
        counted(body(turns), () => {
          reads += 1;
        }),
      );
      return reads;
    };
    const [half, whole] = [readsOf(100), readsOf(200)];
    expect(half).toBeGreaterThan(1_000);
    expect(whole / half).toBeLessThan(2.1);
  });
});
