import { randomUUID } from "node:crypto";
import { createOpenAI } from "@ai-sdk/openai";
import { tool as langchainTool } from "@langchain/core/tools";
import { ChatOpenAI } from "@langchain/openai";
import { Agent, tool as agentTool, OpenAIProvider, Runner, setTracingDisabled } from "@openai/agents";
import { generateText, type ModelMessage, Output, stepCountIs, streamText, tool } from "ai";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { useStandardCloud } from "#tests/support/cloud.ts";

/** Clients that speak OpenAI's Responses API by default, as their users set them up: a base URL and a key. */

const cloud = useStandardCloud();
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

  it.each([
    ["whole", generateText],
    ["streamed", streamText],
  ] as const)("holds a conversation of several turns with a tool, %s", async (_, ask) => {
    const messages: ModelMessage[] = [{ role: "user", content: "What is the weather in Bern?" }];
    const first = ask({
      model: gateway()(model),
      messages,
      stopWhen: stepCountIs(5),
      tools: { get_weather: getWeather },
    });
    messages.push(...(await (await first).response).messages);
    for (const text of ["one", "two", "three"]) {
      const marker = `[[simulate: text=${text}-${randomUUID()}]]`;
      messages.push({ role: "user", content: marker });
      const result = await ask({ model: gateway()(model), messages });
      expect(await result.text).toContain(text);
      messages.push(...(await result.response).messages);
      // The model sees what it has said.
      const [seen] = await cloud().providerRequests(marker);
      expect(JSON.stringify(seen?.body)).toContain("Sunny in");
      for (const said of messages.filter(({ role }) => role === "assistant").slice(0, -1)) {
        const words = Array.isArray(said.content) ? said.content : [];
        for (const part of words) if (part.type === "text") expect(JSON.stringify(seen?.body)).toContain(part.text);
      }
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

it("the AI SDK is told which setting to change where it sends the id of a message that is nowhere", async () => {
  const model = createOpenAI({ baseURL: cloud().baseUrl, apiKey: cloud().apiKey })("claude");
  const said = { type: "text" as const, text: "Hello", providerOptions: { openai: { itemId: "msg_elsewhere" } } };
  const messages: ModelMessage[] = [
    { role: "user", content: "Hello" },
    { role: "assistant", content: [said] },
    { role: "user", content: "And?" },
  ];
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

  it("goes on with a streamed conversation", async () => {
    const agent = new Agent({ name: "Plain", model });
    const first = await runner().run(agent, "Hello [[simulate: text=one]]", { stream: true });
    await first.completed;
    const marker = `[[simulate: text=two-${randomUUID()}]]`;
    const next = { role: "user" as const, content: marker };
    const second = await runner().run(agent, [...first.history, next], { stream: true });
    await second.completed;
    expect(second.finalOutput).toContain("two");
    const [seen] = await cloud().providerRequests(marker);
    expect(JSON.stringify(seen?.body)).toContain("one");
    expect(JSON.stringify(seen?.body)).not.toContain("_ckz_");
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

describe.each(["gpt-5.6-sol", "gpt-5.3-codex"])("LangChain, which asks for %s over this API by itself", (model) => {
  const requestIds: string[] = [];
  const chatModel = () =>
    new ChatOpenAI({
      model,
      apiKey: cloud().apiKey,
      configuration: {
        baseURL: cloud().baseUrl,
        fetch: async (input, init) => {
          const response = await fetch(input, init);
          requestIds.push(response.headers.get("x-request-id") ?? "");
          return response;
        },
      },
    });

  it("answers whole and streamed, calls tools, and gets an object of a schema", async () => {
    const question = { role: "user", content: "What is the weather in Bern?" };
    expect((await chatModel().invoke("Hello [[simulate: text=one]]")).text).toBe("one");
    let text = "";
    for await (const chunk of await chatModel().stream("Hello [[simulate: text=two]]")) text += chunk.text;
    expect(text).toBe("two");
    const weather = langchainTool(async ({ city }) => `Sunny in ${city}`, {
      name: "get_weather",
      description: "The weather of a city",
      schema: weatherSchema,
    });
    const asking = chatModel().bindTools([weather]);
    const called = await asking.invoke([question]);
    const [call] = called.tool_calls ?? [];
    if (call === undefined) throw new Error("No tool was called");
    const answered = await asking.invoke([question, called, await weather.invoke({ ...call, type: "tool_call" })]);
    expect(answered.text).toContain("Sunny in");
    const structured = await chatModel().withStructuredOutput(citySchema, { name: "city" }).invoke("Name a city");
    expect(citySchema.safeParse(structured).success).toBe(true);
    for (const requestId of requestIds) {
      expect((await cloud().settledUsage(cloud().userId, requestId)).dialect).toBe("responses");
    }
  });
});
