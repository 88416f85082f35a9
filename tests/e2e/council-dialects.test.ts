import Anthropic from "@anthropic-ai/sdk";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { councilReport } from "#core/schemas/council-events.ts";
import { eventually, useCloud } from "#tests/support/cloud.ts";
import { withinOneMinute } from "#tests/support/one-minute.ts";
import { openAi, send } from "./client.ts";

/** Councils as models, asked by the vendors' own SDKs, over simulated providers whose drafts a directive scripts. */

const cloud = useCloud();

const agreeing = "What is 17 times 23?";
/** Two of three drafts say 391. */
const differing =
  "17 times 23? [[simulate: only=gpt-6-luna text=It is 391]] [[simulate: only=claude-haiku-5-5 text=So 381]] [[simulate: only=gemini-3.5-flash-lite text=391 it is]]";
const model = "concurred/council-budget";

const reportIn = (usage: unknown) => z.looseObject({ council: councilReport }).parse(usage).council;
describe("A council as a model", () => {
  it("is listed, and found by its id", async () => {
    const client = openAi(cloud());
    const ids: string[] = [];
    for await (const { id } of client.models.list()) ids.push(id);
    expect(ids).toEqual(expect.arrayContaining(["concurred/council", model]));
    expect(await client.models.retrieve(model)).toMatchObject({ id: model, owned_by: "concurred" });
  });

  it("answers a chat completion; the rest is in the usage and the headers", async () => {
    const key = await cloud().createKey();
    const { data, response } = await openAi(cloud(), key.key)
      .chat.completions.create({ model, messages: [{ role: "user", content: differing }] })
      .withResponse();
    expect(data).toMatchObject({ model, object: "chat.completion" });
    expect(data.choices[0]?.message.content).toContain("391");
    const report = reportIn(data.usage);
    expect(report).toMatchObject({ decidedBy: "majority", judge: { independent: true } });
    expect(data.usage?.total_tokens).toBeGreaterThan(0);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "x-model-used": model,
      "x-council-drafts": "3/3",
      "x-council-judge": "grok-4.3",
      "x-council-agreement": "0.33",
      "x-provider-used": "concurred (simulated)",
    });
    await eventually(async () => {
      const runId = response.headers.get("x-request-id");
      const rows = (await cloud().rows("usage")).filter((row) => row.runId === runId);
      // Three drafts, a comparison, an analysis, an answer.
      expect(rows).toHaveLength(6);
    });
  });

  it("streams its answer alone, and tells the rest in the last chunk", async () => {
    const stream = await openAi(cloud()).chat.completions.create({
      model,
      messages: [{ role: "user", content: differing }],
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    let usage: unknown;
    const finishes: string[] = [];
    for await (const chunk of stream) {
      expect(chunk.model).toBe(model);
      text += chunk.choices[0]?.delta.content ?? "";
      if (chunk.choices[0]?.finish_reason) finishes.push(chunk.choices[0].finish_reason);
      usage = chunk.usage ?? usage;
    }
    expect(text).toMatch(/391/);
    expect(text).not.toMatch(/381/);
    expect(finishes).toEqual(["stop"]);
    expect(reportIn(usage).drafts).toHaveLength(3);
  });

  it("streams an agreed draft where no judge is asked", async () => {
    const stream = await openAi(cloud()).chat.completions.create({
      model,
      messages: [{ role: "user", content: agreeing }],
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    let usage: unknown;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      usage = chunk.usage ?? usage;
    }
    expect(text).toContain("simulated answer");
    expect(reportIn(usage)).toMatchObject({ decidedBy: "agreement", analysis: null });
  });

  it.each([false, true])("answers Anthropic's SDK, streamed: %s", async (streamed) => {
    const key = await cloud().createKey();
    const client = new Anthropic({ apiKey: key.key, baseURL: `${cloud().url}/api`, maxRetries: 0 });
    const body = { model, max_tokens: 500, messages: [{ role: "user" as const, content: differing }] };
    let told: unknown;
    const message = streamed
      ? await client.messages
          .stream(body)
          .on("streamEvent", (event) => {
            if (event.type === "message_delta") told = event.usage;
          })
          .finalMessage()
      : await client.messages.create(body);
    expect(message.content).toEqual([expect.objectContaining({ type: "text", text: expect.stringContaining("391") })]);
    expect(message.stop_reason).toBe("end_turn");
    // The SDK keeps the members of the usage that it knows.
    expect(reportIn(told ?? message.usage).decidedBy).toBe("majority");
    const counted = await client.messages.countTokens({ model, messages: body.messages });
    expect(counted.input_tokens).toBeGreaterThan(0);
  });

  it.each([false, true])("answers the Responses API, streamed: %s", async (streamed) => {
    const key = await cloud().createKey();
    const client = openAi(cloud(), key.key);
    const body = { model, input: differing, store: false };
    const response = streamed
      ? await client.responses.stream(body).finalResponse()
      : await client.responses.create(body);
    expect(response.output_text).toContain("391");
    expect(response.status).toBe("completed");
    expect(reportIn(response.usage).decidedBy).toBe("majority");
  });

  it("is held once under one Idempotency-Key in each dialect, whole and streamed", async () => {
    const key = await cloud().createKey();
    const marker = `${crypto.randomUUID()} ${agreeing}`;
    const messages = [{ role: "user", content: marker }];
    const asked = [
      ["chat/completions", { messages }],
      ["messages", { messages, max_tokens: 100, stream: true }],
      ["responses", { input: marker, stream: true }],
    ] as const;
    for (const [path, body] of asked) {
      const ask = () =>
        send(`${cloud().baseUrl}/${path}`, {
          method: "POST",
          headers: {
            "content-type": "application/json",
            authorization: `Bearer ${key.key}`,
            "idempotency-key": `once-${path}`,
          },
          body: JSON.stringify({ model, ...body }),
        });
      const first = await ask();
      expect(first.status, first.text).toBe(200);
      const calls = (await cloud().providerRequests(marker)).length;
      const second = await ask();
      expect(second.text).toBe(first.text);
      expect(second.headers.get("x-idempotent-replay")).toBe("true");
      expect(second.headers.get("x-council-drafts")).toBe("3/3");
      expect(await cloud().providerRequests(marker)).toHaveLength(calls);
    }
  });

  it("gives an agent's tools to the judge alone, and their calls to the agent", async () => {
    const key = await cloud().createKey();
    const tools = [
      {
        type: "function" as const,
        function: { name: "get_weather", parameters: { type: "object", properties: { city: { type: "string" } } } },
      },
    ];
    for (const stream of [false, true]) {
      const client = openAi(cloud(), key.key);
      const body = {
        model,
        messages: [{ role: "user" as const, content: "What is the weather in Paris?" }],
        tools,
        tool_choice: "required" as const,
      };
      const calls = stream
        ? (await client.chat.completions.stream(body).finalMessage()).tool_calls
        : (await client.chat.completions.create(body)).choices[0]?.message.tool_calls;
      expect(calls).toEqual([expect.objectContaining({ function: expect.objectContaining({ name: "get_weather" }) })]);
    }
    const asked = await cloud().providerRequests("weather in Paris");
    const withTools = asked.filter(({ body }) => JSON.stringify(body).includes("get_weather"));
    expect(asked.length).toBeGreaterThan(withTools.length);
    for (const { path } of withTools) expect(path).toContain("/v1/chat/completions");
  });

  it("takes a history with calls of tools, for drafts in words", async () => {
    const key = await cloud().createKey();
    const completion = await openAi(cloud(), key.key).chat.completions.create({
      model,
      messages: [
        { role: "user", content: "How warm is it?" },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "call_1", type: "function", function: { name: "get_weather", arguments: "{}" } }],
        },
        { role: "tool", tool_call_id: "call_1", content: "21 degrees" },
      ],
      tools: [{ type: "function", function: { name: "get_weather", parameters: { type: "object", properties: {} } } }],
    });
    expect(completion.choices[0]?.message.content).toBeTruthy();
  });

  it("answers in the format that was asked for, also where the drafts agree", async () => {
    const key = await cloud().createKey();
    const schema = { type: "object", properties: { result: { type: "number" } }, required: ["result"] };
    const json_schema = { name: "result", strict: true, schema: { ...schema, additionalProperties: false } };
    for (const stream of [false, true]) {
      const body = {
        model,
        messages: [{ role: "user" as const, content: agreeing }],
        response_format: { type: "json_schema" as const, json_schema },
      };
      const { completions } = openAi(cloud(), key.key).chat;
      const completion = stream ? await completions.stream(body).finalChatCompletion() : await completions.create(body);
      expect(JSON.parse(completion.choices[0]?.message.content ?? "")).toEqual({ result: expect.any(Number) });
    }
  });

  it("reads the gateway's headers, names what it does not use, and is metered under its dialect", async () => {
    const key = await cloud().createKey();
    const post = (path: string, body: object, headers: Readonly<Record<string, string>>) =>
      send(`${cloud().baseUrl}/${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${key.key}`, ...headers },
        body: JSON.stringify({ model, ...body }),
      });
    const messages = [{ role: "user", content: agreeing }];
    const asked = [
      ["chat-completions", "chat/completions", { messages, logprobs: true, top_logprobs: 2 }],
      ["messages", "messages", { messages, max_tokens: 100 }],
      ["responses", "responses", { input: agreeing }],
    ] as const;
    for (const [dialect, path, body] of asked) {
      for (const name of ["x-timeout-ms", "x-retries"]) {
        const refused = await post(path, body, { [name]: "never" });
        expect(refused.status, `${path} ${name}`).toBe(400);
      }
      const reply = await post(path, body, { "x-fallback": "gpt", "x-timeout-ms": "60000" });
      expect(reply.status, reply.text).toBe(200);
      expect(reply.headers.get("x-warnings")).toContain("fallback");
      if (path === "chat/completions") expect(reply.headers.get("x-warnings")).toContain("logprobs");
      await eventually(async () => {
        const rows = (await cloud().rows("usage")).filter(({ runId }) => runId === reply.requestId);
        expect(rows.length).toBeGreaterThan(2);
        for (const row of rows) expect(row.dialect).toBe(dialect);
      });
    }
  });

  it.each([
    ["load_balance", { load_balance: { strategy: "cost", targets: [{ model: "gpt" }] } }],
    ["guardrails", { guardrails: { input: ["pii"] } }],
    ["n", { n: 2 }],
  ])("refuses %s, which a council does not have", async (param, extra) => {
    const key = await cloud().createKey();
    const reply = await send(`${cloud().baseUrl}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key.key}` },
      body: JSON.stringify({ model, messages: [{ role: "user", content: "Hi" }], ...extra }),
    });
    expect(reply.status).toBe(400);
    expect(reply.error()).toMatchObject({ param });
  });
});

describe("The limit of councils", () => {
  it("counts over the endpoint and every dialect together, and not over other models", async () => {
    const message = { role: "user", content: agreeing };
    const statuses = await withinOneMinute(async () => {
      const key = await cloud().createKey();
      const post = async (path: string, body: object): Promise<number> => {
        const reply = await send(`${cloud().baseUrl}/${path}`, {
          method: "POST",
          headers: { "content-type": "application/json", authorization: `Bearer ${key.key}` },
          body: JSON.stringify(body),
        });
        return reply.status;
      };
      const councils = [
        () => post("council", { message: agreeing, panel: "budget" }),
        () => post("chat/completions", { model, messages: [message] }),
        () => post("messages", { model, max_tokens: 100, messages: [message] }),
        () => post("responses", { model, input: agreeing }),
      ];
      const made: number[] = [];
      for (let call = 0; call < 12; call++) made.push((await councils[call % councils.length]?.()) ?? 0);
      return [...made, await post("chat/completions", { model: "gpt-6-luna", messages: [message] })];
    });
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 200), 429, 429, 200]);
  });
});
