import assert from "node:assert/strict";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, Output, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

/** Plain, tools, structured output, and a streamed conversation of several turns, with the SDK's defaults. */
const { ORIGIN, API_KEY, MODEL } = process.env;
const model = createOpenAI({ apiKey: API_KEY, baseURL: `${ORIGIN}/api/v1` })(MODEL);

const plain = await generateText({ model, prompt: "Hello" });
assert.ok(plain.text.length > 0);

const weather = tool({
  description: "The weather of a city",
  inputSchema: z.object({ city: z.string() }),
  execute: async () => "21 degrees",
});
const messages = [{ role: "user", content: "Weather please" }];
const called = streamText({ model, messages, tools: { get_weather: weather }, stopWhen: stepCountIs(3) });
assert.match(await called.text, /21 degrees/);
messages.push(...(await called.response).messages);

for (const question of ["And now?", "And then?"]) {
  messages.push({ role: "user", content: question });
  const answered = streamText({ model, messages });
  assert.ok((await answered.text).length > 0);
  messages.push(...(await answered.response).messages);
}

const schema = z.object({ city: z.string() });
const structured = await generateText({ model, prompt: "A city", output: Output.object({ schema }) });
assert.equal(typeof structured.output.city, "string");
