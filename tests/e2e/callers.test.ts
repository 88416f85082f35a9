import { describe, expect, it } from "vitest";
import { type AgentDialect, agents } from "#tests/load/agents/agent.ts";
import { agentModels, converse, faultsIn } from "#tests/load/agents/conversation.ts";
import { useCloud } from "#tests/support/cloud.ts";
import { chat, frames, openAi, user } from "./client.ts";

/** Requests in forms that are older or other than OpenAI's own of today. */

// So high a cap that no output limit has to be set for it.
const cloud = useCloud({ env: { RATE_LIMIT_SCALE: "100", DAILY_SPEND_CAP_USD: "1000" } });

const weather = {
  name: "get_weather",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};

describe.each(["gpt-4o-mini", "claude", "gemini"])("functions instead of tools, at %s", (model) => {
  const body = { model, messages: [user("The weather?")], functions: [weather], function_call: { name: weather.name } };

  it("are called, and OpenAI's SDK reads the call in its own form, whole and streamed", async () => {
    const reply = await chat(cloud(), body);
    expect(reply.status).toBe(200);
    const [choice] = (reply.json() as { choices: { message: object; finish_reason: string }[] }).choices;
    expect(choice?.message).toMatchObject({ function_call: { name: weather.name, arguments: expect.any(String) } });
    expect(choice?.message).not.toHaveProperty("tool_calls");
    const stream = openAi(cloud()).chat.completions.stream({ ...body, stream: true } as never);
    const { message, finish_reason } = (await stream.finalChatCompletion()).choices[0] ?? {};
    expect(JSON.parse(message?.function_call?.arguments ?? "")).toHaveProperty("city");
    expect([message?.function_call?.name, finish_reason]).toEqual([weather.name, "function_call"]);
  });

  it("are answered in the next request", async () => {
    const history = [
      user("The weather?"),
      { role: "assistant", content: null, function_call: { name: weather.name, arguments: '{"city":"Rome"}' } },
      { role: "function", name: weather.name, content: "sunny" },
    ];
    const reply = await chat(cloud(), { ...body, function_call: "auto", messages: history, stream: true });
    expect(reply.status).toBe(200);
    expect(frames(reply.text).at(-1)).toBe("[DONE]");
  });

  it("have their faults told by path", async () => {
    const reply = await chat(cloud(), { ...body, functions: [{ name: "not a name" }], function_call: "auto" });
    expect(reply.status).toBe(400);
    expect(reply.error().param).toBe("tools[0].function.name");
  });
});

describe("reasoning as OpenRouter has it", () => {
  it.each([
    ["gpt-5.1", { effort: "high" }, { reasoning_effort: "high" }, null],
    ["gpt-5.1", { enabled: false }, { reasoning_effort: "none" }, null],
    ["claude-opus-4-8", { effort: "xhigh" }, { output_config: { effort: "xhigh" } }, null],
    ["claude-opus-4-8", { max_tokens: 4_000 }, { output_config: { effort: "low" } }, "reasoning.max_tokens"],
    ["gemini", { effort: "low", exclude: true }, { reasoning_effort: "low" }, "reasoning.exclude"],
    ["grok-4.3", { enabled: true }, { reasoning_effort: "medium" }, null],
    ["deepseek", { effort: "low" }, { reasoning: { effort: "low" } }, null],
  ])("reaches %s: %j as %j", async (model, reasoning, sent, warnings) => {
    const marker = `reasoning-${crypto.randomUUID()}`;
    const reply = await chat(cloud(), { model, messages: [user(marker)], reasoning });
    expect(reply.status).toBe(200);
    const [received] = await cloud().providerRequests(marker);
    expect(received?.body).toMatchObject(sent);
    expect(reply.headers.get("x-warnings")).toBe(warnings);
  });
});

it("a search that is off brings no warning", async () => {
  const reply = await chat(cloud(), {
    model: "grok-4.3",
    messages: [user("Hi")],
    search_parameters: { mode: "off", max_search_results: 5 },
  });
  expect([reply.status, reply.headers.get("x-warnings")]).toEqual([200, null]);
});

describe("an image in a tool's result", () => {
  const image = {
    type: "image_url",
    image_url: {
      url: "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    },
  };
  const history = (marker: string) => [
    user(marker),
    {
      role: "assistant",
      content: null,
      tool_calls: [{ id: "call_1", type: "function", function: { name: "shoot", arguments: "{}" } }],
    },
    { role: "tool", tool_call_id: "call_1", content: [{ type: "text", text: "here" }, image] },
  ];
  const tools = [{ type: "function", function: { name: "shoot" } }];

  it.each([
    ["claude", '"type":"tool_result"', '"media_type":"image/png"'],
    ["gpt-5.1", '"type":"function_call_output"', '"type":"input_image"'],
    ["gpt-4o-mini", '"type":"function_call_output"', '"type":"input_image"'],
  ])("reaches %s, which takes it", async (model, ...expected) => {
    const marker = `image-${crypto.randomUUID()}`;
    const reply = await chat(cloud(), { model, messages: history(marker), tools });
    expect(reply.status).toBe(200);
    const [received] = await cloud().providerRequests(marker);
    for (const text of expected) expect(JSON.stringify(received?.body)).toContain(text);
  });

  it.each(["gemini", "grok-4.3"])(
    "reaches %s, which takes none there, in a message after the results",
    async (model) => {
      const marker = `image-${crypto.randomUUID()}`;
      const reply = await chat(cloud(), { model, messages: history(marker), tools });
      expect(reply.status).toBe(200);
      const [received] = await cloud().providerRequests(marker);
      expect(received?.body?.messages).toEqual([
        expect.objectContaining({ role: "user" }),
        expect.objectContaining({ role: "assistant" }),
        expect.objectContaining({ role: "tool", content: [{ type: "text", text: "here" }] }),
        { role: "user", content: [image] },
      ]);
    },
  );
});

it("a call without a result is refused by its path, before any call", async () => {
  const marker = `open-${crypto.randomUUID()}`;
  const call = (id: string) => ({ id, type: "function", function: { name: "f", arguments: "{}" } });
  const reply = await chat(cloud(), {
    model: "gemini",
    messages: [
      user(marker),
      { role: "assistant", content: null, tool_calls: [call("a"), call("b")] },
      { role: "tool", tool_call_id: "b", content: "1" },
      user("and?"),
    ],
  });
  expect(reply.error()).toMatchObject({ code: "tool_call_id_mismatch", param: "messages[1].tool_calls[0].id" });
  expect(await cloud().providerRequests(marker)).toEqual([]);
});

describe.each(Object.keys(agents) as AgentDialect[])("an agent that lives long in the dialect %s", (dialect) => {
  it("keeps 400 KB of history over calls, images, models and cut streams, and its usage is exact", async () => {
    const { key: apiKey, userId } = await cloud().createKey();
    const options = { turns: 8, filler: 17_000, models: agentModels, cutEvery: 4, switchEvery: 2 };
    const conversed = await converse({ url: cloud().url, apiKey }, dialect, options);
    const { exchanges, history, marker } = conversed;
    const last = exchanges.at(-1);
    expect(last?.sentBytes).toBeGreaterThan(400_000);
    const events = await Promise.all(exchanges.map(({ requestId }) => cloud().settledUsage(userId, requestId)));
    expect(faultsIn(conversed, events)).toEqual([]);
    expect((await cloud().admission(userId)).open).toEqual([]);
    // Nothing is lost or told twice on the way to the last model.
    const [seen] = (await cloud().providerRequests(marker)).slice(-1);
    const text = JSON.stringify(seen?.body);
    expect(text.length).toBeLessThan((last?.sentBytes ?? 0) * 1.1);
    for (let turn = 0; turn < options.turns - 1; turn++) {
      const own = marker.replace(`turn-${options.turns - 1}-`, `turn-${turn}-`);
      const said = JSON.stringify(history).split(own).length;
      expect(text.split(own), own).toHaveLength(said);
    }
  });
});
