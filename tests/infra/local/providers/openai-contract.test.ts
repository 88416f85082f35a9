import { readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { contract } from "#tests/support/contracts.ts";
import { eventsIn, useProviders, user, weatherSchema } from "./harness.ts";

const specification = contract("openai-openapi.yaml");

/** Ajv reads JSON Schema 2020; the document still says `nullable` as OpenAPI 3.0 did, and its discriminators are not Ajv's. */
const toJsonSchema = (node: unknown): void => {
  if (typeof node !== "object" || node === null) return;
  if (!Array.isArray(node)) {
    const schema = node as Record<string, unknown>;
    delete schema.discriminator;
    if (schema.nullable === true) {
      delete schema.nullable;
      if (Array.isArray(schema.enum)) schema.enum.push(null);
      if (typeof schema.type === "string") schema.type = [schema.type, "null"];
      for (const alternatives of [schema.anyOf, schema.oneOf])
        if (Array.isArray(alternatives)) alternatives.push({ type: "null" });
      if (typeof schema.$ref === "string") {
        schema.anyOf = [{ $ref: schema.$ref }, { type: "null" }];
        delete schema.$ref;
      }
    }
  }
  for (const value of Object.values(node)) toJsonSchema(value);
};

const names = {
  completion: "CreateChatCompletionResponse",
  chunk: "CreateChatCompletionStreamResponse",
  error: "ErrorResponse",
  embeddings: "CreateEmbeddingResponse",
  moderation: "CreateModerationResponse",
  response: "Response",
  responseEvent: "ResponseStreamEvent",
} as const;
type Name = keyof typeof names;

describe.skipIf(specification === undefined)(
  "simulated OpenAI keeps OpenAI's own OpenAPI document (skipped without it)",
  () => {
    const { providers, reply } = useProviders();
    const validators = new Map<Name, ValidateFunction>();

    beforeAll(() => {
      const document: { components: { schemas: unknown } } = parse(readFileSync(specification ?? "", "utf8"), {
        maxAliasCount: -1,
      });
      toJsonSchema(document.components.schemas);
      const ajv = new Ajv2020({ strict: false, validateFormats: false });
      ajv.addSchema({ $id: "openai", components: document.components });
      for (const [name, schema] of Object.entries(names))
        validators.set(name as Name, ajv.compile({ $ref: `openai#/components/schemas/${schema}` }));
    });

    const expectValid = (name: Name, value: unknown): void => {
      const validate = validators.get(name);
      const valid = validate?.(value);
      expect(valid, `${JSON.stringify(validate?.errors?.slice(0, 4))} in ${JSON.stringify(value)}`).toBe(true);
    };

    const tools = ["get_weather", "get_time"].map((name) => ({
      type: "function",
      function: { name, parameters: weatherSchema },
    }));
    const requests = {
      "a text": { messages: user("hello") },
      "a tool call": { messages: user("the weather, please"), tools },
      "parallel tool calls": { messages: user("call get_weather and get_time"), tools },
      "a refusal": { messages: user("[[simulate: refusal]]") },
      "a JSON answer": {
        messages: user("hello"),
        response_format: {
          type: "json_schema",
          json_schema: { name: "x", schema: { ...weatherSchema, additionalProperties: false }, strict: true },
        },
      },
      "two choices": { messages: user("hello"), n: 2 },
      "a truncated text": { messages: user("hello"), max_completion_tokens: 3 },
      "cached and reasoning tokens": { messages: user("[[simulate: cached=5 reasoning=12]]") },
    };

    test.each(Object.entries(requests))("%s, whole and streamed", async (_, request) => {
      const url = `${providers().baseUrls.openai}/chat/completions`;
      const whole = await reply(url, { model: "gpt-5.2", ...request });
      expect(whole.status).toBe(200);
      expectValid("completion", JSON.parse(whole.text));

      for (const streamOptions of [{}, { stream_options: { include_usage: true } }]) {
        const streamed = await reply(url, { model: "gpt-5.2", stream: true, ...streamOptions, ...request });
        const chunks = eventsIn(streamed.text);
        expect(chunks.length).toBeGreaterThanOrEqual(3);
        for (const chunk of chunks) expectValid("chunk", chunk);
        expect(streamed.text.endsWith("data: [DONE]\n\n")).toBe(true);
      }
    });

    // The document's chunks know calls of functions only, though the SDK's types have those of custom tools too.
    test("a call of a custom tool, whole", async () => {
      const custom = {
        name: "run_sql",
        format: { type: "grammar", grammar: { syntax: "lark", definition: "start: /x/" } },
      };
      const request = { model: "gpt-5.2", messages: user("run_sql, please"), tools: [{ type: "custom", custom }] };
      const { status, text } = await reply(`${providers().baseUrls.openai}/chat/completions`, request);
      expect(status).toBe(200);
      expect(JSON.parse(text).choices[0].message.tool_calls).toMatchObject([{ type: "custom" }]);
      expectValid("completion", JSON.parse(text));
    });

    test.each([
      { messages: user("[[simulate: status=429]]"), model: "gpt-5.2" },
      { messages: user("[[simulate: status=500]]"), model: "gpt-5.2" },
      { messages: user("hello"), model: "gpt-5.2", bogus: 1 },
      { messages: [], model: "gpt-5.2" },
    ])("an error is an ErrorResponse: %j", async (request) => {
      const { status, text } = await reply(`${providers().baseUrls.openai}/chat/completions`, request);
      expect(status).toBeGreaterThanOrEqual(400);
      expectValid("error", JSON.parse(text));
    });

    test("embeddings", async () => {
      const { text } = await reply(`${providers().baseUrls.openai}/embeddings`, {
        model: "text-embedding-3-small",
        input: ["a", "b"],
      });
      expectValid("embeddings", JSON.parse(text));
    });

    test("moderations, one result for each string", async () => {
      const { text } = await reply(`${providers().baseUrls.openai}/moderations`, { input: ["a", "I will kill you"] });
      const body = JSON.parse(text);
      expectValid("moderation", body);
      expect(body.results.map((result: { flagged: boolean }) => result.flagged)).toEqual([false, true]);
    });

    const responsesTools = [{ type: "function", name: "get_weather", parameters: weatherSchema, strict: false }];
    test.each([
      ["a text", { input: "hello" }],
      ["a tool call", { input: "the weather, please", tools: responsesTools }],
      ["a call of a custom tool", { input: "run_sql, please", tools: [{ type: "custom", name: "run_sql" }] }],
      ["a truncated text", { input: "hello", max_output_tokens: 3 }],
      ["reasoning", { input: "hello", model: "gpt-5" }],
    ])("responses: %s, whole and streamed", async (_, request) => {
      const url = `${providers().baseUrls.openai}/responses`;
      const whole = await reply(url, { model: "gpt-5.2", ...request });
      expectValid("response", JSON.parse(whole.text));
      const streamed = await reply(url, { model: "gpt-5.2", stream: true, ...request });
      for (const event of eventsIn(streamed.text)) expectValid("responseEvent", event);
    });
  },
);
