import { describe, expect, test } from "vitest";
import { newOutcome, ProviderFailure, type StreamReply } from "#core/providers/provider.ts";
import { withStrictTools } from "#core/providers/strict-tools.ts";
import { assemble, chunksOf, providerCall, weatherTool } from "./support.ts";

const strict = { ...weatherTool, function: { ...weatherTool.function, strict: true } };
const other = { ...weatherTool, function: { ...weatherTool.function, name: "other" } };

const frame = (delta: object, finish: string | null = null, index = 0): string =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index, delta, finish_reason: finish }] })}\n\n`;
const begins = (index: number, name = "get_weather", more: object = {}): object => ({
  tool_calls: [{ index, id: `call_${index}`, type: "function", function: { name, arguments: "" }, ...more }],
});
const says = (index: number, text: string): object => ({ tool_calls: [{ index, function: { arguments: text } }] });
const role = frame({ role: "assistant", content: null });

interface Streamed {
  /** What had left after each part that came. */
  readonly left: readonly string[];
  readonly text: string;
  readonly failure: unknown;
}

/** Sends parts through a provider under strict tools, one by one. */
const streamed = async (parts: readonly (string | Error)[]): Promise<Streamed> => {
  const left: string[] = [];
  let text = "";
  let failure: unknown;
  const outcome = newOutcome();
  const reply: StreamReply = {
    kind: "stream",
    outcome,
    simulated: false,
    warnings: [],
    frames: (async function* () {
      for (const part of parts) {
        left.push(text);
        if (part instanceof Error) throw part;
        yield Buffer.from(part);
      }
      outcome.usage = { ...usage };
    })(),
  };
  const call = providerCall(
    { tools: [strict, other], stream: true },
    { provider: "google", model: "gemini-3.5-flash" },
  );
  const answer = await withStrictTools({ chat: async () => reply }).chat(call);
  if (answer.kind !== "stream") throw new Error("Expected a stream");
  try {
    for await (const part of answer.frames) text += part.toString();
  } catch (thrown) {
    failure = thrown;
  }
  return { left, text, failure };
};

const usage = {
  inputTokens: 7,
  cachedInputTokens: 0,
  cacheWriteInputTokens: 0,
  longCacheWriteInputTokens: 0,
  outputTokens: 3,
  reasoningTokens: 0,
  estimated: false,
};

describe("a streamed call of a strict tool", () => {
  test("leaves whole, in one delta and only after its choice ended; nothing leaves before it", async () => {
    const { left, text } = await streamed([
      role,
      frame(begins(0, "get_weather", { extra_content: { google: { thought_signature: "s" } } })),
      frame(says(0, '{"ci')),
      frame(says(0, 'ty":"x"}')),
      frame({}, "tool_calls"),
    ]);
    expect(left).toEqual(["", "", "", "", ""]);
    expect(chunksOf(text)).toHaveLength(3);
    expect(assemble(chunksOf(text))).toMatchObject({
      finish: "tool_calls",
      toolCalls: [
        {
          id: "call_0",
          function: { name: "get_weather", arguments: '{"city":"x"}' },
          extra_content: { google: { thought_signature: "s" } },
        },
      ],
    });
  });

  test("holds back neither text nor the calls of other tools, which leave as the bytes that came", async () => {
    const word = frame({ content: "word" });
    const call = frame(begins(1, "other")) + frame(says(1, "not even JSON"));
    const { left, text } = await streamed([
      role + frame(begins(0)) + word,
      frame(says(0, '{"city":"x"}')) + call,
      frame({}, "tool_calls"),
    ]);
    expect(left).toEqual(["", role + word, role + word + call]);
    const { content, toolCalls } = assemble(chunksOf(text));
    expect(content).toBe("word");
    expect(toolCalls.map((each) => each.function.arguments)).toEqual(['{"city":"x"}', "not even JSON"]);
  });

  test("is judged also where parallel calls come in turns, or with the end in the same read", async () => {
    const turns = frame(begins(0)) + frame(begins(1)) + frame(says(0, '{"city":')) + frame(says(1, '{"city":"y"}'));
    const good = await streamed([role + turns + frame(says(0, '"x"}')) + frame({}, "tool_calls")]);
    expect(assemble(chunksOf(good.text)).toolCalls.map((each) => each.function.arguments)).toEqual([
      '{"city":"x"}',
      '{"city":"y"}',
    ]);
    const bad = await streamed([role + turns + frame(says(0, "1}")) + frame({}, "tool_calls")]);
    expect(bad).toMatchObject({ text: "", failure: { providerCode: "tool_call_invalid_arguments" } });
  });

  test("that breaks its schema fails after the source told its usage, and none of the call leaves", async () => {
    const { text, failure } = await streamed([
      role,
      frame({ content: "word" }),
      frame(begins(0)),
      frame(says(0, '{"days":1}')),
      frame({}, "tool_calls"),
    ]);
    expect(text).toBe(role + frame({ content: "word" }));
    expect(failure).toBeInstanceOf(ProviderFailure);
    expect(failure).toMatchObject({
      kind: "malformed",
      providerCode: "tool_call_invalid_arguments",
      providerMessage: expect.stringContaining("get_weather.arguments.city is missing"),
      outcome: { usage },
    });
  });

  test("fails as such also when the connection breaks behind its end, and as the connection when before", async () => {
    const broken = new ProviderFailure("google", "network", "gone");
    const end = frame({}, "tool_calls");
    expect((await streamed([role, frame(begins(0)), end, broken])).failure).toMatchObject({ kind: "malformed" });
    expect(await streamed([role, frame(begins(0)), broken])).toMatchObject({ text: "", failure: { kind: "network" } });
  });

  test("of an answer that was cut off leaves as far as it came, unjudged", async () => {
    const { text } = await streamed([role + frame(begins(0)) + frame(says(0, '{"ci')), frame({}, "length")]);
    expect(assemble(chunksOf(text))).toMatchObject({
      finish: "length",
      toolCalls: [{ function: { arguments: '{"ci' } }],
    });
  });

  test("is judged in each choice of its own", async () => {
    const first = frame(begins(0)) + frame(says(0, '{"city":"x"}')) + frame({}, "tool_calls");
    const second = frame(begins(0), null, 1) + frame(says(0, '{"city":1}'), null, 1) + frame({}, "tool_calls", 1);
    const { text, failure } = await streamed([role, first, second]);
    expect(chunksOf(text).map(({ choices }) => choices[0]?.index)).toEqual([0, 0, 0]);
    expect(failure).toMatchObject({ providerCode: "tool_call_invalid_arguments" });
  });

  test("of a frame that is not JSON is a malformed answer", async () => {
    const { failure } = await streamed(["data: {nonsense}\n\n"]);
    expect(failure).toMatchObject({ name: "ProviderFailure", kind: "malformed" });
  });
});
