import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { describe, expect, test } from "vitest";
import { collect, useProviders, user, weatherSchema } from "./harness.ts";

const { providers } = useProviders();
const openai = (provider: "openai" | "google" | "x-ai" | "openrouter" | "minimax" = "openai", apiKey = "a-test-key") =>
  new OpenAI({ baseURL: providers().baseUrls[provider], apiKey, maxRetries: 0 });
const anthropic = (apiKey = "a-test-key") =>
  new Anthropic({ baseURL: providers().baseUrls.anthropic, apiKey, maxRetries: 0 });

const tools = ["get_weather", "get_time"].map((name) => ({
  type: "function" as const,
  function: { name, parameters: weatherSchema },
}));
const anthropicTools = ["get_weather", "get_time"].map((name) => ({
  name,
  input_schema: { ...weatherSchema, required: [...weatherSchema.required] },
}));

const models = {
  openai: "gpt-5.2",
  google: "gemini-3.5-flash",
  "x-ai": "grok-4.5",
  openrouter: "deepseek/deepseek-v3.2",
  minimax: "MiniMax-M3",
} as const;
const dialects = Object.entries(models) as [keyof typeof models, string][];

describe("the openai SDK reads", () => {
  test.each(dialects)("a text of %s that says it is simulated and echoes the question", async (provider, model) => {
    const { data, response } = await openai(provider)
      .chat.completions.create({ model, messages: user("How tall is the Eiffel tower?") })
      .withResponse();
    expect(data.choices[0]?.message.content).toMatch(/simulated answer.*How tall is the Eiffel tower\?/s);
    expect(data.usage?.total_tokens).toBeGreaterThan(5);
    expect(response.headers.get("x-provider-simulated")).toBe("true");
  });

  test.each(dialects)("a stream of %s: the same text in several pieces", async (provider, model) => {
    const stream = await openai(provider).chat.completions.create({ model, messages: user("hello"), stream: true });
    const pieces: string[] = [];
    let finish: string | null = null;
    for await (const chunk of stream) {
      const [choice] = chunk.choices;
      if (choice?.delta.content) pieces.push(choice.delta.content);
      finish = choice?.finish_reason ?? finish;
    }
    expect(pieces.length).toBeGreaterThan(3);
    expect(pieces.join("")).toContain("simulated answer");
    expect(finish).toBe("stop");
  });

  test.each(dialects)("tool calls of %s, and a text that uses their results", async (provider, model) => {
    const client = openai(provider);
    const question = user("call get_weather and get_time");
    const first = await client.chat.completions.create({ model, messages: question, tools });
    const message = first.choices[0]?.message;
    const calls = (message?.tool_calls ?? []).filter((call) => call.type === "function");
    expect(calls.map((call) => call.function.name)).toEqual(["get_weather", "get_time"]);
    expect(calls.map((call) => JSON.parse(call.function.arguments))).toEqual([
      { city: "Paris", days: 2 },
      { city: "Paris", days: 2 },
    ]);
    if (message === undefined) throw new Error("no message");
    const second = await client.chat.completions.create({
      model,
      tools,
      messages: [
        ...question,
        message,
        ...calls.map((call) => ({
          role: "tool" as const,
          tool_call_id: call.id,
          content: `result of ${call.function.name}`,
        })),
      ],
    });
    expect(second.choices[0]?.message.content).toMatch(/result of get_weather.*result of get_time/s);
  });

  test("usage of a stream: null on every chunk but the last, which has no choices", async () => {
    const stream = await openai().chat.completions.create({
      model: "gpt-5.2",
      messages: user("hello [[simulate: cached=5 reasoning=12]]"),
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await collect(stream);
    const last = chunks.pop();
    expect(chunks.every((chunk) => chunk.usage === null && chunk.choices.length === 1)).toBe(true);
    expect(last?.choices).toEqual([]);
    expect(last?.usage?.prompt_tokens_details?.cached_tokens).toBe(5);
    expect(last?.usage?.completion_tokens_details?.reasoning_tokens).toBe(12);
  });

  test("no usage in a stream that did not ask for it", async () => {
    const stream = await openai().chat.completions.create({ model: "gpt-5.2", messages: user("hello"), stream: true });
    for await (const chunk of stream) expect(chunk.usage).toBeUndefined();
  });

  test("Google's stream: usage on every chunk, calls without index, stop instead of tool_calls", async () => {
    const stream = await openai("google").chat.completions.create({
      model: "gemini-3.5-flash",
      messages: user("get_weather"),
      tools,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await collect(stream);
    expect(chunks.every((chunk) => (chunk.usage?.total_tokens ?? 0) > 0)).toBe(true);
    const [call] = chunks.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? []);
    expect(call).toMatchObject({ function: { name: "get_weather" } });
    expect(call).not.toHaveProperty("index");
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe("stop");
  });

  test("a JSON answer by schema", async () => {
    const completion = await openai().chat.completions.create({
      model: "gpt-5.2",
      messages: user("hello"),
      response_format: { type: "json_schema", json_schema: { name: "weather", schema: weatherSchema } },
    });
    expect(JSON.parse(completion.choices[0]?.message.content ?? "")).toEqual({ city: "Paris", days: 2 });
  });

  test("an image is acknowledged", async () => {
    const completion = await openai().chat.completions.create({
      model: "gpt-4o",
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What is this?" },
            { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
          ],
        },
      ],
    });
    expect(completion.choices[0]?.message.content).toContain("an image");
  });

  test("embeddings: the same text has the same vector, in the asked size", async () => {
    const { data, usage } = await openai().embeddings.create({
      model: "text-embedding-3-small",
      input: ["a", "b", "a"],
      dimensions: 8,
    });
    expect(data[0]?.embedding).toHaveLength(8);
    expect(data[0]?.embedding).toEqual(data[2]?.embedding);
    expect(data[0]?.embedding).not.toEqual(data[1]?.embedding);
    expect(usage.total_tokens).toBe(3);
  });

  test("moderation flags a scripted category", async () => {
    const { results } = await openai().moderations.create({ input: "x [[simulate: flagged=hate]]" });
    expect(results[0]).toMatchObject({ flagged: true, categories: { hate: true, violence: false } });
  });

  test("responses, whole and streamed", async () => {
    const client = openai();
    const whole = await client.responses.create({ model: "gpt-5.2", input: "hello" });
    expect(whole.output_text).toContain("hello");
    const final = await client.responses.stream({ model: "gpt-5.2", input: "hello" }).finalResponse();
    expect(final.output_text).toBe(whole.output_text);
    expect(final.usage?.output_tokens).toBeGreaterThan(3);
  });

  test.each([
    [429, OpenAI.RateLimitError, { code: "rate_limit_exceeded" }],
    [500, OpenAI.InternalServerError, { type: "server_error" }],
    [401, OpenAI.AuthenticationError, { code: "invalid_api_key" }],
  ])("status %i as its own error class", async (status, errorClass, fields) => {
    const failure = await openai()
      .chat.completions.create({ model: "gpt-5.2", messages: user(`[[simulate: status=${status} retry-after=2]]`) })
      .catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(errorClass);
    expect(failure).toMatchObject({ status, ...fields });
  });

  test("an error inside a stream", async () => {
    const stream = await openai().chat.completions.create({
      model: "gpt-5.2",
      messages: user("[[simulate: error-event-after=2]]"),
      stream: true,
    });
    await expect(collect(stream)).rejects.toBeInstanceOf(OpenAI.APIError);
  });
});

describe("the Anthropic SDK reads", () => {
  const base = { model: "claude-sonnet-4-6", max_tokens: 2_000 } as const;

  test("a text, whole and streamed", async () => {
    const whole = await anthropic().messages.create({ ...base, messages: user("How tall is the Eiffel tower?") });
    expect(whole.content).toMatchObject([{ type: "text", text: expect.stringMatching(/simulated answer.*Eiffel/s) }]);
    expect(whole.stop_reason).toBe("end_turn");

    const stream = anthropic().messages.stream({ ...base, messages: user("How tall is the Eiffel tower?") });
    const pieces: string[] = [];
    stream.on("text", (piece) => pieces.push(piece));
    const streamed = await stream.finalMessage();
    expect(pieces.length).toBeGreaterThan(3);
    expect(streamed.content).toEqual(whole.content);
    expect(streamed.usage).toMatchObject({
      input_tokens: whole.usage.input_tokens,
      output_tokens: whole.usage.output_tokens,
    });
  });

  test("cached tokens apart from input tokens", async () => {
    const { usage } = await anthropic().messages.create({
      ...base,
      messages: user("[[simulate: cached=50 cache-write=7]]"),
    });
    expect(usage).toMatchObject({ cache_read_input_tokens: 50, cache_creation_input_tokens: 7, input_tokens: 1 });
  });

  test("streamed tool calls, and a text that uses their results after signed thoughts were sent back", async () => {
    const request = {
      ...base,
      thinking: { type: "enabled" as const, budget_tokens: 1_024 },
      tools: anthropicTools,
    };
    const question = user("call get_weather and get_time");
    const first = await anthropic()
      .messages.stream({ ...request, messages: question })
      .finalMessage();
    expect(first.stop_reason).toBe("tool_use");
    expect(first.content.map((block) => block.type)).toEqual(["thinking", "tool_use", "tool_use"]);
    const calls = first.content.filter((block) => block.type === "tool_use");
    expect(calls.map((call) => call.input)).toEqual([
      { city: "Paris", days: 2 },
      { city: "Paris", days: 2 },
    ]);
    const followUp = (content: Anthropic.Messages.ContentBlockParam[]) =>
      anthropic().messages.create({
        ...request,
        messages: [
          ...question,
          { role: "assistant", content },
          {
            role: "user",
            content: calls.map((call) => ({
              type: "tool_result" as const,
              tool_use_id: call.id,
              content: `result of ${call.name}`,
            })),
          },
        ],
      });
    const second = await followUp(first.content);
    expect(second.content.at(-1)).toMatchObject({
      text: expect.stringMatching(/result of get_weather.*result of get_time/s),
    });

    const changed = first.content.map((block) =>
      block.type === "thinking" ? { ...block, thinking: "other thoughts" } : block,
    );
    await expect(followUp(changed)).rejects.toThrow(/Invalid `signature`/);
    await expect(followUp(calls)).rejects.toThrow(/Expected `thinking`/);
  });

  test("a tool call without arguments as an empty object", async () => {
    const stream = anthropic().messages.stream({
      ...base,
      messages: user("ping_server"),
      tools: [{ name: "ping_server", input_schema: { type: "object", properties: {} } }],
    });
    expect((await stream.finalMessage()).content).toMatchObject([{ type: "tool_use", input: {} }]);
  });

  test.each([
    [429, Anthropic.RateLimitError, "rate_limit_error"],
    [401, Anthropic.AuthenticationError, "authentication_error"],
    [500, Anthropic.InternalServerError, "api_error"],
    [529, Anthropic.InternalServerError, "overloaded_error"],
  ])("status %i as its own error class", async (status, errorClass, type) => {
    const failure = await anthropic()
      .messages.create({ ...base, messages: user(`[[simulate: status=${status}]]`) })
      .catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(errorClass);
    expect(failure).toMatchObject({
      status,
      error: { type: "error", error: { type } },
      requestID: expect.stringMatching(/^req_/),
    });
  });

  test("an overload inside a stream", async () => {
    const stream = anthropic().messages.stream({ ...base, messages: user("[[simulate: error-event-after=1]]") });
    await expect(stream.finalMessage()).rejects.toThrow(/overloaded_error/);
  });
});
