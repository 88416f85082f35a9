import Anthropic from "@anthropic-ai/sdk";
import { describe, expect, it } from "vitest";
import { useStandardCloud } from "#tests/support/cloud.ts";
import { rejection } from "./client.ts";

const cloud = useStandardCloud();

const client = (options: Partial<ConstructorParameters<typeof Anthropic>[0]> = {}): Anthropic =>
  new Anthropic({
    apiKey: cloud().apiKey,
    // Clients of this dialect add /v1 themselves.
    baseURL: cloud().baseUrl.replace(/\/v1$/, ""),
    maxRetries: 0,
    defaultHeaders: { "x-cache": "no-cache" },
    ...options,
  });
const user = (content: string): Anthropic.MessageParam => ({ role: "user", content });
const ask = (model: string, fields: Partial<Anthropic.MessageCreateParamsNonStreaming> = {}) => ({
  model,
  max_tokens: 2_000,
  messages: [user("Hello")],
  ...fields,
});

/** One model for each provider. */
const models = [
  ["OpenAI", "gpt-4o-mini"],
  ["Anthropic", "claude-sonnet-4-6"],
  ["Google", "gemini-3.1-pro-preview"],
  ["xAI", "grok-4.3"],
  ["OpenRouter", "deepseek/deepseek-v3.2"],
  ["MiniMax", "MiniMax-M3"],
] as const;

const weather: Anthropic.Tool = {
  name: "get_weather",
  description: "The weather of a city",
  input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
const time: Anthropic.Tool = {
  name: "get_time",
  input_schema: { type: "object", properties: { zone: { type: "string" } }, required: ["zone"] },
};

const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

describe.each(models)("Anthropic's SDK on a model of %s", (_, model) => {
  it("gets a whole message with usage", async () => {
    const message = await client().messages.create(
      ask(model, { messages: [user("Hello [[simulate: text=Grüße an alle]]")] }),
    );
    expect(message).toMatchObject({
      type: "message",
      role: "assistant",
      content: [{ type: "text", text: "Grüße an alle" }],
      stop_reason: "end_turn",
    });
    expect(message.usage.input_tokens).toBeGreaterThan(0);
    expect(message.usage.output_tokens).toBeGreaterThan(0);
    expect(message._request_id).toMatch(/^req_/);
  });

  it("gets a stream that its accumulator reads", async () => {
    const stream = client().messages.stream(
      ask(model, { messages: [user("Hello [[simulate: chunk-delay-ms=0 text=Grüße, 世界 und alle anderen]]")] }),
    );
    const texts: string[] = [];
    stream.on("text", (text) => texts.push(text));
    const message = await stream.finalMessage();
    expect(texts.join("")).toBe("Grüße, 世界 und alle anderen");
    expect(message.content).toMatchObject([{ type: "text", text: "Grüße, 世界 und alle anderen" }]);
    expect(message.stop_reason).toBe("end_turn");
    expect(message.usage.output_tokens).toBeGreaterThan(0);
  });

  it.each([false, true])("calls two tools at once and reads their results, streamed: %s", async (streamed) => {
    const question = ask(model, {
      tools: [weather, time],
      tool_choice: { type: "any" },
      messages: [user("Weather and time please")],
    });
    const message = await (streamed
      ? client().messages.stream(question).finalMessage()
      : client().messages.create(question));
    const calls = message.content.filter((block) => block.type === "tool_use");
    expect(message.stop_reason).toBe("tool_use");
    expect(calls.length).toBeGreaterThan(0);
    expect(calls[0]?.input).toMatchObject({ city: expect.any(String) });
    const answer = await client().messages.create({
      ...question,
      tool_choice: { type: "auto" },
      messages: [
        ...question.messages,
        { role: "assistant", content: message.content },
        {
          role: "user",
          content: calls.map(({ id }) => ({
            type: "tool_result",
            tool_use_id: id,
            content: [{ type: "text", text: "21 degrees" }],
          })),
        },
      ],
    });
    expect(answer.content.some((block) => block.type === "text")).toBe(true);
  });

  it("holds an answer to a JSON schema", async () => {
    const schema = {
      type: "object",
      properties: { city: { type: "string" }, population: { type: "integer" } },
      required: ["city", "population"],
      additionalProperties: false,
    };
    const message = await client().messages.create(
      ask(model, { output_config: { format: { type: "json_schema", schema } } }),
    );
    const [block] = message.content;
    expect(block?.type).toBe("text");
  });

  it("says why an answer was cut off", async () => {
    const message = await client().messages.create(ask(model, { messages: [user("Hi [[simulate: finish=length]]")] }));
    expect(message.stop_reason).toBe("max_tokens");
  });

  it("throws its own class for a provider's refusal, with our code and request id", async () => {
    const error = await rejection(
      client().messages.create(ask(model, { messages: [user("Hi [[simulate: status=400]]")] })),
      Anthropic.BadRequestError,
    );
    expect(error).toMatchObject({ error: { type: "error", error: { type: "invalid_request_error" } } });
  });

  it("throws inside a stream that fails late", async () => {
    const stream = client().messages.stream(
      ask(model, { messages: [user("Hi [[simulate: chunks=8 error-event-after=3]]")] }),
    );
    await rejection(stream.finalMessage(), Anthropic.APIError);
  });
});

describe("Anthropic's SDK", () => {
  it("is let in by either header", async () => {
    const { apiKey } = cloud();
    const message = await client({ apiKey: null, authToken: apiKey }).messages.create(ask("gpt"));
    expect(message.content).toHaveLength(1);
  });

  it("throws its own classes for a wrong key and an unknown model", async () => {
    await rejection(client({ apiKey: "ck_wrong" }).messages.create(ask("gpt")), Anthropic.AuthenticationError);
    const unknown = await rejection(client().messages.create(ask("no-such-model")), Anthropic.NotFoundError);
    expect(unknown).toMatchObject({ error: { error: { type: "not_found_error", code: "INVALID_MODEL" } } });
  });

  it("counts tokens: by Anthropic itself for its models, and is told where it is an estimate", async () => {
    const { data, response } = await client()
      .messages.countTokens({ model: "gpt", messages: [user("Hello there")], tools: [weather] })
      .withResponse();
    expect(data.input_tokens).toBeGreaterThan(10);
    expect(response.headers.get("x-token-count")).toBe("estimated");
    const own = await client()
      .messages.countTokens({ model: "claude", messages: [user("Hello there")], tools: [weather] })
      .withResponse();
    expect(own.data.input_tokens).toBeGreaterThan(10);
    expect(own.response.headers.get("x-token-count")).toBeNull();
  });

  it("sees thinking of any model that shows it, and sends it back", async () => {
    const thinking = { type: "enabled", budget_tokens: 1_024 } as const;
    for (const model of ["claude-sonnet-4-6", "MiniMax-M3", "deepseek/deepseek-v3.2"]) {
      const message = await client()
        .messages.stream(ask(model, { thinking, messages: [user("Hi [[simulate: reasoning=12]]")] }))
        .finalMessage();
      expect(message.content.at(-1)?.type).toBe("text");
    }
  });

  it("gets Anthropic's own answer as it came: its ids, its thinking and signature, which it takes back", async () => {
    const asked = ask("claude-sonnet-4-6", {
      thinking: { type: "enabled", budget_tokens: 1_024 },
      tools: [weather],
      messages: [user("Weather please [[simulate: reasoning=12]]")],
    });
    const message = await client().messages.stream(asked).finalMessage();
    const [thinking] = message.content;
    const call = message.content.find((block) => block.type === "tool_use");
    expect(thinking).toMatchObject({ type: "thinking", signature: expect.not.stringContaining(".") });
    expect(call?.id).toMatch(/^toolu_/);
    const answer = await client().messages.create({
      ...asked,
      messages: [
        ...asked.messages,
        { role: "assistant", content: message.content },
        { role: "user", content: [{ type: "tool_result", tool_use_id: call?.id ?? "", content: "21 degrees" }] },
      ],
    });
    expect(answer.content.some((block) => block.type === "text")).toBe(true);
  });

  it("goes on with another provider's model in mid-conversation, both ways", async () => {
    const first = ["claude-sonnet-4-6", "gpt-5.2", "gemini-3.1-pro-preview", "claude-sonnet-4-6", "MiniMax-M3"];
    const messages: Anthropic.MessageParam[] = [user("Weather please")];
    for (const model of first) {
      const asked = ask(model, { tools: [weather], messages, thinking: { type: "enabled", budget_tokens: 1_024 } });
      const message = await client().messages.create(asked);
      messages.push({ role: "assistant", content: message.content });
      const results = message.content
        .filter((block) => block.type === "tool_use")
        .map(({ id }) => ({ type: "tool_result" as const, tool_use_id: id, content: "21 degrees" }));
      messages.push({ role: "user", content: [...results, { type: "text", text: "And the weather now?" }] });
    }
  });

  it("asks other models when the first fails, with the gateway's fields as headers", async () => {
    const failing = client().messages.create(ask("gpt", { messages: [user("Hi [[simulate: status=500]]")] }), {
      headers: { "X-Fallback": "claude", "X-Retries": "0" },
    });
    // Each simulated provider does what the question says: what counts is that both were asked.
    const error = await rejection(failing, Anthropic.InternalServerError);
    expect(JSON.stringify(error.error)).toContain('"anthropic"');
  });

  it("balances over the models that a header names", async () => {
    const usedFor = async (balance: string): Promise<string | null> => {
      const headers = { "X-Load-Balance": balance };
      const { response } = await client().messages.create(ask("claude"), { headers }).withResponse();
      return response.headers.get("x-provider-used");
    };
    expect(await usedFor("weighted; gpt-4o-mini=0, gemini=1")).toBe("google (simulated)");
    expect(await usedFor("weighted; gpt-4o-mini=1, gemini=0")).toBe("openai (simulated)");
  });

  it("lists models page by page", async () => {
    const ids: string[] = [];
    for await (const model of client().models.list({ limit: 20 })) {
      expect(model).toMatchObject({ type: "model", display_name: expect.any(String), created_at: expect.any(String) });
      ids.push(model.id);
    }
    expect(ids.length).toBeGreaterThan(20);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("sends images and documents", async () => {
    const message = await client().messages.create(
      ask("gpt", {
        messages: [
          {
            role: "user",
            content: [
              { type: "text", text: "What is this?" },
              { type: "image", source: { type: "base64", media_type: "image/png", data: pixel } },
            ],
          },
        ],
      }),
    );
    expect(message.content).toHaveLength(1);
  });
});
