import assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";

/** Plain, streamed, tools, structured output, counting and models, with the SDK's defaults. */
const { ORIGIN, API_KEY, MODEL: model } = process.env;
const client = new Anthropic({ apiKey: API_KEY, baseURL: `${ORIGIN}/api` });
const asked = { model, max_tokens: 1_000, messages: [{ role: "user", content: "Hello" }] };
const input_schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const tools = [{ name: "get_weather", description: "The weather of a city", input_schema }];

const plain = await client.messages.create(asked);
assert.equal(plain.content[0].type, "text");
const streamed = await client.messages.stream(asked).finalMessage();
assert.equal(streamed.stop_reason, "end_turn");

const question = { ...asked, tools, messages: [{ role: "user", content: "Weather please" }] };
const called = await client.messages.stream(question).finalMessage();
const use = called.content.find(({ type }) => type === "tool_use");
assert.equal(use.name, "get_weather");
const answered = await client.messages.create({
  ...question,
  messages: [
    ...question.messages,
    { role: "assistant", content: called.content },
    { role: "user", content: [{ type: "tool_result", tool_use_id: use.id, content: "21 degrees" }] },
  ],
});
assert.match(answered.content.at(-1).text, /21 degrees/);

const schema = { ...input_schema, additionalProperties: false };
const structured = await client.messages.create({
  ...asked,
  output_config: { format: { type: "json_schema", schema } },
});
assert.equal(typeof JSON.parse(structured.content.at(-1).text).city, "string");

assert.ok((await client.messages.countTokens({ model, messages: asked.messages })).input_tokens > 0);
assert.ok((await client.models.list({ limit: 3 })).data.length === 3);
