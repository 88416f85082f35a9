import { describe, expect, test } from "vitest";
import type { ChatProvider, CompletionReply } from "#core/providers/provider.ts";
import { newOutcome } from "#core/providers/provider.ts";
import { withStrictTools } from "#core/providers/strict-tools.ts";
import { providerCall, rejection, weatherTool } from "./support.ts";

const answering = (
  text: string,
  name = "get_weather",
  finish: "tool_calls" | "length" = "tool_calls",
): ChatProvider => ({
  chat: async () =>
    ({
      kind: "completion",
      outcome: newOutcome(),
      simulated: false,
      warnings: [],
      completion: {
        id: "c",
        object: "chat.completion",
        created: 1,
        model: "m",
        choices: [
          {
            index: 0,
            finish_reason: finish,
            logprobs: null,
            message: {
              role: "assistant",
              content: null,
              refusal: null,
              tool_calls: [{ id: "call_1", type: "function", function: { name, arguments: text } }],
            },
          },
        ],
      },
    }) satisfies CompletionReply,
});

const strict = { ...weatherTool, function: { ...weatherTool.function, strict: true } };
const call = (tools: readonly unknown[]) => providerCall({ tools }, { provider: "google", model: "gemini-3.5-flash" });

describe("a call of a strict tool", () => {
  test.each([
    ['{"days":1}', "get_weather.arguments.city is missing"],
    ['{"city":"my home","days":"secret"}', "get_weather.arguments.days must be integer"],
    ['{"city":"x"', "get_weather.arguments is not JSON"],
    ['{"city":"x","more":1}', "has a property that is not allowed"],
  ])("with %s is a malformed answer that says what is wrong, and nothing of what was said", async (text, fault) => {
    const error = await rejection(withStrictTools(answering(text)).chat(call([strict])));
    expect(error).toMatchObject({
      name: "ProviderFailure",
      kind: "malformed",
      providerCode: "tool_call_invalid_arguments",
      providerMessage: expect.stringContaining(fault),
    });
    expect(JSON.stringify(error)).not.toMatch(/my home|secret/);
  });

  test("that keeps its schema passes; a cut answer and tools that are not strict are not judged", async () => {
    const kept = answering('{"city":"x","days":2}');
    expect(await withStrictTools(kept).chat(call([strict]))).toMatchObject({ kind: "completion" });
    expect(await withStrictTools(answering("{}")).chat(call([weatherTool]))).toMatchObject({ kind: "completion" });
    expect(await withStrictTools(answering('{"ci', "get_weather", "length")).chat(call([strict]))).toMatchObject({
      kind: "completion",
    });
    expect(await withStrictTools(answering("{}", "other")).chat(call([strict]))).toMatchObject({ kind: "completion" });
  });
});
