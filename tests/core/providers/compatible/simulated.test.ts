import { describe, expect, test } from "vitest";
import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import { baseUrlOf, useProviders } from "#tests/infra/local/providers/harness.ts";
import { assemble, callProvider, completionOf, rejection, streamOf, weatherTool } from "../support.ts";

/** The adapters against the simulated providers, whose validators refuse what the real ones refuse. */

const { providers } = useProviders();

const models = {
  openai: "gpt-5.2",
  anthropic: "claude-sonnet-4-5",
  google: "gemini-3.1-pro-preview",
  "x-ai": "grok-4.3",
  openrouter: "deepseek/deepseek-v3.2",
  minimax: "MiniMax-M3",
  bedrock: "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
  custom: "mine/my-model",
} as const satisfies Record<ChatProviderId, string>;
const ids = Object.keys(models) as ChatProviderId[];

const options = (provider: ChatProviderId, model: string = models[provider]) => ({
  provider,
  model,
  baseUrl: baseUrlOf(providers(), provider),
});
const ask = (content: string) => [{ role: "user", content }];
const lastBody = () => providers().requests().at(-1)?.body ?? {};

describe.each(ids)("%s", (provider) => {
  test("answers whole, with usage whose total is prompt and completion, reasoning included", async () => {
    const { completion, outcome } = await completionOf(
      { messages: ask("[[simulate: text=Grüße]]") },
      options(provider),
    );
    expect(completion).toMatchObject({
      object: "chat.completion",
      choices: [{ index: 0, message: { role: "assistant", content: "Grüße" }, finish_reason: "stop" }],
    });
    expect(completion.usage?.total_tokens).toBe(
      (completion.usage?.prompt_tokens ?? 0) + (completion.usage?.completion_tokens ?? 0),
    );
    expect(outcome.usage?.outputTokens).toBe(completion.usage?.completion_tokens);
    expect(outcome).toMatchObject({ finishReason: "stop", contentStarted: true });
  });

  test.each(["", "crlf", "no-space", "comments", "split-utf8"])("streams the same text (%s)", async (form) => {
    const { chunks, reply, failure } = await streamOf(
      { messages: ask(`[[simulate: ${form} text=Grüße, 世界 🙂 and more]]`) },
      options(provider),
    );
    expect(failure).toBeUndefined();
    expect(assemble(chunks)).toMatchObject({ content: "Grüße, 世界 🙂 and more", finish: "stop" });
    expect(reply.outcome).toMatchObject({ finishReason: "stop" });
    expect(reply.outcome.usage?.estimated).toBe(false);
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
  });

  test.each([false, true])("calls two tools at once, and takes their results (stream: %s)", async (stream) => {
    const second = { ...weatherTool, function: { ...weatherTool.function, name: "get_time" } };
    const messages = ask("Please use get_weather and get_time");
    const fields = { messages, tools: [weatherTool, second] };
    let calls: readonly { id: string; function: { name: string; arguments: string } }[];
    let assistant: unknown;
    if (stream) {
      const { chunks } = await streamOf(fields, options(provider));
      const message = assemble(chunks);
      expect(message.finish).toBe("tool_calls");
      calls = message.toolCalls;
      assistant = { role: "assistant", content: null, tool_calls: calls };
    } else {
      const { completion } = await completionOf(fields, options(provider));
      expect(completion.choices[0]?.finish_reason).toBe("tool_calls");
      assistant = completion.choices[0]?.message;
      calls = (completion.choices[0]?.message.tool_calls ?? []) as typeof calls;
    }
    expect(calls.map((call) => call.function.name)).toEqual(["get_weather", "get_time"]);
    for (const call of calls) {
      expect(call.id).toMatch(/^call_/);
      expect(() => JSON.parse(call.function.arguments)).not.toThrow();
    }
    const results = calls.map(({ id }) => ({ role: "tool", tool_call_id: id, content: "sunny" }));
    const { completion } = await completionOf(
      { ...fields, messages: [...messages, assistant, ...results] },
      options(provider),
    );
    expect(completion.choices[0]?.message.content).toContain("get_weather said sunny");
  });

  test.each(["required", { type: "function", function: { name: "get_weather" } }])(
    "takes the forced choice %j",
    async (choice) => {
      const fields = { messages: ask("Hello"), tools: [weatherTool], tool_choice: choice };
      const { completion } = await completionOf(fields, options(provider));
      expect(completion.choices[0]?.finish_reason).toBe("tool_calls");
    },
  );

  test("takes tool calls that another provider made, with foreign ids and thoughts", async () => {
    const foreign = {
      role: "assistant",
      content: null,
      reasoning_content: "thought",
      thinking_blocks: [{ type: "thinking", thinking: "thought", signature: "" }],
      reasoning_details: [{ type: "reasoning.text", text: "thought" }],
      tool_calls: [
        {
          id: "call_019a2b3c-4d5e-7f60-8192-a3b4c5d6e7f8",
          type: "function",
          function: { name: "get_weather", arguments: "{}" },
          extra_content: { other: { signature: "x" } },
        },
      ],
    };
    const result = { role: "tool", tool_call_id: "call_019a2b3c-4d5e-7f60-8192-a3b4c5d6e7f8", content: "rain" };
    const { completion } = await completionOf(
      { messages: [...ask("The weather?"), foreign, result], tools: [weatherTool] },
      options(provider),
    );
    expect(completion.choices[0]?.message.content).toContain("rain");
  });

  test("tells a cut stream from a whole one", async () => {
    const { failure } = await streamOf({ messages: ask("[[simulate: chunks=8 cut-after=4]]") }, options(provider));
    expect(failure).toMatchObject({ name: "ProviderFailure", kind: "network" });
  });

  test("an error inside the stream is a failure, in the provider's own form", async () => {
    const { failure } = await streamOf(
      { messages: ask("[[simulate: chunks=8 error-event-after=4]]") },
      options(provider),
    );
    expect(failure).toMatchObject({ name: "ProviderFailure", kind: "server" });
  });

  test("an end without a finish reason is an error, never an invented stop", async () => {
    const { failure } = await streamOf({ messages: ask("[[simulate: eof-without-finish]]") }, options(provider));
    expect(failure).toMatchObject({ kind: "malformed" });
  });

  test.each([
    ["status=429 retry-after=2", { kind: "rate-limit", status: 429, retryAfterMs: 2_000 }],
    ["status=503", { kind: "server", status: 503 }],
    ["status=402", { kind: "quota" }],
    ["status=400", { kind: "request", status: 400 }],
    ["status=401", { kind: "auth" }],
    ["error-200", { kind: "server" }],
    ["html-502", { kind: "server", status: 502 }],
    ["reset", { kind: "network" }],
  ])("%s is a failure that routing can read", async (directive, expected) => {
    const error = await rejection(callProvider({ messages: ask(`[[simulate: ${directive}]]`) }, options(provider)));
    expect(error).toMatchObject({ name: "ProviderFailure", provider, ...expected });
    expect(JSON.stringify(error)).not.toContain("a-test-key");
  });

  test("keeps length and content_filter as reasons", async () => {
    for (const finish of ["length", "content_filter"]) {
      const { chunks } = await streamOf({ messages: ask(`[[simulate: finish=${finish}]]`) }, options(provider));
      expect(assemble(chunks).finish).toBe(finish);
    }
  });

  test("counts cached and reasoning tokens", async () => {
    const { reply } = await streamOf({ messages: ask("[[simulate: cached=5 reasoning=12]]") }, options(provider));
    expect(reply.outcome.usage).toMatchObject({ cachedInputTokens: 5 });
    expect(reply.outcome.usage?.outputTokens).toBeGreaterThan(12);
    // Converse does not say how much of the output was reasoning.
    expect(reply.outcome.usage?.reasoningTokens).toBe(provider === "bedrock" ? 0 : 12);
  });
});

describe("Gemini", () => {
  test("keeps thought signatures on the calls, so that the next turn can bring them back", async () => {
    const messages = ask("The weather, please");
    const { completion } = await completionOf({ messages, tools: [weatherTool] }, options("google"));
    const message = completion.choices[0]?.message;
    const [call] = (message?.tool_calls ?? []) as readonly { id: string; extra_content?: unknown }[];
    expect(call?.extra_content).toMatchObject({ google: { thought_signature: expect.any(String) } });
    const result = { role: "tool", tool_call_id: call?.id, content: "sunny" };
    await completionOf({ messages: [...messages, message, result], tools: [weatherTool] }, options("google"));
    expect((lastBody().messages as { tool_calls?: unknown }[])[1]?.tool_calls).toMatchObject([
      { extra_content: call?.extra_content },
    ]);
  });

  test("answers under Google's sentinel where a client lost the signature", async () => {
    const call = { id: "call_1", type: "function", function: { name: "get_weather", arguments: "{}" } };
    const messages = [
      ...ask("The weather?"),
      { role: "assistant", content: null, tool_calls: [call] },
      { role: "tool", tool_call_id: "call_1", content: "rain" },
    ];
    await completionOf({ messages, tools: [weatherTool] }, options("google"));
    expect(JSON.stringify(lastBody().messages)).toContain('"thought_signature":"skip_thought_signature_validator"');
  });
});

describe("MiniMax", () => {
  test.each([false, true])("never lets thoughts into the text (stream: %s)", async (stream) => {
    const fields = { messages: ask("Think first") };
    if (stream) {
      const { chunks, text } = await streamOf(fields, options("minimax"));
      expect(assemble(chunks)).toMatchObject({ reasoning: expect.stringContaining("simple") });
      expect(text).not.toContain("<think>");
      expect(text).not.toContain("base_resp");
    } else {
      const { completion } = await completionOf(fields, options("minimax"));
      expect(completion.choices[0]?.message).toMatchObject({ reasoning_content: expect.stringContaining("simple") });
      expect(JSON.stringify(completion)).not.toMatch(/<think>|base_resp|sensitive/);
    }
  });
});

const sqlTool = {
  type: "custom",
  custom: { name: "run_sql", format: { type: "grammar", grammar: { syntax: "regex", definition: "SELECT .*" } } },
};

describe.each(["gpt-5.2", "gpt-5.3-codex"])("OpenAI's custom tools on %s", (model) => {
  test.each([false, true])("are called, and take their results (stream: %s)", async (stream) => {
    const messages = ask("Call run_sql and get_weather");
    const fields = { messages, tools: [sqlTool, weatherTool] };
    const { calls, finish } = stream
      ? await streamOf(fields, options("openai", model)).then(({ chunks }) => {
          const message = assemble(chunks);
          return { calls: message.calls, finish: message.finish };
        })
      : await completionOf(fields, options("openai", model)).then(({ completion, outcome }) => {
          expect(outcome.outputCharacters).toBeGreaterThan("simulated input".length);
          const [choice] = completion.choices;
          return { calls: choice?.message.tool_calls ?? [], finish: choice?.finish_reason };
        });
    expect(finish).toBe("tool_calls");
    expect(calls).toMatchObject([
      {
        id: expect.stringMatching(/^call_/),
        type: "custom",
        custom: { name: "run_sql", input: "simulated input: no grammar is followed" },
      },
      { type: "function", function: { name: "get_weather", arguments: expect.stringContaining("city") } },
    ]);
    const results = calls.map(({ id }, index) => ({ role: "tool", tool_call_id: id, content: `result ${index}` }));
    const assistant = { role: "assistant", content: null, tool_calls: calls };
    const { completion } = await completionOf(
      { ...fields, messages: [...messages, assistant, ...results] },
      options("openai", model),
    );
    expect(completion.choices[0]?.message.content).toContain("run_sql said result 0; get_weather said result 1");
  });

  test("are chosen by name, and among the allowed ones", async () => {
    const called = async (choice: object) => {
      const fields = { messages: ask("Hi"), tools: [weatherTool, sqlTool], tool_choice: choice };
      const { completion } = await completionOf(fields, options("openai", model));
      return completion.choices[0]?.message.tool_calls;
    };
    const name = { type: "custom", custom: { name: "run_sql" } };
    const allowed = { type: "allowed_tools", allowed_tools: { mode: "required", tools: [name] } };
    for (const choice of [name, allowed]) expect(await called(choice)).toMatchObject([{ type: "custom" }]);
    const sent = JSON.stringify(lastBody());
    for (const part of ["run_sql", "get_weather", "SELECT .*", "allowed_tools"]) expect(sent).toContain(part);
  });
});

describe("allowed tools", () => {
  const allowed = (mode: string, tools: readonly object[]) => ({
    type: "allowed_tools",
    allowed_tools: { mode, tools },
  });
  const timeTool = { type: "function", function: { name: "get_time" } };
  const others = ids.filter((id) => id !== "openai");

  test.each(others)("at %s only they are offered, by their mode", async (provider) => {
    const fields = { tools: [weatherTool, timeTool, sqlTool], tool_choice: allowed("required", [timeTool]) };
    const required = await completionOf({ messages: ask("The weather?"), ...fields }, options(provider));
    expect(required.completion.choices[0]?.message.tool_calls).toMatchObject([{ function: { name: "get_time" } }]);
    expect(required.warnings).toEqual(["tool_choice.allowed_tools"]);
    expect(JSON.stringify(lastBody())).not.toMatch(/get_weather|run_sql|allowed_tools/);
    const auto = await completionOf(
      { messages: ask("Hi"), tools: [timeTool], tool_choice: allowed("auto", [timeTool]) },
      options(provider),
    );
    expect(auto.completion.choices[0]?.finish_reason).toBe("stop");
    // Nothing was left out, so nothing was lost.
    expect(auto.warnings).toEqual([]);
  });
});

describe("OpenAI over the Responses API", () => {
  const astra = () => options("openai", "gpt-6-astra");

  test.each([
    ["gpt-6-astra", { tools: [weatherTool] }, "/v1/responses"],
    ["gpt-6-astra", {}, "/v1/chat/completions"],
    ["gpt-5.3-codex", {}, "/v1/responses"],
    ["gpt-5-pro", {}, "/v1/responses"],
    ["gpt-5.5", { tools: [weatherTool] }, "/v1/chat/completions"],
    ["gpt-5.5", { tools: [weatherTool], reasoning_effort: "high" }, "/v1/responses"],
    ["gpt-5.6-sol", { tools: [weatherTool] }, "/v1/chat/completions"],
    ["gpt-5.6-sol", { tools: [weatherTool], reasoning_effort: "none" }, "/v1/chat/completions"],
    ["gpt-5.6-sol", { tools: [weatherTool], reasoning_effort: "low" }, "/v1/responses"],
    ["gpt-5.2", { tools: [weatherTool], reasoning_effort: "low" }, "/v1/chat/completions"],
  ])("%s with %j goes to %s", async (model, fields, path) => {
    await completionOf({ messages: ask("The weather?"), ...fields }, options("openai", model));
    expect(providers().requests().at(-1)).toMatchObject({ path, status: 200 });
  });

  test.each([false, true])("calls a tool, and takes its result (stream: %s)", async (stream) => {
    const messages = ask("The weather?");
    const fields = { messages, tools: [weatherTool] };
    const { calls, finish } = stream
      ? await streamOf(fields, astra()).then(({ chunks }) => {
          const message = assemble(chunks);
          return { calls: message.toolCalls, finish: message.finish };
        })
      : await completionOf(fields, astra()).then(({ completion }) => ({
          calls: (completion.choices[0]?.message.tool_calls ?? []) as { id: string; function: { arguments: string } }[],
          finish: completion.choices[0]?.finish_reason,
        }));
    expect(finish).toBe("tool_calls");
    expect(JSON.parse(calls[0]?.function.arguments ?? "")).toHaveProperty("city");
    const after = [
      ...messages,
      { role: "assistant", content: null, tool_calls: calls },
      { role: "tool", tool_call_id: calls[0]?.id, content: "sunny" },
    ];
    const { chunks, reply } = await streamOf({ messages: after, tools: [weatherTool] }, astra());
    expect(assemble(chunks).content).toContain("get_weather said sunny");
    expect(reply.outcome).toMatchObject({ finishReason: "stop" });
    expect(reply.outcome.usage?.outputTokens).toBeGreaterThan(0);
  });

  test.each(["", "crlf", "comments", "split-utf8"])("streams text (%s)", async (form) => {
    const { chunks, failure } = await streamOf(
      { messages: ask(`[[simulate: ${form} text=Grüße, 世界]]`), tools: [weatherTool] },
      astra(),
    );
    expect(failure).toBeUndefined();
    expect(assemble(chunks)).toMatchObject({ content: "Grüße, 世界", finish: "stop" });
  });

  test("keeps length, filter and refusal", async () => {
    const run = async (directive: string) =>
      assemble((await streamOf({ messages: ask(`[[simulate: ${directive}]]`), tools: [weatherTool] }, astra())).chunks);
    expect(await run("finish=length")).toMatchObject({ finish: "length" });
    expect(await run("finish=content_filter")).toMatchObject({ finish: "content_filter" });
    expect(await run("refusal")).toMatchObject({ refusal: expect.stringContaining("sorry"), content: "" });
    const { completion } = await completionOf(
      { messages: ask("[[simulate: refusal]]"), tools: [weatherTool] },
      astra(),
    );
    expect(completion.choices[0]?.message).toMatchObject({ content: null, refusal: expect.stringContaining("sorry") });
  });

  test.each([
    ["cut-after=1 chunks=4", "network"],
    ["error-event-after=1 chunks=4", "server"],
    ["eof-without-finish", "malformed"],
    ["garbage=1 chunks=4", "malformed"],
  ])("%s ends in a failure", async (directive, kind) => {
    const { failure } = await streamOf({ messages: ask(`[[simulate: ${directive}]]`), tools: [weatherTool] }, astra());
    expect(failure).toMatchObject({ name: "ProviderFailure", kind });
  });
});
