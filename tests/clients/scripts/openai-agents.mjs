import assert from "node:assert/strict";
import { Agent, OpenAIProvider, Runner, setTracingDisabled, tool } from "@openai/agents";
import { z } from "zod";

/** Plain, a streamed conversation, tools, a handoff and structured output, with the SDK's defaults. */
const { ORIGIN, API_KEY, MODEL: model } = process.env;
setTracingDisabled(true);
const modelProvider = new OpenAIProvider({ apiKey: API_KEY, baseURL: `${ORIGIN}/api/v1` });
const runner = new Runner({ modelProvider, tracingDisabled: true });

const plain = await runner.run(new Agent({ name: "Plain", model }), "Hello");
assert.ok(plain.finalOutput.length > 0);
const next = [...plain.history, { role: "user", content: "And now?" }];
const streamed = await runner.run(new Agent({ name: "Plain", model }), next, { stream: true });
await streamed.completed;
assert.ok(streamed.finalOutput.length > 0);

const weather = tool({
  name: "get_weather",
  description: "The weather of a city",
  parameters: z.object({ city: z.string() }),
  execute: async () => "21 degrees",
});
const called = await runner.run(new Agent({ name: "Weather", model, tools: [weather] }), "Weather please");
assert.match(called.finalOutput, /21 degrees/);

const other = new Agent({ name: "Other", model });
const handed = await runner.run(Agent.create({ name: "First", model, handoffs: [other] }), "Please transfer to Other");
assert.equal(handed.lastAgent.name, "Other");

const outputType = z.object({ city: z.string() });
const structured = await runner.run(new Agent({ name: "Cities", model, outputType }), "A city");
assert.equal(typeof structured.finalOutput.city, "string");
