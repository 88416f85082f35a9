import { describe, expect, it } from "vitest";
import { fromResponse } from "#core/providers/anthropic/from-response.ts";
import { toMessages } from "#core/providers/anthropic/to-messages.ts";
import { newOutcome, ProviderFailure } from "#core/providers/provider.ts";
import { chatRequest, fixture } from "./support.ts";

const convert = (text: string) => {
  const outcome = newOutcome();
  const completion = fromResponse(text, { completionId: "chatcmpl_1", model: "asked", createdSeconds: 7, outcome });
  return { completion, outcome };
};
const changed = (name: string, fields: Record<string, unknown>): string =>
  JSON.stringify({ ...(JSON.parse(fixture(name)) as object), ...fields });

const failureOf = (text: string): ProviderFailure => {
  try {
    convert(text);
  } catch (error) {
    if (error instanceof ProviderFailure) return error;
    throw error;
  }
  throw new Error("It was accepted");
};

describe("a whole answer", () => {
  it("becomes a chat completion whose prompt_tokens include what was read from and written to the cache", () => {
    const { completion, outcome } = convert(fixture("text.json"));
    expect(completion).toEqual({
      id: "chatcmpl_1",
      object: "chat.completion",
      created: 7,
      model: "claude-sonnet-4-5-20250929",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: "Hello, world.", refusal: null },
          logprobs: null,
          finish_reason: "stop",
        },
      ],
      usage: {
        prompt_tokens: 23,
        completion_tokens: 9,
        total_tokens: 32,
        prompt_tokens_details: { cached_tokens: 7, cache_write_tokens: 11 },
        completion_tokens_details: { reasoning_tokens: 0 },
      },
    });
    expect(outcome).toEqual({
      usage: {
        inputTokens: 23,
        cachedInputTokens: 7,
        cacheWriteInputTokens: 11,
        longCacheWriteInputTokens: 0,
        outputTokens: 9,
        reasoningTokens: 0,
        estimated: false,
      },
      finishReason: "stop",
      responseModel: "claude-sonnet-4-5-20250929",
      contentStarted: true,
      outputCharacters: 13,
    });
  });

  it("carries thinking, text and tool calls", () => {
    const { completion } = convert(fixture("thinking-tools.json"));
    expect(completion.choices[0]).toMatchObject({
      finish_reason: "tool_calls",
      message: {
        content: "Looking it up.",
        reasoning_content: "Two cities, two calls.Now the time.",
        tool_calls: [
          {
            id: "call_toolu_01First",
            type: "function",
            function: { name: "get_weather", arguments: '{"city":"Paris"}' },
          },
          { id: "call_toolu_02Second", type: "function", function: { name: "get_time", arguments: "{}" } },
        ],
      },
    });
  });

  it("sent back as the next request's assistant message, is Anthropic's content again, block for block", () => {
    const { completion } = convert(fixture("thinking-tools.json"));
    const { messages } = chatRequest({
      messages: [
        { role: "user", content: "x" },
        completion.choices[0]?.message,
        { role: "tool", tool_call_id: "call_toolu_01First", content: "1" },
        { role: "tool", tool_call_id: "call_toolu_02Second", content: "2" },
      ],
    });
    const original = (JSON.parse(fixture("thinking-tools.json")) as { content: Record<string, unknown>[] }).content;
    const expected = original.map(({ caller: _caller, citations: _citations, ...block }) => block);
    expect(toMessages(messages, new Set()).messages[1]?.content).toEqual(expected);
  });

  it("has content null beside tool calls without text", () => {
    const [call] = (JSON.parse(fixture("thinking-tools.json")) as { content: { type: string }[] }).content.filter(
      (block) => block.type === "tool_use",
    );
    const { completion } = convert(changed("thinking-tools.json", { content: [call] }));
    expect(completion.choices[0]?.message.content).toBeNull();
  });

  it("does not round a long number in a tool's input", () => {
    const text = fixture("thinking-tools.json").replace('"city": "Paris"', '"id": 12345678901234567890');
    const call = convert(text).completion.choices[0]?.message.tool_calls?.[0];
    expect(call?.type === "function" && call.function.arguments).toBe('{"id":12345678901234567890}');
  });

  it("skips blocks that it does not know", () => {
    const { completion } = convert(
      changed("text.json", { content: [{ type: "hologram" }, { type: "text", text: "x" }] }),
    );
    expect(completion.choices[0]?.message.content).toBe("x");
  });

  it.each([
    ["end_turn", "stop"],
    ["stop_sequence", "stop"],
    ["pause_turn", "stop"],
    ["max_tokens", "length"],
    ["model_context_window_exceeded", "length"],
    ["refusal", "content_filter"],
    ["tomorrow's reason", "stop"],
  ])("maps stop_reason %s to %s", (stopReason, expected) => {
    const { completion, outcome } = convert(changed("text.json", { stop_reason: stopReason }));
    expect(completion.choices[0]?.finish_reason).toBe(expected);
    expect(outcome.finishReason).toBe(expected);
  });

  it("tells why it was refused", () => {
    const details = { type: "refusal", category: "cyber", explanation: "Not this." };
    const { completion } = convert(changed("text.json", { stop_reason: "refusal", stop_details: details }));
    expect(completion.choices[0]?.message.refusal).toBe("Not this.");
  });
});

describe("what is not a whole answer", () => {
  it("an error inside a 200 is a failure of its kind", () => {
    expect(failureOf(fixture("error-rate-limit.json"))).toMatchObject({ kind: "rate-limit", status: 429 });
  });

  it.each([
    ["HTML", "<html>"],
    ["another object", "{}"],
    ["null", "null"],
    ["a message without a stop reason", changed("text.json", { stop_reason: null })],
  ])("%s is malformed, and the failure does not hold it", (_name, text) => {
    const failure = failureOf(text);
    expect(failure.kind).toBe("malformed");
    expect(failure.message).not.toContain("<");
  });
});
