import assert from "node:assert/strict";
import { createAnthropic } from "@ai-sdk/anthropic";
import { generateText, Output, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

/** Plain, streamed, tools and structured output, with the SDK's defaults. */
const { ORIGIN, API_KEY, MODEL } = process.env;
const model = createAnthropic({ apiKey: API_KEY, baseURL: `${ORIGIN}/api/v1` })(MODEL);

const plain = await generateText({ model, prompt: "Hello" });
assert.ok(plain.text.length > 0);

const { textStream } = streamText({ model, prompt: "Hello" });
let text = "";
for await (const part of textStream) text += part;
assert.ok(text.length > 0);

const weather = tool({
  description: "The weather of a city",
  inputSchema: z.object({ city: z.string() }),
  execute: async () => "21 degrees",
});
const called = await generateText({
  model,
  prompt: "Weather please",
  tools: { get_weather: weather },
  stopWhen: stepCountIs(3),
});
assert.match(called.text, /21 degrees/);

const schema = z.object({ city: z.string() });
const structured = await generateText({ model, prompt: "A city", output: Output.object({ schema }) });
assert.equal(typeof structured.output.city, "string");
