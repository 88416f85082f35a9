import { randomUUID } from "node:crypto";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { HumanMessage, ToolMessage } from "@langchain/core/messages";
import { tool as langChainTool } from "@langchain/core/tools";
import { ChatOpenAI } from "@langchain/openai";
import { generateText, Output, stepCountIs, streamText, tool } from "ai";
import OpenAI from "openai";
import { afterAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { useCloud } from "#tests/support/cloud.ts";
import { type FakeProvider, sse, startFakeProvider } from "#tests/support/fake-provider.ts";
import { user } from "./client.ts";

/** Clients that nobody here wrote, as their users set them up: a base URL and a key. */

const scriptedModel = "grok-4.3";
let scripted: FakeProvider;

interface ScriptedBody {
  readonly messages: readonly { readonly role: string; readonly content: unknown }[];
}

/** Calls `add` for as long as fewer than two results have come, then says what the last one was. */
const scriptedAnswer = ({ messages }: ScriptedBody): readonly (object | string)[] => {
  const results = messages.filter(({ role }) => role === "tool");
  const frame = (delta: object, finish: string | null = null) => ({
    id: "chatcmpl-scripted",
    object: "chat.completion.chunk",
    created: 1,
    model: scriptedModel,
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  const call = { name: "add", arguments: "" };
  const calling = [
    frame({
      role: "assistant",
      content: null,
      tool_calls: [{ index: 0, id: `call_${results.length}`, type: "function", function: call }],
    }),
    frame({ tool_calls: [{ index: 0, function: { arguments: `{"left":${results.length + 1},` } }] }),
    frame({ tool_calls: [{ index: 0, function: { arguments: '"right":10}' } }] }),
    frame({}, "tool_calls"),
  ];
  const saying = [
    frame({ role: "assistant", content: "The results: " }),
    frame({ content: results.map(({ content }) => String(content)).join(", ") }),
    frame({}, "stop"),
  ];
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
  return [...(results.length < 2 ? calling : saying), { ...frame({}), choices: [], usage }, "data: [DONE]\n\n"];
};

const cloud = useCloud(async () => {
  scripted = await startFakeProvider(({ body }, response) => sse(response, scriptedAnswer(body as ScriptedBody)));
  return { env: { RATE_LIMIT_SCALE: "100", XAI_BASE_URL: `${scripted.url}/v1` } };
});
afterAll(() => scripted.close());

const models = ["gpt", "claude"] as const;
const weatherSchema = z.object({ city: z.string() });
const citySchema = z.object({ city: z.string(), population: z.number(), isCapital: z.boolean() });

describe("the AI SDK (@ai-sdk/openai-compatible)", () => {
  const gateway = () =>
    createOpenAICompatible({
      name: "concurred",
      baseURL: cloud().baseUrl,
      apiKey: cloud().apiKey,
      includeUsage: true,
      supportsStructuredOutputs: true,
    });

  it.each(models)("streams a text of %s with its usage", async (model) => {
    const result = streamText({ model: gateway()(model), prompt: "Hello [[simulate: text=Grüße, 世界]]" });
    let text = "";
    for await (const part of result.textStream) text += part;
    expect(text).toBe("Grüße, 世界");
    expect(await result.finishReason).toBe("stop");
    expect((await result.usage).totalTokens).toBeGreaterThan(0);
  });

  it.each(models)("runs a tool of %s and goes on with its result in the next step", async (model) => {
    const asked: string[] = [];
    const result = streamText({
      model: gateway()(model),
      prompt: "What is the weather in Bern?",
      stopWhen: stepCountIs(5),
      tools: {
        get_weather: tool({
          description: "The weather of a city",
          inputSchema: weatherSchema,
          execute: async ({ city }) => {
            asked.push(city);
            return `Sunny in ${city}`;
          },
        }),
      },
    });
    await result.consumeStream();
    const steps = await result.steps;
    expect(steps.map(({ finishReason }) => finishReason)).toEqual(["tool-calls", "stop"]);
    expect(asked).toHaveLength(1);
    expect(await result.text).toContain(`Sunny in ${asked[0]}`);
    expect(steps[0]?.toolCalls[0]?.toolCallId).toMatch(/^call_/);
  });

  it("runs tools over three steps of one answer", async () => {
    const sums: number[] = [];
    const result = streamText({
      model: gateway()(scriptedModel),
      prompt: "Add",
      stopWhen: stepCountIs(5),
      tools: {
        add: tool({
          inputSchema: z.object({ left: z.number(), right: z.number() }),
          execute: async ({ left, right }) => {
            sums.push(left + right);
            return String(left + right);
          },
        }),
      },
    });
    await result.consumeStream();
    expect((await result.steps).map(({ finishReason }) => finishReason)).toEqual(["tool-calls", "tool-calls", "stop"]);
    expect(sums).toEqual([11, 12]);
    expect(await result.text).toBe("The results: 11, 12");
    expect((await result.totalUsage).totalTokens).toBe(45);
  });

  it.each(models)("gets an object of a schema from %s", async (model) => {
    const result = await generateText({
      model: gateway()(model),
      prompt: "Name a city",
      output: Output.object({ schema: citySchema }),
    });
    expect(citySchema.safeParse(result.output).success).toBe(true);
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
      model: gateway()("gpt"),
      prompt: "[[simulate: chunks=9 cut-after=3 chunk-delay-ms=20]]",
      maxRetries: 0,
      onError: ({ error }) => void errors.push(error),
    });
    await result.consumeStream();
    expect(errors).toHaveLength(1);
  });
});

describe("LangChain (@langchain/openai)", () => {
  const chat = (model: string) =>
    new ChatOpenAI({
      model,
      apiKey: cloud().apiKey,
      configuration: { baseURL: cloud().baseUrl },
      maxRetries: 0,
    });
  const weather = langChainTool(async ({ city }) => `Sunny in ${city}`, {
    name: "get_weather",
    description: "The weather of a city",
    schema: weatherSchema,
  });

  /** LangChain's own types lose it. */
  const tokensOf = (message: { readonly usage_metadata?: unknown }): number =>
    z.object({ total_tokens: z.number() }).optional().parse(message.usage_metadata)?.total_tokens ?? 0;

  it.each(models)("asks %s, whole and streamed, and knows the usage", async (model) => {
    const question = "Hello [[simulate: text=Grüße, 世界]]";
    const answer = await chat(model).invoke(question);
    expect(answer.text).toBe("Grüße, 世界");
    expect(tokensOf(answer)).toBeGreaterThan(0);
    let streamed = "";
    let tokens = 0;
    for await (const chunk of await chat(model).stream(question)) {
      streamed += chunk.text;
      tokens += tokensOf(chunk);
    }
    expect(streamed).toBe("Grüße, 世界");
    expect(tokens).toBe(tokensOf(answer));
  });

  it.each(models)("runs a tool of %s and brings its result back", async (model) => {
    const bound = chat(model).bindTools([weather]);
    const question = new HumanMessage("What is the weather in Bern?");
    const answer = await bound.invoke([question]);
    const [call] = answer.tool_calls ?? [];
    if (call === undefined) throw new Error("No tool was called");
    expect(call.name).toBe("get_weather");
    const result: unknown = await weather.invoke(call);
    if (!(result instanceof ToolMessage)) throw new Error("The tool gave no message");
    const last = await bound.invoke([question, answer, result]);
    expect(last.text).toContain(`Sunny in ${String(call.args.city)}`);
  });

  it.each(models)("gathers the calls of a stream of %s", async (model) => {
    const parts = await chat(model).bindTools([weather]).stream("What is the weather in Bern?");
    let whole: Awaited<ReturnType<typeof parts.next>>["value"];
    for await (const part of parts) whole = whole === undefined ? part : whole.concat(part);
    expect(whole?.tool_calls).toMatchObject([{ name: "get_weather", args: { city: expect.any(String) } }]);
  });

  it.each(models.flatMap((model) => [[model, "jsonSchema"] as const, [model, "functionCalling"] as const]))(
    "gets structured output of %s by %s",
    async (model, method) => {
      const structured = chat(model).withStructuredOutput(citySchema, { method, name: "city" });
      expect(citySchema.safeParse(await structured.invoke("Name a city")).success).toBe(true);
    },
  );
});

describe("the retries of OpenAI's SDK", () => {
  const once = () => ({ headers: { "Idempotency-Key": randomUUID(), "X-Cache": "no-cache" } });
  const slow = (marker: string) => ({
    model: "gpt",
    messages: [user(`${marker} [[simulate: first-delay-ms=2500 text=Made once]]`)],
  });

  it.each([false, true])(
    "are safe with an Idempotency-Key: one who gave up too early gets the first answer (stream %s)",
    async (stream) => {
      const marker = `retry-${randomUUID()}`;
      // The first try is given up while the provider still thinks; the second finds it running, and waits as told.
      const client = new OpenAI({ apiKey: cloud().apiKey, baseURL: cloud().baseUrl, maxRetries: 4, timeout: 1_500 });
      const body = slow(marker);
      let text = "";
      if (stream) {
        for await (const chunk of await client.chat.completions.create({ ...body, stream: true }, once())) {
          text += chunk.choices[0]?.delta.content ?? "";
        }
      } else text = (await client.chat.completions.create(body, once())).choices[0]?.message.content ?? "";
      expect(text).toBe("Made once");
      expect(await cloud().providerRequests(marker)).toHaveLength(1);
    },
  );

  it("do not come where we say that they are pointless, and come where they may help", async () => {
    const client = new OpenAI({ apiKey: cloud().apiKey, baseURL: cloud().baseUrl, maxRetries: 2 });
    const ask = async (directive: string): Promise<number> => {
      const marker = `retry-${randomUUID()}`;
      const request = { model: "gpt", retries: 0, messages: [user(`${marker} [[simulate: ${directive}]]`)] };
      await expect(
        client.chat.completions.create(request as OpenAI.ChatCompletionCreateParamsNonStreaming, once()),
      ).rejects.toThrow();
      return (await cloud().providerRequests(marker)).length;
    };
    expect(await ask("status=400")).toBe(1);
    expect(await ask("status=500")).toBe(3);
  });
});
