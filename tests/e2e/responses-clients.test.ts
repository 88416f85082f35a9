import { createOpenAI } from "@ai-sdk/openai";
import { Agent, tool as agentTool, OpenAIProvider, Runner, setTracingDisabled } from "@openai/agents";
import { generateText, type ModelMessage, Output, stepCountIs, streamText, tool } from "ai";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { useCloud } from "#tests/support/cloud.ts";

/** Clients that speak OpenAI's Responses API by default, as their users set them up: a base URL and a key. */

const cloud = useCloud({ env: { RATE_LIMIT_SCALE: "100" } });
const models = ["gpt", "gpt-5", "claude", "gemini", "deepseek/deepseek-v3.2"] as const;
const weatherSchema = z.object({ city: z.string() });
const citySchema = z.object({ city: z.string(), population: z.number(), isCapital: z.boolean() });

describe.each(models)("the AI SDK (@ai-sdk/openai with its defaults) on %s", (model) => {
  const gateway = () => createOpenAI({ baseURL: cloud().baseUrl, apiKey: cloud().apiKey });
  const getWeather = tool({
    description: "The weather of a city",
    inputSchema: weatherSchema,
    execute: async ({ city }) => `Sunny in ${city}`,
  });

  it("streams a text with its usage", async () => {
    const result = streamText({ model: gateway()(model), prompt: "Hello [[simulate: text=Grüße, 世界]]" });
    let text = "";
    for await (const part of result.textStream) text += part;
    expect(text).toBe("Grüße, 世界");
    expect(await result.finishReason).toBe("stop");
    expect((await result.usage).totalTokens).toBeGreaterThan(0);
  });

  it.each([
    ["whole", generateText],
    ["streamed", streamText],
  ] as const)("runs a tool and goes on with its result in the next step, %s", async (_, ask) => {
    const result = ask({
      model: gateway()(model),
      prompt: "What is the weather in Bern?",
      stopWhen: stepCountIs(5),
      tools: { get_weather: getWeather },
    });
    const { text, steps } = await result;
    expect((await steps).map(({ finishReason }) => finishReason)).toEqual(["tool-calls", "stop"]);
    expect(await text).toContain("Sunny in");
  });

  it("gets an object of a schema", async () => {
    const { output } = await generateText({
      model: gateway()(model),
      prompt: "Name a city",
      output: Output.object({ schema: citySchema }),
    });
    expect(citySchema.safeParse(output).success).toBe(true);
  });

  it("holds a conversation of several turns", async () => {
    const messages: ModelMessage[] = [];
    for (const text of ["one", "two", "three"]) {
      messages.push({ role: "user", content: `Hello [[simulate: text=${text}]]` });
      const result = await generateText({ model: gateway()(model), messages });
      expect(result.text).toBe(text);
      messages.push(...result.response.messages);
    }
  });

  it("holds a streamed conversation when nothing is to be stored", async () => {
    const messages: ModelMessage[] = [];
    for (const text of ["one", "two"]) {
      messages.push({ role: "user", content: `Hello [[simulate: text=${text}]]` });
      const providerOptions = { openai: { store: false } };
      const result = streamText({ model: gateway()(model), messages, providerOptions });
      expect(await result.text).toBe(text);
      messages.push(...(await result.response).messages);
    }
  });

  it("sees an error as what it is: its status and our message", async () => {
    const failing = generateText({ model: gateway()("no-such-model"), prompt: "Hello", maxRetries: 0 });
    await expect(failing).rejects.toMatchObject({
      statusCode: 400,
      message: expect.stringContaining("No chat model has this name"),
    });
  });

  it("sees an error that comes after the stream began", async () => {
    const errors: unknown[] = [];
    const result = streamText({
      model: gateway()(model),
      prompt: "[[simulate: chunks=9 cut-after=3 chunk-delay-ms=20]]",
      maxRetries: 0,
      onError: ({ error }) => void errors.push(error),
    });
    await result.consumeStream();
    expect(errors.length).toBeGreaterThan(0);
  });
});

it("the AI SDK is told which setting to change where it sends an id instead of a streamed answer", async () => {
  const model = createOpenAI({ baseURL: cloud().baseUrl, apiKey: cloud().apiKey })("claude");
  const question: ModelMessage = { role: "user", content: "Hello" };
  const first = streamText({ model, messages: [question] });
  await first.consumeStream();
  const messages = [question, ...(await first.response).messages, question];
  await expect(generateText({ model, messages, maxRetries: 0 })).rejects.toMatchObject({
    statusCode: 400,
    message: expect.stringContaining("providerOptions.openai.store = false"),
  });
});

describe.each(models)("OpenAI's Agents SDK (@openai/agents with its defaults) on %s", (model) => {
  setTracingDisabled(true);
  const runner = () =>
    new Runner({
      modelProvider: new OpenAIProvider({ baseURL: cloud().baseUrl, apiKey: cloud().apiKey }),
      tracingDisabled: true,
    });
  const weather = agentTool({
    name: "get_weather",
    description: "The weather of a city",
    parameters: weatherSchema,
    execute: async ({ city }) => `Sunny in ${city}`,
  });

  it("answers in one turn", async () => {
    const agent = new Agent({ name: "Plain", instructions: "Be brief", model });
    const { finalOutput } = await runner().run(agent, "Hello [[simulate: text=Grüße, 世界]]");
    expect(finalOutput).toBe("Grüße, 世界");
  });

  it("runs a tool and answers with its result, whole and streamed", async () => {
    const agent = new Agent({ name: "Weather", model, tools: [weather] });
    const { finalOutput } = await runner().run(agent, "What is the weather in Bern?");
    expect(finalOutput).toContain("Sunny in");
    const streamed = await runner().run(agent, "What is the weather in Bern?", { stream: true });
    await streamed.completed;
    expect(streamed.finalOutput).toContain("Sunny in");
  });

  it("hands over to another agent", async () => {
    const other = new Agent({ name: "Other", model });
    const agent = Agent.create({ name: "First", model, handoffs: [other] });
    const result = await runner().run(agent, "Please transfer to Other");
    expect(result.lastAgent?.name).toBe("Other");
  });

  it("gets an object of a schema", async () => {
    const agent = new Agent({ name: "Cities", model, outputType: citySchema });
    const { finalOutput } = await runner().run(agent, "Name a city");
    expect(citySchema.safeParse(finalOutput).success).toBe(true);
  });
});
