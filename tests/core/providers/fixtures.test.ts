import { readdirSync, readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import { ProviderFailure } from "#core/providers/provider.ts";
import { hasOpenAiSchemas, openAiFault } from "#tests/support/openai-schemas.ts";
import {
  assemble,
  completionOf,
  rejection,
  sendSse,
  startUpstream,
  streamOf,
  type Upstream,
  weatherTool,
} from "./support.ts";

/** Each provider's bodies, as its documentation has them, through its adapter: what comes out is OpenAI's. */

const folder = new URL("../../fixtures/", import.meta.url);
const read = (provider: string, name: string): string => readFileSync(new URL(`${provider}/${name}`, folder), "utf8");

let upstream: Upstream | undefined;
afterEach(async () => {
  await upstream?.close();
  upstream = undefined;
});

const models: Readonly<Partial<Record<ChatProviderId, string>>> = {
  openai: "gpt-5.2",
  google: "gemini-3.1-pro-preview",
  "x-ai": "grok-4.3",
  openrouter: "deepseek/deepseek-v3.2",
  minimax: "MiniMax-M3",
};

/** The options of a call whose provider answers with a fixture. */
const serving = async (provider: ChatProviderId, name: string, status = 200) => {
  const text = read(provider, name);
  upstream = await startUpstream((response) => {
    if (name.endsWith(".sse")) sendSse(response, text);
    else response.writeHead(status, { "content-type": "application/json" }).end(text);
  });
  const model = name.startsWith("responses") ? "gpt-5.3-codex" : (models[provider] ?? "");
  return { provider, model, baseUrl: upstream.baseUrl };
};

const tools = { tools: [weatherTool] };

interface Expected {
  readonly content?: string;
  readonly reasoning?: string;
  readonly calls?: readonly string[];
  readonly finish: string;
  /** Input, output and reasoning tokens. */
  readonly tokens: readonly [number, number, number];
}

const greeting = { content: "Grüße, 世界 🚀", finish: "stop" } as const;
const twoCalls = { calls: ["get_weather", "get_time"], finish: "tool_calls" } as const;

const answers: readonly (readonly [ChatProviderId, string, Expected])[] = [
  ["openai", "text", { ...greeting, tokens: [26, 93, 64] }],
  ["openai", "tools", { ...twoCalls, tokens: [26, 93, 64] }],
  ["openai", "responses-tools", { ...twoCalls, content: "I look.", tokens: [75, 84, 64] }],
  ["google", "text", { ...greeting, tokens: [40, 61, 55] }],
  ["google", "tools", { ...twoCalls, tokens: [40, 73, 55] }],
  ["x-ai", "text", { ...greeting, tokens: [32, 103, 94] }],
  ["openrouter", "text", { ...greeting, tokens: [12, 30, 20] }],
  ["minimax", "text", { ...greeting, reasoning: "A greeting.", tokens: [41, 20, 12] }],
];

const expectTokens = (usage: unknown, [inputTokens, outputTokens, reasoningTokens]: Expected["tokens"]): void => {
  expect(usage).toMatchObject({ inputTokens, outputTokens, reasoningTokens, estimated: false });
};

describe.each(answers)("%s: %s", (provider, name, expected) => {
  test("whole", async () => {
    const { completion, outcome } = await completionOf(tools, await serving(provider, `${name}.json`));
    const [choice] = completion.choices;
    expect(choice?.finish_reason).toBe(expected.finish);
    expect(choice?.message.content ?? "").toBe(expected.content ?? "");
    expect((choice?.message as { reasoning_content?: string } | undefined)?.reasoning_content).toBe(expected.reasoning);
    const calls = choice?.message.tool_calls ?? [];
    expect(calls.map((call) => call.type === "function" && call.function.name)).toEqual(expected.calls ?? []);
    expectTokens(outcome.usage, expected.tokens);
    expect(completion.usage).toMatchObject({
      prompt_tokens: expected.tokens[0],
      completion_tokens: expected.tokens[1],
      total_tokens: expected.tokens[0] + expected.tokens[1],
      completion_tokens_details: { reasoning_tokens: expected.tokens[2] },
    });
  });

  test("streamed", async () => {
    const { chunks, failure, reply } = await streamOf(tools, await serving(provider, `${name}.sse`));
    expect(failure).toBeUndefined();
    const message = assemble(chunks);
    expect(message).toMatchObject({
      content: expected.content ?? "",
      finish: expected.finish,
      reasoning: expected.reasoning ?? "",
    });
    expect(message.toolCalls.map((call) => call.function.name)).toEqual(expected.calls ?? []);
    for (const call of message.toolCalls) expect(() => JSON.parse(call.function.arguments)).not.toThrow();
    expectTokens(reply.outcome.usage, expected.tokens);
  });

  test.skipIf(!hasOpenAiSchemas)("is valid by OpenAI's own schemas (skipped without its document)", async () => {
    const { completion } = await completionOf(tools, await serving(provider, `${name}.json`));
    // What OpenAI itself leaves out here and there (annotations, logprobs of others) its schema does not ask of it either.
    expect(openAiFault("CreateChatCompletionResponse", withDefaults(completion))).toBeUndefined();
    await upstream?.close();
    const { chunks } = await streamOf(tools, await serving(provider, `${name}.sse`));
    for (const chunk of chunks) {
      expect(openAiFault("CreateChatCompletionStreamResponse", withStreamDefaults(chunk))).toBeUndefined();
    }
  });
});

/** Fields that OpenAI's schema demands and that compatible providers leave out, as null is what their absence means. */
const withDefaults = (completion: unknown): unknown => {
  const { choices, ...rest } = completion as { choices: { message: object }[] };
  return {
    ...rest,
    choices: choices.map((choice) => ({
      logprobs: null,
      ...choice,
      message: { content: null, refusal: null, ...choice.message },
    })),
  };
};

const withStreamDefaults = (chunk: unknown): unknown => {
  const { choices, usage: _, ...rest } = chunk as { choices: object[]; usage?: unknown };
  return { ...rest, choices: choices.map((choice) => ({ finish_reason: null, ...choice })) };
};

describe("special answers", () => {
  test("MiniMax's thoughts inside the text are taken out of it", async () => {
    const { chunks, text } = await streamOf({}, await serving("minimax", "think.sse"));
    expect(assemble(chunks)).toMatchObject({ ...greeting, reasoning: "\nA greeting." });
    expect(text).not.toContain("think>");
  });

  test("xAI streams two calls, each whole", async () => {
    const { chunks } = await streamOf(tools, await serving("x-ai", "tools.sse"));
    expect(assemble(chunks).toolCalls.map((call) => call.function)).toEqual([
      { name: "get_weather", arguments: '{"city":"Paris"}' },
      { name: "get_time", arguments: "{}" },
    ]);
  });

  test("Gemini's signature stays on its call, streamed too", async () => {
    const { chunks } = await streamOf(tools, await serving("google", "tools.sse"));
    expect(assemble(chunks).toolCalls[0]?.extra_content).toEqual({
      google: { thought_signature: "CtsBconstructedSignature==" },
    });
  });

  test("a prompt that Gemini blocked is an empty answer that says so", async () => {
    const { completion } = await completionOf({}, await serving("google", "blocked.json"));
    expect(completion.choices[0]).toMatchObject({ finish_reason: "content_filter", message: { content: "" } });
  });

  test("OpenRouter's reasoning passes as it came", async () => {
    const { text } = await streamOf({}, await serving("openrouter", "text.sse"));
    expect(text).toContain('"reasoning_details":[{"type":"reasoning.text"');
    expect(text).not.toContain("PROCESSING");
  });

  test.each([false, true])(
    "encrypted reasoning of the Responses API survives a tool turn (stream: %s)",
    async (stream) => {
      const options = await serving("openai", stream ? "responses-tools.sse" : "responses-tools.json");
      const details = stream
        ? assemble((await streamOf(tools, options)).chunks).reasoningDetails
        : await completionOf(tools, options).then(
            ({ completion }) =>
              (completion.choices[0]?.message as { reasoning_details?: unknown[] } | undefined)?.reasoning_details,
          );
      expect(details).toHaveLength(1);
      const turn = {
        role: "assistant",
        content: null,
        reasoning_details: details,
        tool_calls: [{ id: "call_Cd1", type: "function", function: { name: "get_weather", arguments: "{}" } }],
      };
      const result = { role: "tool", tool_call_id: "call_Cd1", content: "sunny" };
      const messages = [{ role: "user", content: "The weather?" }, turn, result];
      if (stream) await streamOf({ messages, ...tools }, options);
      else await completionOf({ messages, ...tools }, options);
      expect(upstream?.requests.at(-1)?.body).toMatchObject({
        store: false,
        include: ["reasoning.encrypted_content"],
        input: [
          { type: "message", role: "user" },
          { type: "reasoning", id: "rs_constructed", encrypted_content: "gAAAAconstructed==" },
          { type: "function_call", call_id: "call_Cd1" },
          { type: "function_call_output", call_id: "call_Cd1", output: "sunny" },
        ],
      });
    },
  );
});

describe("failures", () => {
  test.each<[ChatProviderId, string, number, object]>([
    ["openai", "error-quota.json", 429, { kind: "quota" }],
    ["google", "error-quota.json", 429, { kind: "rate-limit", retryAfterMs: 17_000 }],
    ["x-ai", "error-key.json", 400, { kind: "auth" }],
    ["openrouter", "error-moderation.json", 403, { kind: "request" }],
    ["minimax", "error-200.json", 200, { kind: "rate-limit" }],
  ])("%s %s with %i", async (provider, name, status, expected) => {
    const error = await rejection(completionOf({}, await serving(provider, name, status)));
    expect(error).toBeInstanceOf(ProviderFailure);
    expect(error).toMatchObject(expected);
  });

  test.each<[ChatProviderId, string]>([
    ["openai", "error.sse"],
    ["openai", "responses-failed.sse"],
    ["openrouter", "error.sse"],
  ])("%s %s", async (provider, name) => {
    const { failure } = await streamOf(tools, await serving(provider, name));
    expect(failure).toMatchObject({ name: "ProviderFailure", kind: "server" });
  });
});

test("every fixture is read by a test here", () => {
  const used = new Set([
    ...answers.flatMap(([provider, name]) => [`${provider}/${name}.json`, `${provider}/${name}.sse`]),
    "minimax/think.sse",
    "minimax/error-200.json",
    "x-ai/tools.sse",
    "x-ai/error-key.json",
    "google/blocked.json",
    "google/error-quota.json",
    "openai/error-quota.json",
    "openai/error.sse",
    "openai/responses-failed.sse",
    "openrouter/error.sse",
    "openrouter/error-moderation.json",
  ]);
  const present = Object.keys(models).flatMap((provider) =>
    readdirSync(new URL(provider, folder))
      .filter((name) => name !== "README.md" && !name.startsWith("recorded-"))
      .map((name) => `${provider}/${name}`),
  );
  expect(present.sort()).toEqual([...used].sort());
});
