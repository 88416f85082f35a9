import { describe, expect, test } from "vitest";
import { simulatedApiKey } from "#infra/local/providers/credentials.ts";
import { useProviders, user, weatherSchema } from "./harness.ts";

const { providers, reply } = useProviders();

const tool = { type: "function", function: { name: "get_weather", parameters: weatherSchema } };
const openaiCall = {
  role: "assistant",
  content: null,
  tool_calls: [{ id: "call_1", type: "function", function: { name: "get_weather", arguments: "{}" } }],
};

describe("simulated OpenAI refuses what OpenAI refuses", () => {
  const url = () => `${providers().baseUrls.openai}/chat/completions`;
  const refused = async (request: object) => {
    const { status, text } = await reply(url(), { model: "gpt-4o", messages: user("hello"), ...request });
    return { status, ...JSON.parse(text).error };
  };

  test.each([
    [{ load_balance: {} }, { message: "Unrecognized request argument supplied: load_balance" }],
    [{ fallback: [], retries: 1 }, { message: "Unrecognized request arguments supplied: fallback, retries" }],
    [{ messages: undefined }, { code: "missing_required_parameter", param: "messages" }],
    [{ messages: [] }, { code: "empty_array" }],
    [{ messages: [{ role: "bogus", content: "x" }] }, { code: "invalid_value", param: "messages[0].role" }],
    [{ messages: [{ role: "user", content: null }] }, { param: "messages[0].content" }],
    [{ messages: [...user("x"), openaiCall] }, { message: expect.stringContaining("call_1") }],
    [
      { messages: [...user("x"), { role: "tool", tool_call_id: "call_1", content: "x" }] },
      { param: "messages.[1].role" },
    ],
    [{ temperature: 3 }, { code: "decimal_above_max_value" }],
    [{ stream_options: { include_usage: true } }, { param: "stream_options" }],
    [{ tool_choice: "auto" }, { param: "tool_choice" }],
    [{ tools: [{ type: "function", function: { name: "no spaces" } }] }, { param: "tools[0].function.name" }],
    [
      { tools: [{ type: "function", function: { name: "f", parameters: { type: "object" } } }] },
      { code: "invalid_function_parameters", message: expect.stringContaining("missing properties") },
    ],
    [{ response_format: { type: "json_object" } }, { param: "messages" }],
    [{ reasoning_effort: "low" }, { message: "Unrecognized request argument supplied: reasoning_effort" }],
    [
      { model: "gpt-5.2", max_tokens: 5 },
      { code: "unsupported_parameter", param: "max_tokens" },
    ],
    [
      { model: "o4-mini", temperature: 0.5 },
      { code: "unsupported_value", param: "temperature" },
    ],
    [
      { model: "gpt-5", stop: ["x"] },
      { code: "unsupported_parameter", param: "stop" },
    ],
    [
      { model: "gpt-5", reasoning_effort: "none" },
      { code: "unsupported_value", param: "reasoning_effort" },
    ],
    [
      { model: "gpt-5.4", reasoning_effort: "low", tools: [tool] },
      { param: "reasoning_effort", code: null },
    ],
    [{ messages: user("[[simulate: no-such-thing]]") }, { message: expect.stringContaining("no-such-thing") }],
  ])("%j", async (request, error) => {
    expect(await refused(request)).toMatchObject({ status: 400, type: "invalid_request_error", ...error });
  });

  test.each([
    { model: "gpt-5.2", temperature: 0.5, reasoning_effort: "none" },
    { model: "gpt-5.2", max_completion_tokens: 50, temperature: 1 },
    { model: "gpt-5.4", tools: [tool] },
    { model: "gpt-4o", max_tokens: 5, temperature: 0.5, stop: ["x"] },
  ])("and takes %j", async (request) => {
    expect((await reply(url(), { messages: user("hello"), ...request })).status).toBe(200);
  });

  test("a body that is no JSON is a 400", async () => {
    expect((await reply(url(), "{")).status).toBe(400);
  });
});

describe("credentials", () => {
  const models = {
    openai: "gpt-4o",
    google: "gemini-3.5-flash",
    "x-ai": "grok-4.5",
    openrouter: "a/b",
    minimax: "MiniMax-M3",
    anthropic: "claude-sonnet-4-5",
  } as const;
  const ids = Object.keys(models) as (keyof typeof models)[];
  const call = (id: (typeof ids)[number], authorization: string) => {
    const path = id === "anthropic" ? "/v1/messages" : "/chat/completions";
    const body = { model: models[id], max_tokens: 50, messages: user("hello") };
    return reply(`${providers().baseUrls[id]}${path}`, body, { authorization });
  };

  test.each(ids)("%s answers 401 to a call without a key", async (id) => {
    expect((await call(id, "")).status).toBe(401);
  });

  // Google and xAI are known to answer an unknown key with 400.
  test.each(ids)("%s refuses a placeholder in its own words, and does not repeat it", async (id) => {
    const { status, text } = await call(id, "Bearer sk-invalid-123");
    expect(status).toBe(id === "google" || id === "x-ai" ? 400 : 401);
    expect(text).not.toContain("sk-invalid");
  });

  test.each(ids)("%s takes any other key", async (id) => {
    expect((await call(id, `Bearer ${simulatedApiKey}`)).status).toBe(200);
  });
});

describe("simulated Anthropic refuses what Anthropic refuses", () => {
  const url = () => `${providers().baseUrls.anthropic}/v1/messages`;
  const toolUse = { role: "assistant", content: [{ type: "tool_use", id: "toolu_1", name: "get_weather", input: {} }] };
  const toolResult = { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "x" }] };
  const cached = { type: "text", text: "x", cache_control: { type: "ephemeral" } };

  test.each([
    [{ max_tokens: undefined }, "max_tokens: Field required"],
    [{ frequency_penalty: 1 }, "frequency_penalty: Extra inputs are not permitted"],
    [{ n: 1 }, "n: Extra inputs are not permitted"],
    [{ metadata: { user: "x" } }, "metadata.user: Extra inputs are not permitted"],
    [{ messages: [{ role: "user", content: "x", name: "y" }] }, "messages.0.name: Extra inputs are not permitted"],
    [
      { messages: [{ role: "user", content: [{ type: "text", text: "x", index: 1 }] }] },
      "messages.0.content.0.text.index: Extra inputs are not permitted",
    ],
    [
      { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "x" } }] }] },
      "Input tag 'image_url'",
    ],
    [
      {
        messages: [
          {
            role: "user",
            content: [{ type: "image", source: { type: "base64", media_type: "image/bmp", data: "AA==" } }],
          },
        ],
      },
      "media_type",
    ],
    [
      { tools: [{ name: "x", input_schema: { type: "object" }, parameters: {} }] },
      "tools.0.custom.parameters: Extra inputs",
    ],
    [{ tools: [{ name: "x", input_schema: { type: "object" } }], tool_choice: { type: "required" } }, "expected tags"],
    [{ messages: [] }, "at least one message"],
    [{ messages: [{ role: "tool", content: "x" }] }, "messages.0.role: Input should be 'user' or 'assistant'"],
    [{ messages: [{ role: "system", content: "x" }] }, "role 'system' is not supported"],
    [{ messages: [{ role: "assistant", content: "x" }] }, 'first message must use the "user" role'],
    [{ messages: [...user("x"), toolUse, ...user("y")] }, "`tool_use` ids were found without `tool_result`"],
    [{ messages: [...user("x"), toolResult] }, "unexpected `tool_use_id`"],
    [{ messages: [{ role: "user", content: [{ type: "text", text: "" }] }] }, "text content blocks must be non-empty"],
    [{ messages: [{ role: "user", content: [cached, cached, cached, cached, cached] }] }, "A maximum of 4 blocks"],
    [{ temperature: 1.5 }, "temperature: range: 0..1"],
    [{ temperature: 0.5, top_p: 0.5 }, "cannot both be specified"],
    [{ model: "claude-opus-4-8", temperature: 0.5 }, "`temperature` is deprecated"],
    [{ model: "claude-sonnet-4-6", messages: [...user("x"), { role: "assistant", content: "so" }] }, "prefill"],
    [{ tool_choice: { type: "any" } }, "tool_choice"],
    [{ tools: [{ name: "x" }] }, "input_schema: Field required"],
    [
      {
        model: "claude-opus-5-5",
        tools: [{ name: "x", input_schema: { type: "object" } }],
        tool_choice: { type: "any" },
      },
      "forced tool use",
    ],
    [{ model: "claude-opus-5-5", thinking: { type: "disabled" } }, "cannot be disabled"],
    [{ thinking: { type: "enabled", budget_tokens: 5 } }, "greater than or equal to 1024"],
    [{ thinking: { type: "enabled", budget_tokens: 5_000 } }, "`max_tokens` must be greater"],
    [{ max_tokens: 100_000 }, "maximum allowed number of output tokens"],
    [{ output_config: { format: { type: "json_schema", schema: { type: "object" } } } }, "additionalProperties"],
  ])("%j", async (request, message) => {
    const { status, headers, text } = await reply(url(), {
      model: "claude-sonnet-4-5",
      max_tokens: 2_000,
      messages: user("x"),
      ...request,
    });
    expect(status).toBe(400);
    const body = JSON.parse(text);
    expect(body).toMatchObject({
      type: "error",
      error: { type: "invalid_request_error", message: expect.stringContaining(message) },
    });
    expect(body.request_id).toBe(headers.get("request-id"));
  });

  test.each(["", "2020-01-01"])("anthropic-version %j", async (version) => {
    const { status } = await reply(
      url(),
      { model: "claude-sonnet-4-5", max_tokens: 5, messages: user("x") },
      { "anthropic-version": version },
    );
    expect(status).toBe(400);
  });

  test("the newest version takes no temperature at all", async () => {
    const request = { model: "claude-sonnet-4-5", max_tokens: 50, messages: user("x"), temperature: 1 };
    expect((await reply(url(), request, { "anthropic-version": "2026-10-21" })).status).toBe(400);
    expect((await reply(url(), request)).status).toBe(200);
  });

  test("two turns of one role are one turn, as results of parallel calls need", async () => {
    const messages = [...user("x"), ...user("y"), toolUse, toolResult, ...user("z")];
    expect((await reply(url(), { model: "claude-sonnet-4-5", max_tokens: 50, messages })).status).toBe(200);
  });
});

describe("the compatible providers refuse in their own forms", () => {
  const chat = (id: "google" | "x-ai" | "openrouter" | "minimax", request: object) =>
    reply(`${providers().baseUrls[id]}/chat/completions`, { messages: user("hello"), ...request });

  test.each([
    [{ parallel_tool_calls: false, tools: [tool] }, 'Unknown name "parallel_tool_calls"'],
    [{ guardrails: {} }, 'Unknown name "guardrails"'],
    [
      { tools: [{ ...tool, function: { name: "x", parameters: { type: "object", additionalProperties: false } } }] },
      "additionalProperties",
    ],
    [
      {
        messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "https://example.com/a.png" } }] }],
      },
      "data URLs",
    ],
    [
      { messages: [...user("x"), openaiCall, { role: "tool", tool_call_id: "call_1", content: "x" }] },
      "thought_signature",
    ],
  ])("Google, as an array: %j", async (request, message) => {
    const { status, text } = await chat("google", { model: "gemini-3.5-flash", ...request });
    expect(status).toBe(400);
    expect(JSON.parse(text)).toMatchObject([
      { error: { code: 400, status: "INVALID_ARGUMENT", message: expect.stringContaining(message) } },
    ]);
  });

  test("Google takes the documented stand-in for a thought signature", async () => {
    const [call] = openaiCall.tool_calls;
    const signed = {
      ...openaiCall,
      tool_calls: [{ ...call, extra_content: { google: { thought_signature: "skip_thought_signature_validator" } } }],
    };
    const messages = [...user("x"), signed, { role: "tool", tool_call_id: "call_1", content: "x" }];
    expect((await chat("google", { model: "gemini-3.5-flash", messages })).status).toBe(200);
  });

  test("xAI: no penalties on reasoning models, with code and error as strings", async () => {
    const { status, text } = await chat("x-ai", { model: "grok-4.5", presence_penalty: 1 });
    expect([status, JSON.parse(text)]).toEqual([
      400,
      { code: expect.any(String), error: expect.stringContaining("presence_penalty") },
    ]);
  });

  test("OpenRouter: a model without its maker, with the status as a number", async () => {
    const { status, text } = await chat("openrouter", { model: "gpt-5" });
    expect([status, JSON.parse(text).error.code]).toEqual([400, 400]);
  });

  test.each([
    [{ temperature: 0 }, "temperature"],
    [{ messages: [{ role: "system", content: "a" }, { role: "system", content: "b" }, ...user("x")] }, "2013"],
  ])("MiniMax: %j", async (request, message) => {
    const { status, text } = await chat("minimax", { model: "MiniMax-M3", ...request });
    expect(status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({
      type: "error",
      error: { message: expect.stringContaining(message), http_code: "400" },
    });
  });
});
