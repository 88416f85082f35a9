import { describe, expect, it } from "vitest";
import { noTokens } from "#core/catalog/token-usage.ts";
import { type AnswerOptions, answerFrames, completionFrames } from "#core/chat/answer-frames.ts";
import { newOutcome, type ProviderOutcome } from "#core/providers/provider.ts";

const facts = { id: "chatcmpl-1", created: 1_800_000_000, model: "gpt-5.2" };
const usage = { ...noTokens, inputTokens: 5, outputTokens: 7 };
const content = (text: string): string => `data: {"choices":[{"index":0,"delta":{"content":"${text}"}}]}\n\n`;

/** What a provider does next: a frame, and what it notes beside it. */
type Step = readonly [string, Partial<ProviderOutcome>?];

interface Answer {
  readonly text: string;
  readonly frames: readonly string[];
  readonly outcome: ProviderOutcome;
  readonly closed: boolean;
  readonly ended: boolean;
}

const answer = async (
  head: readonly (string | Buffer)[],
  steps: readonly (Step | Error)[],
  changes: Partial<AnswerOptions> = {},
): Promise<Answer> => {
  const outcome = newOutcome();
  let closed = false;
  let ended = false;
  const rest = (async function* () {
    try {
      for (const step of steps) {
        if (step instanceof Error) throw step;
        const [frame, noted] = step;
        outcome.outputCharacters += frame.length;
        Object.assign(outcome, noted);
        yield frame;
      }
    } finally {
      closed = true;
    }
  })();
  const frames: string[] = [];
  const options: AnswerOptions = {
    stream: { kind: "stream", frames: rest, outcome, simulated: false, warnings: [], head, rest },
    facts,
    includeUsage: false,
    usage: () => outcome.usage ?? { ...usage, estimated: true },
    onPart: undefined,
    onEnd: () => {
      ended = true;
    },
    ...changes,
  };
  try {
    for await (const frame of answerFrames(options)) frames.push(frame.toString());
  } catch (error) {
    if (!steps.includes(error as Error)) throw error;
  }
  return { text: frames.join(""), frames, outcome, closed, ended };
};

const chunks = (text: string): readonly Record<string, unknown>[] =>
  text
    .split("\n\n")
    .filter((frame) => frame.startsWith("data: {"))
    .map((frame) => JSON.parse(frame.slice("data: ".length)) as Record<string, unknown>);

const stop: Step = [
  'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
  { finishReason: "stop", usage },
];

describe("answerFrames", () => {
  it("passes on what was read until the first content, then the rest byte for byte, then [DONE]", async () => {
    const whole = await answer([Buffer.from(content("ä")), content("b")], [[content("c")], stop]);
    expect(whole.text).toBe(`${content("ä")}${content("b")}${content("c")}${stop[0]}data: [DONE]\n\n`);
    expect(whole).toMatchObject({ ended: true, closed: true });
  });

  it("has one usage chunk with no choices before [DONE] when it was asked for", async () => {
    const { text } = await answer(
      [content("a")],
      [[stop[0], { ...stop[1], responseId: "resp-9", responseModel: "gpt-5.2-2025" }]],
      {
        includeUsage: true,
      },
    );
    const withUsage = chunks(text).filter((chunk) => "usage" in chunk);
    expect(withUsage).toEqual([
      {
        id: "resp-9",
        object: "chat.completion.chunk",
        created: facts.created,
        model: "gpt-5.2-2025",
        choices: [],
        usage: expect.objectContaining({ prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 }),
      },
    ]);
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
  });

  it("has a usage chunk also when the provider never told: our estimate, the one that is metered", async () => {
    const { text } = await answer([content("a")], [[stop[0], { finishReason: "stop" }]], { includeUsage: true });
    expect(chunks(text).at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 7 } });
  });

  it("has none when it was not asked for", async () => {
    const { text } = await answer([content("a")], [stop]);
    expect(text).not.toContain('"usage"');
  });

  it("throws what the provider threw, without [DONE], and is not whole", async () => {
    const broken = await answer([content("a")], [[content("b")], new Error("cut")], { includeUsage: true });
    expect(broken.text).toBe(content("a") + content("b"));
    expect(broken).toMatchObject({ ended: false, closed: true });
  });

  it("closes the provider's connection when it is given up half way", async () => {
    const outcome = newOutcome();
    let closed = false;
    const rest = (async function* () {
      try {
        for (;;) yield content("x");
      } finally {
        closed = true;
      }
    })();
    const frames = answerFrames({
      stream: { kind: "stream", frames: rest, outcome, simulated: false, warnings: [], head: [], rest },
      facts,
      includeUsage: false,
      usage: () => usage,
      onPart: undefined,
      onEnd: () => undefined,
    });
    await frames.next();
    await frames.return();
    expect(closed).toBe(true);
  });
});

describe("completionFrames", () => {
  it("tells a whole answer in chunks: content with its role, tool calls with their index, then the finish reason", () => {
    const text = completionFrames(
      {
        id: "chatcmpl-9",
        object: "chat.completion",
        created: 1,
        model: "m",
        choices: [
          {
            index: 0,
            finish_reason: "tool_calls",
            logprobs: null,
            message: {
              role: "assistant",
              content: null,
              refusal: null,
              tool_calls: [
                { id: "call_1", type: "function", function: { name: "f", arguments: "{}" } },
                { id: "call_2", type: "function", function: { name: "g", arguments: "{}" } },
              ],
            },
          },
        ],
      },
      facts,
    );
    expect(chunks(text)).toEqual([
      {
        ...facts,
        object: "chat.completion.chunk",
        choices: [
          {
            index: 0,
            logprobs: null,
            finish_reason: null,
            delta: {
              role: "assistant",
              content: null,
              refusal: null,
              tool_calls: [
                { index: 0, id: "call_1", type: "function", function: { name: "f", arguments: "{}" } },
                { index: 1, id: "call_2", type: "function", function: { name: "g", arguments: "{}" } },
              ],
            },
          },
        ],
      },
      {
        ...facts,
        object: "chat.completion.chunk",
        choices: [{ index: 0, delta: {}, logprobs: null, finish_reason: "tool_calls" }],
      },
    ]);
  });
});
