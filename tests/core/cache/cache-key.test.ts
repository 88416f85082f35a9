import { describe, expect, it } from "vitest";
import { type CacheKeyFacts, cacheKey } from "#core/cache/cache-key.ts";
import { resolveModel } from "#core/catalog/resolve.ts";
import { type ChatRequest, chatRequestSchema, gatewayFields } from "#core/schemas/chat.ts";
import { canonicalJson } from "#core/values/canonical-json.ts";
import { fc, runs } from "#tests/support/property.ts";

const request = (changes: object = {}): ChatRequest =>
  chatRequestSchema.parse({ model: "gpt", messages: [{ role: "user", content: "Hello" }], ...changes });

const facts = (changes: Partial<CacheKeyFacts> = {}): CacheKeyFacts => ({
  userId: "user_1",
  model: resolveModel("gpt"),
  request: request(),
  providerKeySlug: undefined,
  guardrails: "",
  promptVersion: undefined,
  ...changes,
});

const key = (changes: Partial<CacheKeyFacts> = {}): string => cacheKey(facts(changes));
const keyOf = (changes: object): string => key({ request: request(changes) });

/** The same value with its members in another order, at every depth. */
const reordered = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reordered);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, reordered(member)]),
  );
};

/** Fields that say what the answer shall be, each with a value other than its default. */
const outputFields: Readonly<Record<string, unknown>> = {
  messages: [{ role: "user", content: "Hello!" }],
  temperature: 0,
  top_p: 0.5,
  max_tokens: 10,
  max_completion_tokens: 10,
  frequency_penalty: 1,
  presence_penalty: 1,
  n: 2,
  stop: ["end"],
  tools: [{ type: "function", function: { name: "look_up" } }],
  tool_choice: "none",
  parallel_tool_calls: false,
  response_format: { type: "json_object" },
  reasoning_effort: "low",
  seed: 7,
  logprobs: true,
  logit_bias: { 50256: -100 },
  modalities: ["text"],
  verbosity: "low",
  service_tier: "flex",
  web_search_options: {},
  guardrails: { input: ["pii"] },
  prompt_id: "greeting",
  prompt_version: 3,
  a_field_of_tomorrow: true,
};

const deliveryFields: Readonly<Record<string, unknown>> = {
  stream: true,
  stream_options: { include_usage: true },
  fallback: ["claude"],
  retries: 5,
  timeout: 1_000,
  load_balance: { strategy: "cost", targets: [{ model: "gpt" }] },
  metadata: { trace: "1" },
  store: true,
  user: "somebody",
  safety_identifier: "somebody",
  prompt_variables: { name: "Ada" },
};

describe("cacheKey", () => {
  it("is 64 hex digits of what was asked, and holds none of it", () => {
    expect(key()).toMatch(/^[0-9a-f]{64}$/);
    expect(key()).toBe(key());
  });

  it("is another one for each user, model, provider key, guardrail and prompt version", () => {
    const keys = [
      key(),
      key({ userId: "user_2" }),
      key({ model: resolveModel("claude") }),
      key({ model: resolveModel("openai/gpt-of-tomorrow") }),
      key({ providerKeySlug: "mine" }),
      key({ guardrails: "output:pii" }),
      key({ promptVersion: "greeting@3" }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("is another one for each custom provider, of models with the same name", () => {
    const names = ["groq/llama", "together/llama", "custom/openai/llama", "openai/llama"];
    expect(new Set(names.map((name) => key({ model: resolveModel(name) }))).size).toBe(names.length);
    expect(key({ model: resolveModel("custom/groq/llama") })).toBe(key({ model: resolveModel("groq/llama") }));
  });

  it.each(Object.entries(outputFields))("counts %s, which can change the answer", (name, value) => {
    expect(keyOf({ [name]: value })).not.toBe(key());
  });

  it("counts custom tools, their calls of the past and a choice of allowed tools", () => {
    const custom = (input: string) => ({ id: "a", type: "custom", custom: { name: "f", input } });
    const history = (input: string) => ({
      messages: [
        { role: "assistant", tool_calls: [custom(input)] },
        { role: "tool", tool_call_id: "a", content: "1" },
      ],
    });
    const tool = (format: object) => ({ tools: [{ type: "custom", custom: { name: "f", format } }] });
    const choice = (mode: string) => ({
      tool_choice: {
        type: "allowed_tools",
        allowed_tools: { mode, tools: [{ type: "custom", custom: { name: "f" } }] },
      },
    });
    const grammar = { type: "grammar", grammar: { syntax: "regex", definition: "a" } };
    const bodies = [
      history("x"),
      history("y"),
      tool({ type: "text" }),
      tool(grammar),
      choice("auto"),
      choice("required"),
    ];
    expect(new Set(bodies.map(keyOf)).size).toBe(bodies.length);
  });

  it.each(Object.entries(deliveryFields))("leaves out %s, which cannot", (name, value) => {
    expect(keyOf({ [name]: value })).toBe(key());
  });

  it("knows of every field that only the gateway reads whether it counts", () => {
    const known = new Set([...Object.keys(outputFields), ...Object.keys(deliveryFields)]);
    expect(gatewayFields.filter((name) => !known.has(name))).toEqual([]);
    expect(Object.keys(chatRequestSchema.shape).filter((name) => name !== "model" && !known.has(name))).toEqual([]);
  });

  it("is of the model that answers, however it was named", () => {
    expect(keyOf({ model: resolveModel("gpt").id })).toBe(key());
  });

  it("does not depend on the order in which a body was written", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (extra) => {
        const body = { ...extra, ...request() };
        expect(key({ request: reordered(body) as ChatRequest })).toBe(key({ request: body }));
      }),
      { numRuns: runs(200) },
    );
  });

  it("differs for any two bodies that differ", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (left, right) => {
        const same = canonicalJson(left) === canonicalJson(right);
        expect(keyOf({ field: left }) === keyOf({ field: right })).toBe(same);
      }),
      { numRuns: runs(200) },
    );
  });
});

describe("canonicalJson", () => {
  it("is JSON of the same value, with its members in order at every depth", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(reordered(JSON.parse(text)))).toBe(text);
      }),
      { numRuns: runs(300) },
    );
  });

  it("keeps the order of lists, and takes an absent member for none", () => {
    expect(canonicalJson({ b: [2, 1], a: undefined })).toBe('{"b":[2,1]}');
    expect(canonicalJson([1, 2])).not.toBe(canonicalJson([2, 1]));
    expect(canonicalJson("1")).not.toBe(canonicalJson(1));
  });
});
