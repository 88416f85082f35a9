import type { MessageCreateParams } from "@anthropic-ai/sdk/resources/messages";
import { describe, expect, it } from "vitest";
import { GatewayError } from "#core/errors.ts";
import { type AnthropicRequest, toRequest } from "#core/providers/anthropic/to-request.ts";
import { hasSchemas, schemaValidator } from "./schemas.ts";
import { chatRequest } from "./support.ts";

const sonnet45 = "claude-sonnet-4-5-20250929";

type Body = MessageCreateParams & Record<string, unknown>;
const convert = (fields: Record<string, unknown> = {}, model = sonnet45, byok = false) => {
  const { body, warnings }: AnthropicRequest = toRequest(chatRequest(fields), { model, byok });
  return { body: body as Body, warnings: [...warnings].sort() };
};

const failureOf = (fields: Record<string, unknown>, model = sonnet45): GatewayError => {
  try {
    convert(fields, model);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("It was accepted");
};

const parameters = { type: "object", properties: { city: { type: "string", minLength: 1 } }, required: ["city"] };
const tool = { type: "function", function: { name: "get_weather", description: "Weather", parameters } };

describe("the plain request", () => {
  it("is model, max_tokens and messages, without a warning or anything of the gateway's own", () => {
    const { body, warnings } = convert({
      retries: 2,
      fallback: ["gpt"],
      timeout: 1_000,
      stream_options: { include_usage: true },
    });
    expect(body).toEqual({
      model: sonnet45,
      max_tokens: 21_333,
      messages: [{ role: "user", content: [{ type: "text", text: "Hi" }] }],
    });
    expect(warnings).toEqual([]);
  });

  it("asks for a stream only when the caller does", () => {
    expect(convert({ stream: true }).body.stream).toBe(true);
    expect(convert({ stream: false }).body).not.toHaveProperty("stream");
  });
});

describe("max_tokens", () => {
  it.each([
    ["claude-3-haiku-20240307", 4_096],
    ["claude-opus-4-1-20250805", 32_000],
    ["claude-sonnet-4-20250514", 64_000],
    ["claude-haiku-4-5", 64_000],
    ["claude-sonnet-4-6", 128_000],
    ["claude-opus-5-5", 128_000],
    ["claude-opus-9", 128_000],
  ])("defaults to the most that %s takes when streaming", (model, limit) => {
    expect(convert({ stream: true }, model).body.max_tokens).toBe(limit);
  });

  it("prefers max_completion_tokens", () => {
    expect(convert({ max_tokens: 10, max_completion_tokens: 20 }).body.max_tokens).toBe(20);
  });

  it("lowers a wish above a known limit with a warning, and leaves one of an unknown model", () => {
    expect(convert({ max_tokens: 100_000 })).toMatchObject({ body: { max_tokens: 64_000 }, warnings: ["max_tokens"] });
    expect(convert({ max_tokens: 200_000 }, "claude-opus-9")).toMatchObject({
      body: { max_tokens: 200_000 },
      warnings: [],
    });
  });
});

describe("sampling", () => {
  it.each([
    ["above Anthropic's range: clamped", { temperature: 1.7 }, sonnet45, { temperature: 1 }, ["temperature"]],
    ["in range", { temperature: 0 }, sonnet45, { temperature: 0 }, []],
    ["with top_p: top_p goes", { temperature: 0.5, top_p: 0.9 }, sonnet45, { temperature: 0.5 }, ["top_p"]],
    ["with a top_p of 1, which says nothing", { temperature: 0.5, top_p: 1 }, sonnet45, { temperature: 0.5 }, []],
    ["top_p alone", { top_p: 0.9 }, sonnet45, { top_p: 0.9 }, []],
    ["top_k", { top_k: 5 }, sonnet45, { top_k: 5 }, []],
    [
      "models that refuse it",
      { temperature: 0.5, top_p: 0.9, top_k: 1 },
      "claude-opus-4-7",
      {},
      ["temperature", "top_k", "top_p"],
    ],
    ["models that refuse it, at the default", { temperature: 1, top_p: 1 }, "claude-sonnet-5-5", {}, []],
    ["haiku 5.5", { temperature: 0.2 }, "claude-haiku-5-5", {}, ["temperature"]],
    ["fable", { temperature: 0.2 }, "claude-fable-5-1", {}, ["temperature"]],
    ["with thinking", { temperature: 0.2, reasoning_effort: "low" }, sonnet45, {}, ["temperature"]],
  ])("%s", (_name, fields, model, expected, warnings) => {
    const result = convert(fields, model);
    const { temperature, top_p, top_k } = result.body;
    expect(JSON.parse(JSON.stringify({ temperature, top_p, top_k }))).toEqual(expected);
    expect(result.warnings).toEqual(warnings);
  });
});

describe("reasoning_effort", () => {
  const plan = (effort: string, model: string, fields: Record<string, unknown> = {}) => {
    const { body, warnings } = convert({ reasoning_effort: effort, ...fields }, model);
    return { thinking: body.thinking, effort: body.output_config?.effort, warnings };
  };
  const summarized = { type: "adaptive", display: "summarized" };

  it.each([
    ["low", sonnet45, { type: "enabled", budget_tokens: 4_096 }, undefined, []],
    ["high", "claude-sonnet-4-5", { type: "enabled", budget_tokens: 10_666 }, undefined, []],
    ["none", sonnet45, undefined, undefined, []],
    ["high", "claude-sonnet-4-6", { type: "adaptive" }, "high", []],
    ["xhigh", "claude-opus-4-6", { type: "adaptive" }, "high", ["reasoning_effort"]],
    ["xhigh", "claude-opus-4-7", summarized, "xhigh", []],
    ["minimal", "claude-opus-5", summarized, "low", ["reasoning_effort"]],
    ["none", "claude-opus-5", { type: "disabled" }, undefined, []],
    ["none", "claude-opus-5-5", summarized, "low", ["reasoning_effort"]],
    ["none", "claude-sonnet-5-5", { type: "between_tools" }, undefined, ["reasoning_effort"]],
    ["low", "claude-3-5-haiku-20241022", undefined, undefined, ["reasoning_effort"]],
    ["immense", "claude-opus-5", undefined, undefined, ["reasoning_effort"]],
  ])("%s on %s", (effort, model, thinking, granted, warnings) => {
    expect(plan(effort, model)).toEqual({ thinking, effort: granted, warnings });
  });

  it("asks models that always think for their words, since they say text between tool calls as thinking", () => {
    expect(convert({}, "claude-opus-5-5").body.thinking).toEqual(summarized);
    expect(convert({}, "claude-opus-5").body).not.toHaveProperty("thinking");
  });

  it("keeps a budget below max_tokens, or leaves thinking out where there is no room", () => {
    expect(plan("high", sonnet45, { max_tokens: 4_000 }).thinking).toEqual({ type: "enabled", budget_tokens: 2_000 });
    expect(plan("high", sonnet45, { max_tokens: 1_500 })).toMatchObject({
      thinking: undefined,
      warnings: ["reasoning_effort"],
    });
  });

  it("leaves a budget out where Anthropic would refuse it: forced tools, or a tool turn without its thinking", () => {
    expect(plan("high", sonnet45, { tools: [tool], tool_choice: "required" })).toMatchObject({
      thinking: undefined,
      warnings: ["reasoning_effort"],
    });
    const history = (extra: Record<string, unknown>) => [
      { role: "user", content: "x" },
      {
        role: "assistant",
        tool_calls: [{ id: "a", type: "function", function: { name: "get_weather", arguments: "{}" } }],
        ...extra,
      },
      { role: "tool", tool_call_id: "a", content: "y" },
    ];
    expect(plan("high", sonnet45, { tools: [tool], messages: history({}) }).thinking).toBeUndefined();
    const thought = { thinking_blocks: [{ type: "thinking", thinking: "t", signature: "s" }] };
    expect(plan("high", sonnet45, { tools: [tool], messages: history(thought) }).thinking).toBeDefined();
  });

  it("lets Anthropic's own thinking object win", () => {
    const own = { type: "enabled", budget_tokens: 5_000 };
    expect(plan("low", sonnet45, { thinking: own }).thinking).toEqual(own);
  });
});

describe("tools", () => {
  it("become Anthropic's, with cache_control, and an object schema where there is none", () => {
    const bare = { type: "function", function: { name: "now" }, cache_control: { type: "ephemeral" } };
    expect(convert({ tools: [tool, bare] }).body.tools).toEqual([
      { name: "get_weather", description: "Weather", input_schema: parameters },
      { name: "now", input_schema: { type: "object", properties: {} }, cache_control: { type: "ephemeral" } },
    ]);
  });

  it("keep strict with a schema of the subset, where the model takes it; otherwise a warning says that it went", () => {
    const strict = { type: "function", function: { ...tool.function, strict: true } };
    const closed = {
      type: "object",
      properties: { city: { type: "string", description: "{minLength: 1}" } },
      additionalProperties: false,
      required: ["city"],
    };
    expect(convert({ tools: [strict] }).body.tools).toEqual([
      { name: "get_weather", description: "Weather", input_schema: closed, strict: true },
    ]);
    const old = convert({ tools: [strict] }, "claude-sonnet-4-20250514");
    expect(old.body.tools).toEqual([{ name: "get_weather", description: "Weather", input_schema: parameters }]);
    expect(old.warnings).toEqual(["tools.strict"]);
  });

  const named = { type: "function", function: { name: "get_weather" } };
  it.each([
    [{}, undefined],
    [{ tool_choice: "auto" }, { type: "auto" }],
    [{ tool_choice: "none" }, { type: "none" }],
    [{ tool_choice: "none", parallel_tool_calls: false }, { type: "none" }],
    [{ tool_choice: "required" }, { type: "any" }],
    [{ tool_choice: named }, { type: "tool", name: "get_weather" }],
    [{ parallel_tool_calls: false }, { type: "auto", disable_parallel_tool_use: true }],
    [
      { tool_choice: "required", parallel_tool_calls: false },
      { type: "any", disable_parallel_tool_use: true },
    ],
    [{ parallel_tool_calls: true }, undefined],
  ])("tool_choice %j", (fields, expected) => {
    expect(convert({ tools: [tool], ...fields }).body.tool_choice).toEqual(expected);
    expect(convert(fields).body).not.toHaveProperty("tool_choice");
  });

  it("refuse a forced choice on models that always think, before any call", () => {
    const error = failureOf({ tools: [tool], tool_choice: "required" }, "claude-opus-5-5");
    expect(error).toMatchObject({ code: "tool_choice_invalid", status: 400, param: "tool_choice" });
    expect(convert({ tools: [tool], tool_choice: "required" }, "claude-haiku-5-5").body.tool_choice).toEqual({
      type: "any",
    });
  });
});

describe("a history of tool calls without tools", () => {
  const call = (id: string, name: string) => ({ id, type: "function", function: { name, arguments: "{}" } });
  const messages = [
    { role: "user", content: "The weather?" },
    { role: "assistant", content: null, tool_calls: [call("call_1", "get_weather"), call("call_2", "get_time")] },
    { role: "tool", tool_call_id: "call_1", content: "Rain" },
    { role: "tool", tool_call_id: "call_2", content: "Noon" },
    { role: "assistant", content: null, tool_calls: [call("call_3", "get_weather")] },
    { role: "tool", tool_call_id: "call_3", content: "Sun" },
  ];

  it.each([[{}], [{ tools: [] }]])("names each of them once and lets none be called (%j)", (fields) => {
    const { body, warnings } = convert({ messages, ...fields });
    const empty = { type: "object", properties: {} };
    expect(body.tools).toEqual([
      { name: "get_weather", input_schema: empty },
      { name: "get_time", input_schema: empty },
    ]);
    expect(body.tool_choice).toEqual({ type: "none" });
    expect(warnings).toEqual([]);
  });

  it("leaves tools that are offered as they are", () => {
    const { body } = convert({ messages, tools: [tool] });
    expect(body.tools).toHaveLength(1);
    expect(body).not.toHaveProperty("tool_choice");
  });
});

describe("response_format", () => {
  const format = { type: "json_schema", json_schema: { name: "x", schema: parameters } };

  it("becomes output_config.format in the supported subset", () => {
    const { body, warnings } = convert({ response_format: format });
    expect(body.output_config?.format).toMatchObject({ type: "json_schema", schema: { additionalProperties: false } });
    expect(body).not.toHaveProperty("system");
    expect(warnings).toEqual([]);
  });

  it.each([
    ["json_object", { type: "json_object" }, sonnet45],
    ["a schema for a model without formats", format, "claude-sonnet-4-20250514"],
  ])("asks in the system prompt for %s, and warns that nothing enforces it", (_name, responseFormat, model) => {
    const messages = [
      { role: "system", content: "Be kind." },
      { role: "user", content: "Hi" },
    ];
    const { body, warnings } = convert({ response_format: responseFormat, messages }, model);
    expect(body.system).toEqual([
      { type: "text", text: "Be kind." },
      { type: "text", text: expect.stringContaining("JSON") },
    ]);
    expect(body).not.toHaveProperty("output_config");
    expect(warnings).toEqual(["response_format"]);
  });

  it("warns where closing a map of free keys changes what the schema means", () => {
    const schema = { type: "object", properties: { m: { type: "object", additionalProperties: { type: "string" } } } };
    const { warnings } = convert({ response_format: { type: "json_schema", json_schema: { name: "x", schema } } });
    expect(warnings).toEqual(["response_format"]);
  });
});

describe("other fields", () => {
  it("drops OpenAI's own fields with a warning each, but not values that ask for nothing", () => {
    const { body, warnings } = convert({
      seed: 1,
      logit_bias: { "5": 1 },
      logprobs: true,
      presence_penalty: 0.5,
      store: true,
    });
    expect(Object.keys(body).sort()).toEqual(["max_tokens", "messages", "model"]);
    expect(warnings).toEqual(["logit_bias", "logprobs", "presence_penalty", "seed", "store"]);
    expect(convert({ frequency_penalty: 0, logit_bias: {}, logprobs: false, seed: null, n: 1 }).warnings).toEqual([]);
  });

  it("refuses n above 1 before any call", () => {
    expect(failureOf({ n: 2 })).toMatchObject({ code: "BAD_REQUEST", status: 400, param: "n" });
  });

  it("passes what it does not know on the caller's own key only, since it may change the price", () => {
    const fields = { speed: "fast", tomorrow: 1, seed: 1 };
    expect(convert(fields, sonnet45, true)).toMatchObject({ body: { speed: "fast", tomorrow: 1 }, warnings: ["seed"] });
    const platform = convert(fields);
    expect(platform.body).not.toHaveProperty("speed");
    expect(platform.warnings).toEqual(["seed", "speed", "tomorrow"]);
  });

  it("keeps stop sequences that Anthropic takes, and names the field when one goes", () => {
    expect(convert({ stop: "END" }).body.stop_sequences).toEqual(["END"]);
    expect(convert({ stop: ["\n", "END"] })).toMatchObject({ body: { stop_sequences: ["END"] }, warnings: ["stop"] });
    expect(convert({ stop: "\n\n" }).body).not.toHaveProperty("stop_sequences");
  });

  it("sends user as metadata.user_id, and a top-level cache_control", () => {
    expect(convert({ user: "u-1", cache_control: { type: "ephemeral" } }).body).toMatchObject({
      metadata: { user_id: "u-1" },
      cache_control: { type: "ephemeral" },
    });
  });
});

const why = hasSchemas ? "" : " (skipped: ../shared/contracts is not at hand)";
describe.skipIf(!hasSchemas)(`the body is what the SDK's types allow${why}`, () => {
  it.each([
    ["plain", {}, sonnet45],
    [
      "everything",
      {
        stream: true,
        max_tokens: 5_000,
        tools: [{ ...tool, function: { ...tool.function, strict: true } }],
        tool_choice: "auto",
        parallel_tool_calls: false,
        reasoning_effort: "high",
        response_format: { type: "json_schema", json_schema: { name: "x", schema: parameters } },
        stop: ["END"],
        user: "u-1",
        messages: [
          { role: "system", content: "S", cache_control: { type: "ephemeral" } },
          {
            role: "user",
            content: [
              { type: "text", text: "Hi" },
              { type: "image_url", image_url: { url: "data:image/png;base64,AA==" } },
              { type: "image_url", image_url: { url: "https://x.test/a.png" } },
              { type: "file", file: { file_data: "data:application/pdf;base64,JVBERi0=", filename: "a.pdf" } },
            ],
          },
          {
            role: "assistant",
            content: "T",
            thinking_blocks: [
              { type: "thinking", thinking: "t", signature: "s" },
              { type: "redacted_thinking", data: "d" },
            ],
            tool_calls: [{ id: "call_toolu_1", type: "function", function: { name: "get_weather", arguments: "{}" } }],
          },
          { role: "tool", tool_call_id: "call_toolu_1", content: "R", is_error: true },
        ],
      },
      "claude-opus-5",
    ],
  ])("%s", (_name, fields, model) => {
    const validate = schemaValidator("MessageRequest");
    validate(convert(fields, model).body);
    expect(validate.errors).toBeNull();
  });
});
