import { describe, expect, it } from "vitest";
import { NativeTap } from "#core/providers/openai/native-tap.ts";
import { newOutcome, ProviderFailure } from "#core/providers/provider.ts";
import { tappedEvents } from "#core/providers/tapped-events.ts";
import { fc } from "#tests/support/property.ts";

const event = (type: string, fields: object = {}): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
const usage = {
  input_tokens: 10,
  input_tokens_details: { cached_tokens: 4 },
  output_tokens: 5,
  output_tokens_details: { reasoning_tokens: 2 },
  total_tokens: 15,
};
const message = {
  type: "message",
  id: "msg_1",
  role: "assistant",
  content: [{ type: "output_text", text: "Grüße 世界" }],
};
const start = [
  event("response.created", { sequence_number: 0, response: { id: "resp_1", model: "gpt-5" } }),
  event("response.in_progress", { sequence_number: 1, response: { id: "resp_1" } }),
  event("response.output_item.added", { sequence_number: 2, output_index: 0, item: { type: "message" } }),
];
const words = [
  event("response.output_text.delta", { sequence_number: 3, delta: "Grüße " }),
  event("response.output_text.delta", { sequence_number: 4, delta: "世界" }),
  event("response.tomorrow.happened", { sequence_number: 5, what: "ever" }),
  event("response.output_item.done", { sequence_number: 6, output_index: 0, item: message }),
];
const end = event("response.completed", {
  sequence_number: 7,
  response: { id: "resp_1", model: "gpt-5-2026", status: "completed", output: [message], usage },
});
const whole = [...start, ...words, end].join("");

const cutAt = (text: string, sizes: readonly number[]): Buffer[] => {
  const bytes = Buffer.from(text);
  const parts: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    parts.push(bytes.subarray(at, at + size));
    at += size;
  }
  return [...parts, bytes.subarray(at)];
};

const pass = async (parts: readonly (Buffer | Error)[]) => {
  async function* body() {
    for (const part of parts) {
      if (part instanceof Error) throw part;
      yield part;
    }
  }
  const tap = new NativeTap(newOutcome());
  const passed: Buffer[] = [];
  let failure: unknown;
  try {
    for await (const frames of tappedEvents(body(), tap, (error) => error as Error)) passed.push(Buffer.from(frames));
  } catch (error) {
    failure = error;
  }
  return { tap, passed: Buffer.concat(passed).toString(), parts: passed, failure };
};

describe("a stream of the Responses API", () => {
  it("passes byte by byte as it came, in whole frames, however it arrives", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 120 }), { maxLength: 40 }), async (sizes) => {
        const { passed, parts, failure } = await pass(cutAt(whole, sizes));
        expect(failure).toBeUndefined();
        expect(passed).toBe(whole);
        for (const part of parts) expect(part.toString()).toMatch(/\n\n$/);
      }),
    );
  });

  it("is read for what the gateway has to know", async () => {
    const { tap } = await pass([Buffer.from(whole)]);
    expect(tap.outcome).toMatchObject({
      contentStarted: true,
      finishReason: "stop",
      responseModel: "gpt-5-2026",
      outputCharacters: "Grüße 世界".length,
      usage: { inputTokens: 10, cachedInputTokens: 4, outputTokens: 5, reasoningTokens: 2 },
    });
    expect(tap.last).toMatchObject({ id: "resp_1" });
  });

  it("with other line ends leaves with the usual ones", async () => {
    expect((await pass([Buffer.from(whole.replaceAll("\n", "\r\n"))])).passed).toBe(whole);
  });

  it("has not begun before something that a caller would see", async () => {
    const { tap } = await pass([Buffer.from(start.join(""))]);
    expect(tap.outcome.contentStarted).toBe(false);
  });

  it.each([
    ["an error event", event("error", { code: "server_error", message: "Down" }), "server"],
    [
      "an error of another shape",
      'data: {"error": {"message": "Slow down", "code": "rate_limit_exceeded"}}\n\n',
      "rate-limit",
    ],
    [
      "a failed answer",
      event("response.failed", { response: { status: "failed", error: { code: "server_error", message: "Down" } } }),
      "server",
    ],
    ["what is not JSON", "data: {\n\n", "malformed"],
    ["an end without the last event", "", "malformed"],
  ])("fails by %s, behind the frames that came before", async (_, last, kind) => {
    const { passed, failure, tap } = await pass([Buffer.from([...start, ...words].join("")), Buffer.from(last)]);
    expect(failure).toBeInstanceOf(ProviderFailure);
    expect((failure as ProviderFailure).kind).toBe(kind);
    expect(passed).toBe([...start, ...words].join(""));
    expect(tap.state).toMatchObject({ sequence: 6, response: { id: "resp_1" }, output: [message] });
  });

  it("that fails before its first content passes nothing on, so that another target may answer", async () => {
    const { passed, tap } = await pass([Buffer.from(start.join("") + event("error", { message: "Down" }))]);
    expect(passed).toBe("");
    expect(tap.outcome.contentStarted).toBe(false);
  });

  it("that breaks after its end is whole", async () => {
    expect(await pass([Buffer.from(whole), new Error("reset")])).toMatchObject({ failure: undefined, passed: whole });
  });

  it.each([
    ["max_output_tokens", "length"],
    ["content_filter", "content_filter"],
  ])("that was cut off by %s ended by %s", async (reason, finishReason) => {
    const response = { status: "incomplete", incomplete_details: { reason }, output: [], usage };
    const { tap } = await pass([Buffer.from(event("response.incomplete", { response }))]);
    expect(tap.outcome.finishReason).toBe(finishReason);
  });
});
