import type { ResponseStreamEvent } from "openai/resources/responses/responses";
import { describe, expect, it } from "vitest";
import { fromEncryptedContent } from "#core/dialects/responses/carried.ts";
import { responsesDialect } from "#core/dialects/responses/dialect.ts";
import { GatewayError } from "#core/errors.ts";
import { hasOpenAiSchemas, openAiFault } from "#tests/support/openai-schemas.ts";
import { facts } from "./support.ts";

type Event = ResponseStreamEvent & Record<string, unknown>;

const frame = (choices: readonly object[], more: object = {}) =>
  `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "served", choices, ...more })}\n\n`;
const delta = (fields: object, finishReason: string | null = null) =>
  frame([{ index: 0, delta: fields, finish_reason: finishReason }]);
const usage = frame([], { usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } });
const done = "data: [DONE]\n\n";

const eventsOf = async (parts: readonly (string | Error)[], body: object = {}): Promise<Event[]> => {
  async function* frames() {
    for (const part of parts) {
      if (part instanceof Error) throw part;
      yield Buffer.from(part);
    }
  }
  let text = "";
  for await (const part of responsesDialect.stream(frames(), facts({ stream: true, store: false, ...body })))
    text += part;
  return text
    .split("\n\n")
    .filter((each) => each !== "")
    .map((each) => {
      const [name = "", data = ""] = each.split("\n");
      const event = JSON.parse(data.slice("data: ".length)) as Event;
      expect(name).toBe(`event: ${event.type}`);
      return event;
    });
};

const typesOf = (events: readonly Event[]): string[] => events.map(({ type }) => type.replace(/^response\./, ""));
const outputOf = (events: readonly Event[]) => {
  const last = events.at(-1);
  if (last?.type !== "response.completed" && last?.type !== "response.incomplete")
    throw new Error(`Ended as ${last?.type}`);
  return last.response.output as unknown as readonly Record<string, unknown>[];
};

const text = [delta({ role: "assistant", content: "Hel" }), delta({ content: "lo" }), delta({}, "stop"), usage, done];
const callStart = (index: number, id: string, name: string) => ({
  tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }],
});
const callText = (index: number, more: string) => ({ tool_calls: [{ index, function: { arguments: more } }] });

/** The items of what is asked next, by a client that gives back ids alone. */
const referring = (items: readonly Readonly<Record<string, unknown>>[], question: string) => [
  ...items.map((item) => (item.type === "function_call" ? item : { type: "item_reference", id: item.id })),
  { role: "user", content: question },
];
const taken = (input: readonly object[]) =>
  responsesDialect.toChat(facts({ input }).body, {}).request.messages.map(({ content }) => content);

describe("a streamed answer", () => {
  it("of text has the events in their order, numbered without a gap, and no end mark", async () => {
    const events = await eventsOf(text);
    expect(typesOf(events)).toEqual([
      "created",
      "in_progress",
      "output_item.added",
      "content_part.added",
      "output_text.delta",
      "output_text.delta",
      "output_text.done",
      "content_part.done",
      "output_item.done",
      "completed",
    ]);
    expect(events.map(({ sequence_number: number }) => number)).toEqual(events.map((_, index) => index));
    expect(outputOf(events)).toMatchObject([{ type: "message", content: [{ type: "output_text", text: "Hello" }] }]);
    expect(events.at(-1)).toMatchObject({
      response: { usage: { input_tokens: 3, output_tokens: 2, total_tokens: 5 } },
    });
  });

  it("keeps each id, and each item at its place", async () => {
    const events = await eventsOf([
      delta({ role: "assistant", reasoning_content: "Hm" }),
      delta({ thinking_blocks: [{ type: "thinking", thinking: "Hm", signature: "sig" }] }),
      delta({ content: "Let me see" }),
      delta(callStart(0, "call_a", "run")),
      delta(callText(0, '{"a":')),
      delta(callStart(1, "call_b", "run")),
      delta(callText(1, "{}")),
      delta(callText(0, "1}")),
      delta({}, "tool_calls"),
      done,
    ]);
    const output = outputOf(events);
    expect(output.map(({ type }) => type)).toEqual(["reasoning", "message", "function_call", "function_call"]);
    for (const [index, item] of output.entries()) {
      const own = events.filter((event) => event.output_index === index);
      expect(own.length).toBeGreaterThan(1);
      for (const event of own) expect(event.item_id ?? (event.item as { id: string }).id).toBe(item.id);
      expect(own.at(-1)?.item).toEqual(item);
    }
    expect(output.slice(2)).toMatchObject([
      { call_id: "call_a", arguments: '{"a":1}' },
      { call_id: "call_b", arguments: "{}" },
    ]);
    expect(fromEncryptedContent(String(output[0]?.encrypted_content))?.thinking_blocks).toEqual([
      { type: "thinking", thinking: "Hm", signature: "sig" },
    ]);
  });

  it("streams the input of a custom tool as text", async () => {
    const tools = [{ type: "custom", name: "apply_patch" }];
    const pieces = ['{"inp', 'ut":"*** Beg', "in\\n", '+a\\"', '"}'];
    const events = await eventsOf(
      [
        delta(callStart(0, "1", "apply_patch")),
        ...pieces.map((piece) => delta(callText(0, piece))),
        delta({}, "tool_calls"),
        done,
      ],
      { tools },
    );
    const deltas = events.filter(({ type }) => type === "response.custom_tool_call_input.delta");
    expect(deltas.length).toBeGreaterThan(1);
    expect(deltas.map((event) => event.delta).join("")).toBe('*** Begin\n+a"');
    expect(outputOf(events)).toMatchObject([{ type: "custom_tool_call", input: '*** Begin\n+a"' }]);
  });

  it("carries the signature of a call in an item before it", async () => {
    const extra = { google: { thought_signature: "s" } };
    const [start] = callStart(0, "1", "run").tool_calls;
    const events = await eventsOf([
      delta({ tool_calls: [{ ...start, extra_content: extra }] }),
      delta({}, "tool_calls"),
      done,
    ]);
    const [reasoning, call] = outputOf(events);
    expect(call).toMatchObject({ type: "function_call", arguments: "" });
    expect(fromEncryptedContent(String(reasoning?.encrypted_content))?.calls).toEqual({ "1": extra });
  });

  it("puts details that come in pieces together again", async () => {
    const piece = (more: object) => delta({ reasoning_details: [{ type: "reasoning.text", index: 0, ...more }] });
    const events = await eventsOf([piece({ text: "a" }), piece({ text: "b", signature: "s" }), ...text]);
    expect(fromEncryptedContent(String(outputOf(events)[0]?.encrypted_content))?.reasoning_details).toEqual([
      { type: "reasoning.text", index: 0, text: "ab", signature: "s" },
    ]);
  });

  it.each([
    ["length", "max_output_tokens"],
    ["content_filter", "content_filter"],
  ])("that ended by %s is incomplete", async (reason, named) => {
    const events = await eventsOf([delta({ content: "Hel" }), delta({}, reason), done]);
    expect(events.at(-1)).toMatchObject({
      type: "response.incomplete",
      response: { status: "incomplete", incomplete_details: { reason: named }, output: [{ status: "incomplete" }] },
    });
  });

  it("that refuses has the events of a refusal", async () => {
    const events = await eventsOf([delta({ refusal: "No" }), delta({}, "stop"), done]);
    expect(typesOf(events)).toContain("refusal.delta");
    expect(outputOf(events)).toMatchObject([{ content: [{ type: "refusal", refusal: "No" }] }]);
  });

  it("without a word is an empty message", async () => {
    expect(outputOf(await eventsOf([delta({}, "stop"), done]))).toMatchObject([{ type: "message", content: [] }]);
  });

  it("that fails ends in response.failed with our code and the request's id", async () => {
    const events = await eventsOf([delta({ content: "Hel" }), new GatewayError("PROVIDER_ERROR", "It broke")]);
    expect(events.at(-1)).toMatchObject({
      type: "response.failed",
      sequence_number: events.length - 1,
      response: {
        status: "failed",
        error: {
          code: "server_error",
          message: "It broke",
          details: { code: "PROVIDER_ERROR", request_id: expect.stringMatching(/^req_/) },
        },
      },
    });
  });

  it.each([
    ["RATE_LIMIT_EXCEEDED", "rate_limit_exceeded"],
    ["BAD_REQUEST", "invalid_prompt"],
    ["SPEND_LIMIT_EXCEEDED", "insufficient_quota"],
  ] as const)("tells agents by the code what to do about %s", async (code, named) => {
    const events = await eventsOf([new GatewayError(code, "No")]);
    expect(events.at(-1)).toMatchObject({ response: { error: { code: named } } });
  });

  it.runIf(hasOpenAiSchemas)("has events that are valid by OpenAI's own schema", async () => {
    const tools = [{ type: "function", name: "run", parameters: { type: "object", properties: {} } }];
    const parts = [
      delta({ reasoning_content: "Hm" }),
      delta({ content: "Hello" }),
      delta(callStart(0, "1", "run")),
      delta(callText(0, "{}")),
      delta({}, "tool_calls"),
      usage,
    ];
    for (const event of await eventsOf(parts, { tools })) {
      expect(openAiFault("ResponseStreamEvent", event), event.type).toBeUndefined();
    }
  });

  describe("of a caller that has not said that nothing is to be stored", () => {
    const stored = { store: undefined };

    it("ends with an item that holds what it said, so that its ids are enough to send it back", async () => {
      const events = await eventsOf(
        [delta({ content: "Grüße" }), delta(callStart(0, "1", "run")), delta({}, "tool_calls"), usage, done],
        stored,
      );
      const output = outputOf(events);
      expect(output.map(({ type }) => type)).toEqual(["message", "function_call", "reasoning"]);
      expect(events.map(({ sequence_number: number }) => number)).toEqual(events.map((_, index) => index));
      for (const event of events.slice(-3, -1)) expect(event.item).toEqual(output[2]);
      const result = { type: "function_call_output", call_id: "1", output: "done" };
      expect(taken([...referring(output, "And?"), result])).toContain("Grüße");
      // Whole items are taken too, and say it once.
      expect(taken([...output, result])).toEqual(["Grüße", "done"]);
    });

    it.each([
      ["refused", [delta({ refusal: "No" }), delta({}, "stop"), done], "No"],
      ["was cut off", [delta({ content: "Hel" }), delta({}, "length"), done], "Hel"],
    ])("that %s can be sent back by its ids", async (_, parts, said) => {
      expect(taken(referring(outputOf(await eventsOf(parts, stored)), "And?"))).toEqual([said, "And?"]);
    });

    it("that said nothing can be sent back by its ids", async () => {
      const events = await eventsOf([delta({}, "stop"), done], stored);
      expect(taken(referring(outputOf(events), "And?")).at(-1)).toBe("And?");
    });

    it("can be sent back by its ids where OpenAI made them, natively", async () => {
      const item = { type: "message", id: "msg_1", role: "assistant", content: [{ type: "output_text", text: "Hi" }] };
      const last = { type: "response.completed", sequence_number: 7, response: { id: "resp_1", output: [item] } };
      const parts = [
        'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":6,"delta":"Hi"}\n\n',
        `event: response.completed\ndata: ${JSON.stringify(last)}\n\n`,
      ];
      const passed = async (chunks: readonly string[], body: object): Promise<string> => {
        async function* frames() {
          for (const chunk of chunks) yield Buffer.from(chunk);
        }
        const through = responsesDialect.native?.frames?.(frames(), facts(body).body) ?? frames();
        let all = "";
        for await (const part of through) all += part;
        return all;
      };
      for (const chunks of [parts, [parts.join("")]]) {
        expect(await passed(chunks, { store: false })).toBe(parts.join(""));
        const events = (await passed(chunks, {}))
          .split("\n\n")
          .filter((each) => each !== "")
          .map((each) => JSON.parse(each.slice(each.indexOf("{"))) as Event);
        expect(events.map(({ sequence_number: number }) => number)).toEqual([6, 7, 8, 9]);
        expect(typesOf(events).slice(1)).toEqual(["output_item.added", "output_item.done", "completed"]);
        const output = outputOf(events);
        expect(taken(referring(output, "And?"))).toEqual(["Hi", "And?"]);
        const sent = responsesDialect.native?.body(facts({ input: referring(output, "And?") }).body);
        expect(sent?.input).toMatchObject([
          { type: "message", role: "assistant", content: [{ type: "output_text", text: "Hi" }] },
          { role: "user" },
        ]);
        // OpenAI has not made the item that holds it, and never sees it.
        expect(responsesDialect.native?.body(facts({ input: output }).body).input).toEqual([item]);
      }
    });
  });

  it("counts as whole only at its own end", async () => {
    const { isEnd } = responsesDialect.wire;
    expect(isEnd('event: response.completed\ndata: {"type":"response.completed"}\n\n')).toBe(true);
    expect(isEnd("event: response.incomplete\ndata: {}\n\n")).toBe(true);
    expect(isEnd("event: response.failed\ndata: {}\n\n")).toBe(false);
    expect(isEnd('event: response.output_text.delta\ndata: {"delta":"event: response.completed\\n"}\n\n')).toBe(false);
  });
});
