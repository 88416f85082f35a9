import { describe, expect, it } from "vitest";
import { startChat, toChatCompletion, wholeChat } from "#core/arena/chat-answer.ts";
import { noTokens } from "#core/catalog/token-usage.ts";
import type { OpenChat } from "#core/chat/opened-chat.ts";
import { GatewayError } from "#core/errors.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";
import { arenaEvents, endOf } from "#tests/support/arena-events.ts";
import { fightOf } from "./scripted-run.ts";

/** What a chat completion says, as the mode `chat` tells it. */

const call = { requestId: "req_0199c0de-7000-7000-8000-000000000000", startedAt: performance.now() };
const request = fightOf(["auto"], { mode: "chat", maxTokens: 7, history: [{ role: "system", content: "Be kind." }] });
const headers = { "x-model-used": "gpt-5.2", "x-cache": "MISS" };

const chunk = (delta: object, more: object = {}, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }], ...more })}\n\n`;

const scripted = (answer: { readonly completion?: object; readonly frames?: readonly string[] }): OpenChat => ({
  signal: new AbortController().signal,
  fail: () => new GatewayError("INTERNAL_ERROR", "Not here."),
  bill: () => ({ usage: { ...noTokens, inputTokens: 3, outputTokens: 4 }, costPicoUsd: undefined }),
  whole: async () => ({ completion: answer.completion, headers }),
  stream: async () => ({
    frames: (async function* () {
      yield* answer.frames ?? [];
    })(),
    headers,
  }),
});

const eventsOf = async (...frames: readonly string[]) => {
  const { frames: events } = await startChat(call, { request, chat: scripted({ frames }), boundByCost: true });
  return arenaEvents((await Array.fromAsync(events)).join(""));
};

describe("The mode chat", () => {
  it("asks a chat completion with the turns before, the limit, and time enough", () => {
    const body = toChatCompletion(request);
    expect(chatRequestSchema.parse(body)).toMatchObject({
      model: "auto",
      messages: [
        { role: "system", content: "Be kind." },
        { role: "user", content: request.message },
      ],
      max_completion_tokens: 7,
      stream: true,
      timeout: 300_000,
    });
    expect(chatRequestSchema.parse(toChatCompletion({ ...request, stream: false })).timeout).toBe(290_000);
  });

  it("tells the guardrail's end of an answer, in the body and in the stream", async () => {
    const choices = [{ message: { content: "Mail to " }, finish_reason: "content_filter" }];
    const { data } = await wholeChat(call, scripted({ completion: { choices } }));
    expect(data).toMatchObject({ model: "gpt-5.2", content: "Mail to ", finishReason: "content_filter" });
    const events = await eventsOf(chunk({ content: "Mail to " }), chunk({}, {}, "content_filter"), "data: [DONE]\n\n");
    expect(events.find(({ name }) => name === "agent.end")?.data).toMatchObject({ finishReason: "content_filter" });
  });

  it("counts for itself where the provider told no usage, and leaves an unknown price unknown", async () => {
    const choices = [{ message: { content: null }, finish_reason: "stop" }];
    const bill = { usage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 }, costUsd: null };
    expect((await wholeChat(call, scripted({ completion: { choices } }))).data).toMatchObject({ content: "", ...bill });
    expect(endOf(await eventsOf(chunk({ content: "Hi" }), "data: [DONE]\n\n"))).toMatchObject(bill);
  });

  it("tells a refusal as what the model said", async () => {
    const choices = [{ message: { content: null, refusal: "I will not." }, finish_reason: "stop" }];
    expect((await wholeChat(call, scripted({ completion: { choices } }))).data.content).toBe("I will not.");
    const events = await eventsOf(chunk({ refusal: "I will " }), chunk({ refusal: "not." }), "data: [DONE]\n\n");
    expect(events.find(({ name }) => name === "agent.end")?.data).toMatchObject({ content: "I will not." });
  });

  it("tells words once that come beside a refusal, as Claude's do", async () => {
    const message = { content: "I won't.", refusal: "It was declined." };
    const { data } = await wholeChat(call, scripted({ completion: { choices: [{ message, finish_reason: "stop" }] } }));
    expect(data.content).toBe("I won't.");
    const events = await eventsOf(chunk({ content: message.content }), chunk({ refusal: message.refusal }));
    expect(events.find(({ name }) => name === "agent.end")?.data).toMatchObject({ content: "I won't." });
    const empty = { message: { ...message, content: "" }, finish_reason: "stop" };
    expect((await wholeChat(call, scripted({ completion: { choices: [empty] } }))).data.content).toBe(message.refusal);
  });

  it("takes the usage that was told, and tells an answer of nothing as one", async () => {
    const usage = { prompt_tokens: 30, completion_tokens: 2, total_tokens: 32 };
    const events = await eventsOf(chunk({}, {}, "length"), chunk({}, { choices: [], usage }), "data: [DONE]\n\n");
    expect(events.map(({ name }) => name)).toEqual(["run.start", "agent.start", "agent.end", "done"]);
    expect(endOf(events).cut).toBe("cost");
    expect(endOf(events).usage).toEqual({ inputTokens: 30, outputTokens: 2, totalTokens: 32 });
  });
});
