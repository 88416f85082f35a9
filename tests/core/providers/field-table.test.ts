import { describe, expect, test } from "vitest";
import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import { toToolsRequest } from "#core/chat/legacy-functions.ts";
import { usesFunctions } from "#core/chat/uses-functions.ts";
import { fieldCase } from "#core/providers/apply-fields.ts";
import { type Condition, type FieldName, fieldTable, type Treatment } from "#core/providers/field-table.ts";
import { baseUrlOf, useProviders } from "#tests/infra/local/providers/harness.ts";
import { callProvider, rejection, weatherTool } from "./support.ts";

/**
 * The field table is true: every field is sent to every provider, and what the simulated provider received (which refuses
 * what the real one refuses) is what the table says.
 */

const { providers } = useProviders();

interface Scenario {
  readonly provider: ChatProviderId;
  readonly model: string;
  readonly byok: boolean;
  readonly holds: readonly Condition[];
}

const scenarios: readonly Scenario[] = [
  { provider: "openai", model: "gpt-4.1", byok: false, holds: ["platform-key", "not-reasoning"] },
  { provider: "openai", model: "gpt-5.4", byok: true, holds: ["reasoning-model", "thinking"] },
  {
    provider: "openai",
    model: "gpt-5",
    byok: false,
    holds: ["platform-key", "reasoning-model", "thinking", "stop-refused"],
  },
  {
    provider: "openai",
    model: "gpt-5.3-codex",
    byok: true,
    holds: ["reasoning-model", "thinking", "responses"],
  },
  { provider: "anthropic", model: "claude-sonnet-4-5", byok: false, holds: ["platform-key"] },
  { provider: "anthropic", model: "claude-opus-4-8", byok: true, holds: [] },
  { provider: "google", model: "gemini-3.1-pro-preview", byok: false, holds: ["platform-key"] },
  { provider: "google", model: "gemini-2.5-flash", byok: true, holds: ["gemini-2"] },
  { provider: "x-ai", model: "grok-4.3", byok: false, holds: ["platform-key", "reasoning-model"] },
  { provider: "x-ai", model: "grok-4.20-non-reasoning", byok: true, holds: ["grok-no-effort"] },
  { provider: "openrouter", model: "deepseek/deepseek-v3.2", byok: false, holds: ["platform-key"] },
  { provider: "openrouter", model: "deepseek/deepseek-v3.2", byok: true, holds: [] },
  { provider: "minimax", model: "MiniMax-M3", byok: false, holds: ["platform-key"] },
  { provider: "minimax", model: "MiniMax-M2.7", byok: true, holds: ["minimax-m2"] },
  {
    provider: "bedrock",
    model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    byok: true,
    holds: [],
  },
  { provider: "custom", model: "mine/my-model", byok: true, holds: [] },
];

const schema = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
} as const;
const jsonSchema = { type: "json_schema", json_schema: { name: "place", schema, strict: true } };
const messages = [{ role: "user", content: "Hi" }];

/** A value of every field that asks for more than its default. */
const samples: Readonly<Record<FieldName, unknown>> = {
  model: "alias",
  messages,
  stream: true,
  stream_options: { include_usage: true },
  temperature: 0.5,
  top_p: 0.5,
  top_k: 5,
  min_p: 0.1,
  top_a: 0.1,
  repetition_penalty: 1.1,
  max_tokens: 1_000,
  max_completion_tokens: 1_000,
  n: 2,
  stop: ["END"],
  seed: 7,
  frequency_penalty: 0.5,
  presence_penalty: 0.5,
  logit_bias: { "50256": -100 },
  logprobs: true,
  top_logprobs: 3,
  tools: [weatherTool],
  tool_choice: "required",
  parallel_tool_calls: false,
  functions: [{ name: "f" }],
  function_call: "auto",
  response_format: jsonSchema,
  reasoning_effort: "low",
  verbosity: "low",
  user: "u-1",
  safety_identifier: "u-1",
  metadata: { a: "b" },
  store: true,
  service_tier: "priority",
  modalities: ["text", "audio"],
  audio: { voice: "alloy", format: "wav" },
  prediction: { type: "content", content: "x" },
  web_search_options: { search_context_size: "low" },
  moderation: { model: "omni-moderation-latest" },
  prompt_cache_key: "k",
  prompt_cache_options: { mode: "implicit" },
  prompt_cache_retention: "24h",
  cache_control: { type: "ephemeral" },
  thinking: { type: "adaptive" },
  output_config: { format: { type: "json_schema", schema } },
  reasoning: { effort: "low" },
  provider: { order: ["x"] },
  models: ["a/b"],
  plugins: [{ id: "web" }],
  route: "fallback",
  extra_body: { google: { thinking_config: { include_thoughts: true } } },
  search_parameters: { mode: "auto" },
  reasoning_split: true,
};

type Fragment = Readonly<Record<string, unknown>>;

const responsesTool = {
  type: "function",
  name: "get_weather",
  parameters: weatherTool.function.parameters,
  strict: false,
};
const geminiSchema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };

/** The older form becomes tools. A choice without any has no effect. */
const fromFunctions = (tool: object) => ({ functions: { tools: [tool] }, function_call: {} });

/** What a translated field becomes, by provider; `responses` for OpenAI's other API. */
const translations: Readonly<Record<ChatProviderId | "responses", Readonly<Partial<Record<FieldName, Fragment>>>>> = {
  openai: {
    ...fromFunctions({ type: "function", function: { name: "f" } }),
    messages: { messages },
    max_tokens: { max_completion_tokens: 1_000 },
    reasoning_effort: { reasoning_effort: "low" },
    reasoning: {},
  },
  responses: {
    ...fromFunctions({ type: "function", name: "f" }),
    messages: { input: [{ type: "message", role: "user", content: "Hi" }] },
    max_tokens: { max_output_tokens: 1_000 },
    max_completion_tokens: { max_output_tokens: 1_000 },
    tools: { tools: [responsesTool] },
    tool_choice: { tool_choice: "required" },
    response_format: { text: { format: { type: "json_schema", name: "place", schema, strict: true } } },
    verbosity: { text: { verbosity: "low" } },
    reasoning_effort: { reasoning: { effort: "low" } },
    reasoning: { reasoning: { effort: "low" } },
  },
  anthropic: {
    ...fromFunctions({ name: "f" }),
    messages: { messages: [{ role: "user", content: [{ type: "text", text: "Hi" }] }] },
    max_tokens: { max_tokens: 1_000 },
    max_completion_tokens: { max_tokens: 1_000 },
    stop: { stop_sequences: ["END"] },
    tools: { tools: [{ name: "get_weather", input_schema: { type: "object" } }] },
    tool_choice: { tool_choice: { type: "any" } },
    parallel_tool_calls: { tool_choice: { type: "auto", disable_parallel_tool_use: true } },
    response_format: { output_config: { format: { type: "json_schema" } } },
    user: { metadata: { user_id: "u-1" } },
    safety_identifier: { metadata: { user_id: "u-1" } },
    reasoning: { thinking: {} },
  },
  google: {
    ...fromFunctions({ type: "function", function: { name: "f" } }),
    messages: { messages },
    max_completion_tokens: { max_tokens: 1_000 },
    tools: { tools: [{ function: { name: "get_weather", parameters: { type: "object", required: ["city"] } } }] },
    response_format: { response_format: { type: "json_schema", json_schema: { name: "place", schema: geminiSchema } } },
    reasoning_effort: { reasoning_effort: "low" },
    reasoning: { reasoning_effort: "low" },
    extra_body: { extra_body: { google: { thinking_config: { include_thoughts: true } } } },
  },
  "x-ai": {
    ...fromFunctions({ type: "function", function: { name: "f" } }),
    messages: { messages },
    max_tokens: { max_completion_tokens: 1_000 },
    top_logprobs: { top_logprobs: 3 },
    reasoning_effort: { reasoning_effort: "low" },
    reasoning: {},
  },
  openrouter: {
    ...fromFunctions({ type: "function", function: { name: "f" } }),
    messages: { messages },
    response_format: { response_format: jsonSchema, provider: { require_parameters: true } },
  },
  minimax: {
    ...fromFunctions({ type: "function", function: { name: "f" } }),
    messages: { messages },
    temperature: { temperature: 0.5 },
    max_tokens: { max_completion_tokens: 1_000 },
    tools: { tools: [weatherTool] },
    reasoning_split: { reasoning_split: true },
    reasoning: {},
  },
  bedrock: {
    ...fromFunctions({ toolSpec: { name: "f" } }),
    functions: { toolConfig: { tools: [{ toolSpec: { name: "f" } }] } },
    messages: { messages: [{ role: "user", content: [{ text: "Hi" }] }] },
    stream: {},
    max_tokens: { inferenceConfig: { maxTokens: 1_000 } },
    max_completion_tokens: { inferenceConfig: { maxTokens: 1_000 } },
    temperature: { inferenceConfig: { temperature: 0.5 } },
    top_p: { inferenceConfig: { topP: 0.5 } },
    top_k: { additionalModelRequestFields: { top_k: 5 } },
    stop: { inferenceConfig: { stopSequences: ["END"] } },
    tools: {
      toolConfig: { tools: [{ toolSpec: { name: "get_weather", inputSchema: { json: { type: "object" } } } }] },
    },
    tool_choice: { toolConfig: { toolChoice: { any: {} } } },
    response_format: { outputConfig: { textFormat: { type: "json_schema" } } },
    reasoning_effort: { additionalModelRequestFields: { thinking: { type: "enabled" } } },
    reasoning: { additionalModelRequestFields: { thinking: {} } },
    thinking: { additionalModelRequestFields: { thinking: { type: "adaptive" } } },
    output_config: { outputConfig: { textFormat: { type: "json_schema" } } },
    cache_control: { messages: [{ content: [{ text: "Hi" }, { cachePoint: { type: "default" } }] }] },
  },
  custom: {
    ...fromFunctions({ type: "function", function: { name: "f" } }),
    messages: { messages },
    max_tokens: { max_tokens: 1_000 },
    max_completion_tokens: { max_tokens: 1_000 },
    reasoning: { reasoning_effort: "low" },
  },
};

/** Values beyond what a model takes, and what they become. */
const clamps: readonly (readonly [ChatProviderId, string, FieldName, unknown, Fragment])[] = [
  ["openai", "gpt-5", "reasoning_effort", "none", { reasoning_effort: "minimal" }],
  ["openai", "o3", "reasoning_effort", "minimal", { reasoning_effort: "low" }],
  ["openai", "gpt-5.1", "reasoning_effort", "xhigh", { reasoning_effort: "high" }],
  ["anthropic", "claude-sonnet-4-5", "temperature", 1.5, { temperature: 1 }],
  ["anthropic", "claude-sonnet-4-5", "max_tokens", 100_000, { max_tokens: 64_000 }],
  ["anthropic", "claude-opus-4-8", "top_k", 5, {}],
  ["google", "gemini-3.1-pro-preview", "reasoning_effort", "minimal", { reasoning_effort: "low" }],
  ["google", "gemini-3.1-flash-lite", "reasoning_effort", "none", { reasoning_effort: "minimal" }],
  ["google", "gemini-3.8-flash", "reasoning_effort", "xhigh", { reasoning_effort: "high" }],
  ["x-ai", "grok-4.5", "reasoning_effort", "none", { reasoning_effort: "low" }],
  ["x-ai", "grok-4.3", "top_logprobs", 20, { top_logprobs: 8 }],
  ["minimax", "MiniMax-M3", "temperature", 0, { temperature: 0.01 }],
  ["minimax", "MiniMax-M3", "temperature", 2, { temperature: 1 }],
  ["minimax", "MiniMax-M3", "reasoning_effort", "high", { thinking: { type: "adaptive" } }],
  ["minimax", "MiniMax-M3.1-Flash", "reasoning_effort", "none", { reasoning_effort: "low" }],
];

const fields = Object.keys(fieldTable) as FieldName[];
const withTools: ReadonlySet<FieldName> = new Set<FieldName>(["tools", "tool_choice", "parallel_tool_calls"]);

const optionsOf = ({ provider, model, byok }: Pick<Scenario, "provider" | "model" | "byok">) => ({
  provider,
  model,
  byok,
  baseUrl: baseUrlOf(providers(), provider),
});

const conditionsOf = (scenario: Scenario, field: FieldName): ReadonlySet<Condition> =>
  new Set<Condition>([...scenario.holds, withTools.has(field) ? "tools-present" : "no-tools"]);

const requestOf = (field: FieldName, value: unknown): Record<string, unknown> => ({
  ...(withTools.has(field) ? { tools: [weatherTool] } : {}),
  // OpenAI's own rule: it needs the other field.
  ...(field === "top_logprobs" ? { logprobs: true } : {}),
  ...(field === "audio" ? { modalities: ["text", "audio"] } : {}),
  ...(field === "stream_options" ? { stream: true } : {}),
  [field]: value,
});

/** Sends one request and gives what the simulated provider received and what was warned of. */
const send = async (scenario: Pick<Scenario, "provider" | "model" | "byok">, request: Record<string, unknown>) => {
  providers().clearRequests();
  const reply = await callProvider(usesFunctions(request) ? toToolsRequest(request) : request, optionsOf(scenario));
  if (reply.kind === "stream") for await (const _ of reply.frames);
  const [received] = providers().requests();
  const { body = {}, status, path = "" } = received ?? {};
  return { body, warnings: reply.warnings, status, path };
};

describe.each(scenarios)("$provider, $model (own key: $byok)", (scenario) => {
  const column = scenario.holds.includes("responses") ? "responses" : scenario.provider;

  test.each(fields)("%s", async (field) => {
    const value = samples[field];
    const { treatment } = fieldCase(scenario.provider, field, conditionsOf(scenario, field));
    if (treatment === "refused") {
      providers().clearRequests();
      const error = await rejection(callProvider(requestOf(field, value), optionsOf(scenario)));
      expect(error).toMatchObject({ name: "GatewayError", status: 400, param: expect.any(String) });
      expect(providers().requests()).toEqual([]);
      return;
    }
    const { body, warnings, status, path } = await send(scenario, requestOf(field, value));
    expect(status).toBe(200);
    const checks: Readonly<Record<Exclude<Treatment, "refused">, () => void>> = {
      passed: () => {
        expect(body[field]).toEqual(value);
        expect(warnings).not.toContain(field);
      },
      dropped: () => {
        expect(body).not.toHaveProperty(field);
        expect(warnings).toContain(field);
      },
      translated: () => {
        const fragment = translations[column][field];
        // Bedrock has both in the path.
        if (field === "model") expect(body.model ?? decodeURIComponent(path)).toContain(scenario.model);
        else if (field === "stream_options") expect(body.stream ?? path.endsWith("/converse-stream")).toBe(true);
        else expect(fragment, "has no expectation in this test").toBeDefined();
        expect(body).toMatchObject(fragment ?? {});
        if (field !== "response_format") expect(warnings).not.toContain(field);
      },
      // A value within the model's range leaves as it is, or is told of; values beyond it have their own tests below.
      clamped: () => {
        if (body[field] !== undefined) expect(warnings.includes(field)).toBe(body[field] !== value);
        else if (translations[column][field] === undefined) {
          const thinks = field === "reasoning_effort" && (body.thinking !== undefined || body.reasoning !== undefined);
          expect(warnings.includes(field) || thinks).toBe(true);
        } else expect(body).toMatchObject(translations[column][field]);
      },
    };
    checks[treatment]();
  });

  test("a field that nobody knows", async () => {
    const { treatment } = fieldCase(scenario.provider, "tomorrows_field", conditionsOf(scenario, "seed"));
    const refusesUnknown =
      scenario.provider === "anthropic" || (scenario.provider === "openai" && column !== "responses");
    if (refusesUnknown && scenario.byok) {
      // It reaches the provider, whose own refusal is the answer.
      const error = await rejection(callProvider({ tomorrows_field: 1 }, optionsOf(scenario)));
      expect(error).toMatchObject({ kind: "request", status: 400 });
      return;
    }
    const { body, warnings } = await send(scenario, { tomorrows_field: 1 });
    expect(body.tomorrows_field).toBe(treatment === "passed" ? 1 : undefined);
    expect(warnings).toEqual(treatment === "passed" ? [] : ["tomorrows_field"]);
  });

  test("a plain request brings no warning and holds no field of the gateway's", async () => {
    const { body, warnings } = await send(scenario, {
      fallback: ["gpt"],
      retries: 1,
      timeout: 5_000,
      prompt_variables: {},
    });
    expect(warnings).toEqual([]);
    for (const field of ["fallback", "retries", "timeout", "prompt_variables"]) expect(body).not.toHaveProperty(field);
  });
});

describe("values beyond a model's range", () => {
  test.each(clamps)("%s, %s: %s %j becomes %j, and is told of", async (provider, model, field, value, fragment) => {
    const { body, warnings } = await send({ provider, model, byok: false }, { [field]: value });
    expect(body).toMatchObject(fragment);
    expect(warnings).toContain(field);
  });
});

describe("a warning's name", () => {
  test("can break no header line", async () => {
    const { warnings } = await send(
      { provider: "google", model: "gemini-2.5-flash", byok: false },
      { "x\r\nset-cookie: a=b": 1, [`long_${"x".repeat(100)}`]: 1 },
    );
    expect(warnings).toEqual(["other"]);
  });

  test("may have the dollar of a schema's keyword", async () => {
    const parameters = { type: "object", properties: { again: { $ref: "#" } } };
    const { warnings } = await send(
      { provider: "google", model: "gemini-2.5-flash", byok: false },
      { tools: [{ type: "function", function: { name: "f", parameters } }] },
    );
    expect(warnings).toEqual(["tools.parameters.$ref"]);
  });
});
