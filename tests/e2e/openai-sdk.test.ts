import OpenAI from "openai";
import type { ChatCompletionMessageParam, ChatCompletionTool } from "openai/resources/chat/completions";
import { describe, expect, it } from "vitest";
import { useCloud } from "#tests/support/cloud.ts";
import { collect, frames, openAi, openChat, readRest, readUntil, rejection, textParts, user } from "./client.ts";

// So high a cap that no output limit has to be set for it.
const cloud = useCloud({ env: { RATE_LIMIT_SCALE: "100", DAILY_SPEND_CAP_USD: "1000" } });

/** One model for each way in which a provider is spoken to. */
const models = [
  ["OpenAI", "gpt-4o-mini"],
  ["Anthropic", "claude-sonnet-4-6"],
  ["an OpenAI-compatible provider", "deepseek/deepseek-v3.2"],
] as const;

const weather: ChatCompletionTool = {
  type: "function",
  function: {
    name: "get_weather",
    description: "The weather of a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};
const time: ChatCompletionTool = {
  type: "function",
  function: {
    name: "get_time",
    parameters: { type: "object", properties: { zone: { type: "string" } }, required: ["zone"] },
  },
};

/** A pixel, as PNG. */
const pixel =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

describe.each(models)("OpenAI's SDK on a model of %s", (_, model) => {
  it("gets a whole completion with usage", async () => {
    const completion = await openAi(cloud()).chat.completions.create({
      model,
      messages: [user("Hello [[simulate: text=Grüße an alle]]")],
    });
    expect(completion.object).toBe("chat.completion");
    expect(completion.choices).toHaveLength(1);
    expect(completion.choices[0]?.message).toMatchObject({ role: "assistant", content: "Grüße an alle" });
    expect(completion.choices[0]?.finish_reason).toBe("stop");
    expect(completion.usage?.prompt_tokens).toBeGreaterThan(0);
    expect(completion.usage?.total_tokens).toBe(
      (completion.usage?.prompt_tokens ?? 0) + (completion.usage?.completion_tokens ?? 0),
    );
  });

  it("gets a stream: role first, one id, the finish reason in the last chunk, no usage unasked", async () => {
    const stream = await openAi(cloud()).chat.completions.create({
      model,
      stream: true,
      messages: [user("Hello [[simulate: chunk-delay-ms=0 text=Grüße, 世界 und alle anderen]]")],
    });
    const chunks = await collect(stream);
    expect(chunks[0]?.choices[0]?.delta.role).toBe("assistant");
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe("Grüße, 世界 und alle anderen");
    expect(new Set(chunks.map((chunk) => chunk.id)).size).toBe(1);
    expect(new Set(chunks.map((chunk) => chunk.object))).toEqual(new Set(["chat.completion.chunk"]));
    expect(chunks.map((chunk) => chunk.choices[0]?.finish_reason).filter(Boolean)).toEqual(["stop"]);
    const last = chunks.at(-1)?.choices[0];
    expect(last?.delta).toEqual({});
    expect(last?.finish_reason).toBe("stop");
    expect(chunks.every((chunk) => (chunk.usage ?? undefined) === undefined)).toBe(true);
  });

  it("gets exactly one usage chunk, without choices and last before [DONE], when it asks", async () => {
    const response = await openChat(cloud(), {
      model,
      stream: true,
      stream_options: { include_usage: true },
      messages: [user("Hello")],
    });
    const events = frames(await response.text());
    expect(events.at(-1)).toBe("[DONE]");
    expect(events.at(-2)).toMatchObject({
      object: "chat.completion.chunk",
      choices: [],
      usage: { prompt_tokens: expect.any(Number), completion_tokens: expect.any(Number) },
    });
    const withUsage = events.filter((event) => typeof event === "object" && (event as { usage?: unknown }).usage);
    expect(withUsage).toHaveLength(1);
  });

  it("gets no usage chunk with include_usage false, nor any event name of a provider", async () => {
    const response = await openChat(cloud(), {
      model,
      stream: true,
      stream_options: { include_usage: false },
      messages: [user("Hello")],
    });
    const text = await response.text();
    expect(text).not.toMatch(/^event:/m);
    const events = frames(text);
    expect(events.at(-1)).toBe("[DONE]");
    expect(events.slice(0, -1).every((event) => (event as { choices: unknown[] }).choices.length === 1)).toBe(true);
  });

  it("calls a tool and takes its result back", async () => {
    const client = openAi(cloud());
    const messages: ChatCompletionMessageParam[] = [user("What is the weather in Bern?")];
    const first = await client.chat.completions.create({ model, messages, tools: [weather] });
    const answer = first.choices[0];
    expect(answer?.finish_reason).toBe("tool_calls");
    const [call] = answer?.message.tool_calls ?? [];
    expect(call).toMatchObject({ type: "function", function: { name: "get_weather" } });
    expect(call?.id).toMatch(/^call_/);
    if (answer === undefined || call?.type !== "function") throw new Error("There is no call");
    expect(Object.keys(JSON.parse(call.function.arguments) as object)).toEqual(["city"]);

    const second = await client.chat.completions.create({
      model,
      tools: [weather],
      messages: [...messages, answer.message, { role: "tool", tool_call_id: call.id, content: "Sunny, 21 degrees" }],
    });
    expect(second.choices[0]?.message.content).toContain("get_weather said Sunny, 21 degrees");
  });

  it("calls two tools at once in a stream: indexes 0 and 1, each constant, with whole arguments, and takes both results", async () => {
    const stream = openAi(cloud()).chat.completions.stream({
      model,
      messages: [user("Call get_weather and get_time [[simulate: chunk-delay-ms=0 chunks=3]]")],
      tools: [weather, time],
    });
    const indexes = new Map<string, number>();
    for await (const chunk of stream) {
      for (const call of chunk.choices[0]?.delta.tool_calls ?? [])
        if (call.id !== undefined) indexes.set(call.id, call.index);
    }
    expect([...indexes.values()]).toEqual([0, 1]);
    const message = (await stream.finalChatCompletion()).choices[0]?.message;
    const calls = message?.tool_calls ?? [];
    expect(calls.map((call) => call.type === "function" && call.function.name)).toEqual(["get_weather", "get_time"]);
    for (const call of calls) if (call.type === "function") JSON.parse(call.function.arguments);

    if (message === undefined) throw new Error("There is no message");
    const answer = await openAi(cloud()).chat.completions.create({
      model,
      tools: [weather, time],
      messages: [
        user("Call get_weather and get_time"),
        message,
        ...calls.map(({ id }, index) => ({ role: "tool" as const, tool_call_id: id, content: `Result ${index}` })),
      ],
    });
    expect(answer.choices[0]?.message.content).toContain("get_weather said Result 0; get_time said Result 1");
  });

  it("forces a named tool, and keeps one to itself with tool_choice none", async () => {
    const client = openAi(cloud());
    const messages = [user("Hello")];
    const forced = await client.chat.completions.create({
      model,
      messages,
      tools: [weather, time],
      tool_choice: { type: "function", function: { name: "get_time" } },
    });
    const call = forced.choices[0]?.message.tool_calls?.[0];
    expect(call?.type === "function" && call.function.name).toBe("get_time");
    const none = await client.chat.completions.create({
      model,
      messages: [user("What is the weather in Bern?")],
      tools: [weather],
      tool_choice: "none",
    });
    expect(none.choices[0]?.message.tool_calls ?? []).toEqual([]);
    expect(none.choices[0]?.finish_reason).toBe("stop");
  });

  it("gets JSON by a schema", async () => {
    const completion = await openAi(cloud()).chat.completions.create({
      model,
      messages: [user("Name a city")],
      response_format: {
        type: "json_schema",
        json_schema: {
          name: "city",
          strict: true,
          schema: {
            type: "object",
            properties: { name: { type: "string" }, people: { type: "integer" } },
            required: ["name", "people"],
            additionalProperties: false,
          },
        },
      },
    });
    expect(JSON.parse(completion.choices[0]?.message.content ?? "")).toEqual({
      name: expect.any(String),
      people: expect.any(Number),
    });
  });

  it("ends with finish_reason length at max_tokens", async () => {
    const completion = await openAi(cloud()).chat.completions.create({
      model,
      max_tokens: 4,
      messages: [user("Hello [[simulate: length=400]]")],
    });
    expect(completion.choices[0]?.finish_reason).toBe("length");
  });

  it("streams as it is made: the first chunk is here while the provider has sent no end", async () => {
    const marker = `gate-${crypto.randomUUID()}`;
    // The provider stalls after two chunks, so a gateway that waited for the rest would give nothing before its timeout.
    const response = await openChat(cloud(), {
      model,
      stream: true,
      timeout: 1_500,
      retries: 0,
      messages: [user(`${marker} [[simulate: chunks=4 chunk-delay-ms=0 stall-after=2]]`)],
    });
    const parts = textParts(response);
    const begun = await readUntil(parts, (text) => /"content":"[^"]+"/.test(text));
    expect(begun).not.toContain("error");
    expect(begun).not.toContain('"finish_reason":"');
    const rest = await readRest(parts);
    expect(frames(rest).at(-1)).toMatchObject({ error: { code: "PROVIDER_TIMEOUT" } });
    expect(rest).not.toContain("[DONE]");
  });
});

describe("chunks", () => {
  it("arrive while the provider's own request is still open", async () => {
    const marker = `open-${crypto.randomUUID()}`;
    const stream = await openAi(cloud()).chat.completions.create({
      model: "gpt-4o-mini",
      stream: true,
      messages: [user(`${marker} [[simulate: chunks=12 chunk-delay-ms=60]]`)],
    });
    const states: (string | undefined)[] = [];
    let content = 0;
    for await (const chunk of stream) {
      if ((chunk.choices[0]?.delta.content ?? "") === "") continue;
      content += 1;
      if (content === 1) states.push((await cloud().providerRequests(marker))[0]?.state);
    }
    states.push((await cloud().providerRequests(marker))[0]?.state);
    expect(content).toBe(12);
    expect(states).toEqual(["open", "complete"]);
  });
});

describe("many streams at once", () => {
  it("each get their own text, whole and in order", async () => {
    const client = openAi(cloud());
    const texts = Array.from({ length: 12 }, (_, index) => `${index}: ${`word${index} `.repeat(40).trim()}`);
    const answers = await Promise.all(
      texts.map(async (text, index) => {
        const stream = await client.chat.completions.create({
          model: models[index % models.length]?.[1] ?? "gpt",
          stream: true,
          messages: [user(`[[simulate: chunk-delay-ms=2 text=${text}]]`)],
        });
        const chunks = await collect(stream);
        return chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
      }),
    );
    expect(answers).toEqual(texts);
  });
});

describe("images", () => {
  it.each([...models.slice(0, 2), ["an OpenAI-compatible provider", "moonshotai/kimi-k2.6"] as const])(
    "reach a model of %s untouched",
    async (_, model) => {
      const marker = `image-${crypto.randomUUID()}`;
      const completion = await openAi(cloud()).chat.completions.create({
        model,
        messages: [
          {
            role: "user",
            content: [
              { type: "text", text: `What is this? ${marker}` },
              { type: "image_url", image_url: { url: pixel } },
            ],
          },
        ],
      });
      expect(completion.choices[0]?.message.content).toContain("an image");
      const [request] = await cloud().providerRequests(marker);
      expect(JSON.stringify(request?.body)).toContain(pixel.slice("data:image/png;base64,".length));
    },
  );

  it("are refused with a path for a model that cannot see, before any call", async () => {
    const marker = `image-${crypto.randomUUID()}`;
    const error = await rejection(
      openAi(cloud()).chat.completions.create({
        model: "deepseek/deepseek-v3.2",
        messages: [
          {
            role: "user",
            content: [
              { type: "text", text: marker },
              { type: "image_url", image_url: { url: pixel } },
            ],
          },
        ],
      }),
      OpenAI.BadRequestError,
    );
    expect(error.param).toBe("messages[0].content");
    expect(await cloud().providerRequests(marker)).toEqual([]);
  });
});

describe("tool calls of Claude", () => {
  it("have ids call_toolu_…, which go back to Anthropic as toolu_…, streamed or not", async () => {
    const client = openAi(cloud());
    const model = "claude-sonnet-4-6";
    const marker = `ids-${crypto.randomUUID()}`;
    const question = user(`What is the weather in Bern? ${marker}`);
    const whole = await client.chat.completions.create({ model, messages: [question], tools: [weather] });
    const streamed = await client.chat.completions
      .stream({ model, messages: [question], tools: [weather] })
      .finalChatCompletion();
    for (const completion of [whole, streamed]) {
      const message = completion.choices[0]?.message;
      const id = message?.tool_calls?.[0]?.id ?? "";
      expect(id).toMatch(/^call_toolu_/);
      if (message === undefined) throw new Error("There is no message");
      await client.chat.completions.create({
        model,
        tools: [weather],
        messages: [question, message, { role: "tool", tool_call_id: id, content: "Rain" }],
      });
      const request = (await cloud().providerRequests(marker)).at(-1);
      const wire = JSON.stringify(request?.body);
      expect(wire).toContain(`"tool_use_id":"${id.slice("call_".length)}"`);
      expect(wire).not.toContain("call_toolu_");
    }
  });
});

/** One model of each API of OpenAI, which have their own forms of a custom tool. */
describe.each(["gpt-5.2", "gpt-5.3-codex"])("OpenAI's newer tool forms on %s", (model) => {
  const sql = {
    type: "custom",
    custom: {
      name: "run_sql",
      description: "Runs a query",
      format: { type: "grammar", grammar: { syntax: "lark", definition: 'start: "SELECT 1"' } },
    },
  } as const satisfies ChatCompletionTool;
  const chosen = { type: "custom", custom: { name: "run_sql" } } as const;

  it("are a custom tool that is called and takes its result back", async () => {
    const client = openAi(cloud());
    const messages: ChatCompletionMessageParam[] = [user("Use run_sql")];
    const first = await client.chat.completions.create({ model, messages, tools: [sql, weather] });
    const answer = first.choices[0];
    const [call] = answer?.message.tool_calls ?? [];
    expect(answer?.finish_reason).toBe("tool_calls");
    if (answer === undefined || call?.type !== "custom") throw new Error("There is no call of a custom tool");
    expect(call).toMatchObject({ custom: { name: "run_sql", input: expect.stringContaining("simulated") } });
    const second = await client.chat.completions.create({
      model,
      tools: [sql, weather],
      messages: [...messages, answer.message, { role: "tool", tool_call_id: call.id, content: "1 row" }],
    });
    expect(second.choices[0]?.message.content).toContain("run_sql said 1 row");
  });

  it("are a call whose input comes in pieces of one index", async () => {
    const stream = await openAi(cloud()).chat.completions.create({
      model,
      stream: true,
      tools: [sql],
      tool_choice: chosen,
      messages: [user("Hello [[simulate: chunk-delay-ms=0 chunks=3]]")],
    });
    const deltas = (await collect(stream)).flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? []);
    expect(deltas[0]).toMatchObject({ index: 0, id: expect.any(String), type: "custom", custom: { name: "run_sql" } });
    expect(deltas.every(({ index }) => index === 0)).toBe(true);
    expect(deltas.filter(({ custom }) => (custom?.input ?? "") !== "")).toHaveLength(3);
    expect(deltas.map(({ custom }) => custom?.input ?? "").join("")).toContain("no grammar is followed");
  });

  it("are a choice of allowed tools, which the provider gets beside the whole list", async () => {
    const marker = `allowed-${crypto.randomUUID()}`;
    const completion = await openAi(cloud()).chat.completions.create({
      model,
      messages: [user(`What is the weather? ${marker}`)],
      tools: [weather, time, sql],
      tool_choice: { type: "allowed_tools", allowed_tools: { mode: "required", tools: [chosen] } },
    });
    expect(completion.choices[0]?.message.tool_calls).toMatchObject([{ type: "custom", custom: { name: "run_sql" } }]);
    const [request] = await cloud().providerRequests(marker);
    expect(request?.body?.tools).toHaveLength(3);
  });
});

describe("OpenAI's newer tool forms on a model of another provider", () => {
  const sql = { type: "custom", custom: { name: "run_sql" } } as const;

  it("are a 400 that names the custom tool, before any call, or a fallback's turn", async () => {
    const marker = `custom-${crypto.randomUUID()}`;
    const body = { model: "claude-sonnet-4-6", messages: [user(`${marker} run_sql`)], tools: [weather, sql] };
    const error = await rejection(openAi(cloud()).chat.completions.create(body), OpenAI.BadRequestError);
    expect(error).toMatchObject({ code: "tool_unsupported_for_model", param: "tools[1].custom" });
    expect(await cloud().providerRequests(marker)).toEqual([]);
    const { data, response } = await openAi(cloud())
      .chat.completions.create({ ...body, ...{ fallback: ["gpt-5.2"] } })
      .withResponse();
    expect(response.headers.get("x-model-used")).toBe("gpt-5.2");
    expect(data.choices[0]?.message.tool_calls).toMatchObject([{ type: "custom" }]);
  });

  it("are a choice of allowed tools that is made by sending no others, with a warning", async () => {
    const marker = `allowed-${crypto.randomUUID()}`;
    const { data, response } = await openAi(cloud())
      .chat.completions.create({
        model: "claude-sonnet-4-6",
        messages: [user(`What is the weather? ${marker}`)],
        tools: [weather, time, sql],
        tool_choice: {
          type: "allowed_tools",
          allowed_tools: { mode: "required", tools: [{ type: "function", function: { name: "get_time" } }] },
        },
      })
      .withResponse();
    expect(data.choices[0]?.message.tool_calls).toMatchObject([{ function: { name: "get_time" } }]);
    expect(response.headers.get("x-warnings")).toBe("tool_choice.allowed_tools");
    const [request] = await cloud().providerRequests(marker);
    expect(request?.body).toMatchObject({ tools: [{ name: "get_time" }], tool_choice: { type: "any" } });
  });
});

describe("what the provider is sent", () => {
  it("asks for usage on every stream, also when the caller said include_usage false", async () => {
    const marker = `usage-${crypto.randomUUID()}`;
    const body = { model: "gpt-4o-mini", stream: true, messages: [user(marker)] };
    await (await openChat(cloud(), { ...body, stream_options: { include_usage: false } })).text();
    await (await openChat(cloud(), body)).text();
    const requests = await cloud().providerRequests(marker);
    expect(requests.map(({ body }) => body?.stream_options)).toEqual([
      expect.objectContaining({ include_usage: true }),
      expect.objectContaining({ include_usage: true }),
    ]);
  });

  it("holds unknown fields of the caller, and none of the gateway's own", async () => {
    const marker = `fields-${crypto.randomUUID()}`;
    await openAi(cloud()).chat.completions.create({
      model: "gpt-4o-mini",
      messages: [user(marker)],
      logit_bias: { "50256": -100 },
      safety_identifier: "someone",
      ...{ fallback: ["claude"], retries: 1, timeout: 20_000 },
    });
    const [request] = await cloud().providerRequests(marker);
    expect(request?.body).toMatchObject({ logit_bias: { "50256": -100 }, safety_identifier: "someone" });
    expect(Object.keys(request?.body ?? {})).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(fallback|retries|timeout)$/)]),
    );
  });

  it("holds nothing that would be stored on the platform's account, which X-Warnings says", async () => {
    const marker = `store-${crypto.randomUUID()}`;
    const { response } = await openAi(cloud())
      .chat.completions.create({
        model: "gpt-4o-mini",
        messages: [user(marker)],
        store: true,
        metadata: { team: "red" },
      })
      .withResponse();
    expect(response.headers.get("x-warnings")).toMatch(/^store, metadata(,|$)/);
    const [request] = await cloud().providerRequests(marker);
    expect(request?.body).not.toHaveProperty("store");
    expect(request?.body).not.toHaveProperty("metadata");
  });

  it("never holds the caller's key", async () => {
    const marker = `key-${crypto.randomUUID()}`;
    await openAi(cloud()).chat.completions.create({ model: "gpt", messages: [user(marker)] });
    expect(JSON.stringify(await cloud().providerRequests(marker))).not.toContain(cloud().apiKey);
    expect(await cloud().log()).not.toContain(cloud().apiKey);
  });
});

describe("models", () => {
  it("are listed in OpenAI's shape with prices, modalities and aliases", async () => {
    const list = await openAi(cloud()).models.list();
    const ids = list.data.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(["gpt-5.2", "claude-sonnet-4-6", "deepseek/deepseek-v3.2"]));
    expect(new Set(ids).size).toBe(ids.length);
    expect(list.data.find(({ id }) => id === "gpt-5.2")).toMatchObject({
      object: "model",
      owned_by: "openai",
      created: expect.any(Number),
      context_window: 400_000,
      pricing: { input: 1.75, output: 14, cached_input: 0.175 },
      aliases: ["gpt"],
    });
  });

  it("are retrieved by id, by alias, and by an id with a slash", async () => {
    const client = openAi(cloud());
    expect((await client.models.retrieve("gpt-5.2")).id).toBe("gpt-5.2");
    expect((await client.models.retrieve("claude")).id).toBe("claude-sonnet-4-5-20250929");
    expect((await client.models.retrieve("deepseek/deepseek-v3.2")).id).toBe("deepseek/deepseek-v3.2");
    const raw = await fetch(`${cloud().baseUrl}/models/deepseek/deepseek-v3.2`, {
      headers: { "x-api-key": cloud().apiKey },
    });
    expect(await raw.json()).toMatchObject({ id: "deepseek/deepseek-v3.2" });
  });

  it("that do not exist are the SDK's NotFoundError", async () => {
    const error = await rejection(openAi(cloud()).models.retrieve("gpt-nope"), OpenAI.NotFoundError);
    expect(error).toMatchObject({ status: 404, code: "NOT_FOUND", param: "id" });
  });
});

describe("errors in OpenAI's SDK", () => {
  const create = (messages: string, extra: object = {}) =>
    openAi(cloud()).chat.completions.create({ model: "gpt-4o-mini", messages: [user(messages)], ...extra });

  it("are AuthenticationError for a key that nobody knows", async () => {
    const client = openAi(cloud(), "ck_nobodyKnowsThisKey123");
    expect(await rejection(client.models.list(), OpenAI.AuthenticationError)).toMatchObject({
      status: 401,
      code: "INVALID_API_KEY",
      type: "authentication_error",
    });
  });

  it("are BadRequestError with code, param and type", async () => {
    expect(await rejection(create("Hi", { temperature: 3 }), OpenAI.BadRequestError)).toMatchObject({
      code: "BAD_REQUEST",
      param: "temperature",
      type: "invalid_request_error",
    });
    expect(await rejection(create("Hi", { model: "gtp-5.2" }), OpenAI.BadRequestError)).toMatchObject({
      code: "INVALID_MODEL",
      param: "model",
      message: expect.stringContaining("gpt-5.2"),
    });
  });

  it("are RateLimitError with the provider's own message for its 429", async () => {
    const error = await rejection(
      create("[[simulate: status=429 message=slow-down-please]]", { retries: 0 }),
      OpenAI.RateLimitError,
    );
    expect(error).toMatchObject({ code: "PROVIDER_ERROR", message: expect.stringContaining("slow-down-please") });
    expect(Number(error.headers?.get("retry-after"))).toBeGreaterThan(0);
  });

  it("are InternalServerError for a provider that broke", async () => {
    const error = await rejection(create("[[simulate: html-502]]", { retries: 0 }), OpenAI.InternalServerError);
    expect(error).toMatchObject({ status: 502, code: "PROVIDER_ERROR", type: "api_error" });
    expect(error.message).not.toContain("<");
  });

  it("are thrown out of a stream that fails half way", async () => {
    const stream = await openAi(cloud()).chat.completions.create({
      model: "gpt-4o-mini",
      stream: true,
      messages: [user("[[simulate: chunks=4 chunk-delay-ms=0 cut-after=2]]")],
    });
    const error = await rejection(collect(stream), OpenAI.APIError);
    expect(error.code).toBe("PROVIDER_ERROR");
  });

  it("are not retried by the SDK when the gateway already did", async () => {
    const marker = `retries-${crypto.randomUUID()}`;
    const client = new OpenAI({ apiKey: cloud().apiKey, baseURL: cloud().baseUrl, maxRetries: 2 });
    const body = { model: "gpt-4o-mini", messages: [user(`${marker} [[simulate: status=500]]`)], retries: 1 };
    await rejection(client.chat.completions.create(body), OpenAI.InternalServerError);
    expect(await cloud().providerRequests(marker)).toHaveLength(2);
  });
});
