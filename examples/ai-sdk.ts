/** AI SDK. Needs CK_KEY; CK_BASE_URL defaults to the address of `npm start`. */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, Output, stepCountIs, streamText, tool } from "ai";
import * as z from "zod";

const { CK_BASE_URL = "http://127.0.0.1:8787/api/v1", CK_KEY = "" } = process.env;
const gateway = createOpenAICompatible({
  name: "concurred",
  baseURL: CK_BASE_URL,
  apiKey: CK_KEY,
  includeUsage: true,
  supportsStructuredOutputs: true,
});

const getWeather = tool({
  description: "Get the weather of a city",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `Sunny in ${city}`,
});

const result = streamText({
  model: gateway("claude"),
  prompt: "What is the weather in Bern?",
  tools: { getWeather },
  stopWhen: stepCountIs(5),
});
for await (const text of result.textStream) process.stdout.write(text);
console.log(`\n${(await result.totalUsage).totalTokens} tokens in ${(await result.steps).length} steps`);

const { output } = await generateText({
  model: gateway("gpt"),
  prompt: "Name a city.",
  output: Output.object({ schema: z.object({ city: z.string(), population: z.number() }) }),
});
console.log(output);
