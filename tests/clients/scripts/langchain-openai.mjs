import assert from "node:assert/strict";
import { tool } from "@langchain/core/tools";
import { ChatOpenAI } from "@langchain/openai";
import { z } from "zod";

/** Plain, streamed, tools and structured output, with the library's defaults. It asks these models over the Responses API. */
const { ORIGIN, API_KEY, MODEL: model } = process.env;
const chat = new ChatOpenAI({ model, apiKey: API_KEY, configuration: { baseURL: `${ORIGIN}/api/v1` } });

const plain = await chat.invoke("Hello");
assert.ok(plain.text.length > 0);
let text = "";
for await (const chunk of await chat.stream("Hello")) text += chunk.text;
assert.ok(text.length > 0);

const weather = tool(async () => "21 degrees", {
  name: "get_weather",
  description: "The weather of a city",
  schema: z.object({ city: z.string() }),
});
const asking = chat.bindTools([weather]);
const messages = [{ role: "user", content: "Weather please" }];
const called = await asking.invoke(messages);
assert.equal(called.tool_calls[0].name, "get_weather");
const answered = await asking.invoke([...messages, called, await weather.invoke(called.tool_calls[0])]);
assert.match(answered.text, /21 degrees/);

const structured = await chat.withStructuredOutput(z.object({ city: z.string() }), { name: "city" }).invoke("A city");
assert.equal(typeof structured.city, "string");
