import { expect, test } from "vitest";
import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import { callProvider, sendJson, startUpstream } from "./support.ts";

const completion = {
  id: "x",
  object: "chat.completion",
  created: 1,
  model: "m",
  choices: [{ index: 0, message: { role: "assistant", content: "ok" }, finish_reason: "stop" }],
};
const message = {
  id: "m",
  type: "message",
  role: "assistant",
  model: "m",
  content: [{ type: "text", text: "ok" }],
  stop_reason: "end_turn",
  usage: { input_tokens: 1, output_tokens: 1 },
};

const schema = { type: "object", properties: { a: { type: "string" } }, required: ["a"], additionalProperties: false };
const asked = {
  reasoning_effort: "high",
  temperature: 0.5,
  top_p: 0.9,
  stop: ["END"],
  max_completion_tokens: 900,
  response_format: { type: "json_schema", json_schema: { name: "x", schema } },
  tools: [{ type: "function", function: { name: "f", parameters: schema, strict: true } }],
  tool_choice: { type: "function", function: { name: "f" } },
};
const { response_format, tools, ...plain } = asked;
const looseTools = [{ type: "function", function: { name: "f", parameters: schema } }];
const { additionalProperties: _, ...open } = schema;

test.each<[ChatProviderId, Record<string, unknown>, readonly string[]]>([
  ["openai", { ...asked, verbosity: "low" }, []],
  [
    "anthropic",
    {
      output_config: { effort: "high", format: { type: "json_schema", schema } },
      temperature: 0.5,
      top_p: 0.9,
      stop_sequences: ["END"],
      max_tokens: 900,
      tools: [{ name: "f", input_schema: schema, strict: true }],
      tool_choice: { type: "tool", name: "f" },
    },
    ["verbosity"],
  ],
  [
    "google",
    {
      reasoning_effort: "high",
      temperature: 0.5,
      top_p: 0.9,
      stop: ["END"],
      max_tokens: 900,
      response_format: { type: "json_schema", json_schema: { name: "x", schema: open } },
      tools: [{ type: "function", function: { name: "f", parameters: open } }],
    },
    ["tools.parameters.additionalProperties", "tools.strict", "verbosity"],
  ],
  ["x-ai", asked, ["verbosity"]],
  ["openrouter", { ...asked, verbosity: "low" }, []],
  ["minimax", { ...plain, tools: looseTools }, ["response_format", "tools.strict", "verbosity"]],
])("%s gets every reviewed field in its own form", async (provider, body, warnings) => {
  const upstream = await startUpstream((response) =>
    sendJson(response, provider === "anthropic" ? message : completion),
  );
  try {
    const fields = { ...asked, verbosity: "low" };
    const reply = await callProvider(fields, { provider, model: "some-new-model", baseUrl: upstream.baseUrl });
    expect(upstream.requests[0]?.body).toMatchObject({ ...body, model: "some-new-model" });
    expect([...reply.warnings].sort()).toEqual(warnings);
  } finally {
    await upstream.close();
  }
});
