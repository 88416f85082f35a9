import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { resolveModel } from "#core/catalog/resolve.ts";
import { GatewayError } from "#core/errors.ts";
import { ProviderFailure } from "#core/providers/provider.ts";
import { attemptBudget } from "#core/routing/attempt-budget.ts";
import type { Target } from "#core/routing/target.ts";
import { forgetTargets, isResting } from "#core/routing/target-stats.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";
import { type FakeProvider, sse, startFakeProvider } from "#tests/support/fake-provider.ts";
import { type ChatAttempts, chatAttempts } from "./attempts.ts";

const chunk = (delta: object, finish: string | null = null) => ({
  id: "chatcmpl-9",
  object: "chat.completion.chunk",
  created: 1,
  model: "m",
  choices: [{ index: 0, delta, finish_reason: finish }],
});
const role = chunk({ role: "assistant", content: "" });
const answers = (response: ServerResponse): void =>
  sse(response, [role, chunk({ content: "hello" }), chunk({}, "stop"), "data: [DONE]\n\n"]);
const noHeaders = (): void => undefined;
const noContent = (response: ServerResponse): void => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(`data: ${JSON.stringify(role)}\n\n`);
};

const servers: FakeProvider[] = [];
const provider = async (answer: (response: ServerResponse) => void): Promise<FakeProvider> => {
  const server = await startFakeProvider((_, response) => answer(response));
  servers.push(server);
  return server;
};
const target = (server: FakeProvider, name: string): Target => ({
  model: resolveModel(name),
  name,
  byok: false,
  credential: async () => ({ apiKey: "sk-test", baseUrl: server.url, byok: false }),
});
const requestOf = (stream: boolean, fallback: readonly string[]) =>
  chatRequestSchema.parse({
    model: "gpt-5.2",
    messages: [{ role: "user", content: "hi" }],
    stream,
    ...(fallback.length === 0 ? {} : { fallback }),
  });
const wholeMs = 1_600;
const run = (targets: readonly Target[], stream: boolean, changes: Partial<ChatAttempts> = {}) => {
  const endsAt = performance.now() + wholeMs;
  return chatAttempts({
    targets,
    request: requestOf(
      stream,
      targets.slice(1).map(({ name }) => name),
    ),
    retries: 2,
    completionId: "chatcmpl-1",
    signal: new AbortController().signal,
    abortReason: () => new GatewayError("PROVIDER_TIMEOUT", "over"),
    remainingMs: () => Math.max(0, endsAt - performance.now()),
    onAttempt: () => undefined,
    ...changes,
  });
};
const results = (attempts: readonly { readonly model: string; readonly result: string }[]): string[] =>
  attempts.map(({ model, result }) => `${model} ${result}`);

beforeEach(() => forgetTargets());
afterEach(async () => {
  vi.restoreAllMocks();
  for (const server of servers.splice(0)) await server.close();
});

describe("what a target may take of the time that is left", () => {
  it.each([
    [true, 60_000, 1, 30_000],
    [true, 60_000, 0, 60_000],
    [false, 60_000, 0, 60_000],
    [false, 60_000, 1, 40_000],
    [false, 60_000, 2, 30_000],
    [false, 290_000, 1, 270_000],
    [false, 290_000, 3, 230_000],
    [false, 10_000, 1, 5_000],
  ])("streamed %s, with %i ms left and %i to follow: %i ms", (streamed, leftMs, followers, expected) => {
    const clock = vi.spyOn(performance, "now").mockReturnValue(1_000);
    const whole = { streamed, signal: new AbortController().signal, remainingMs: () => leftMs };
    const patience = attemptBudget(whole, followers);
    expect(patience.remainingMs()).toBe(expected);
    expect(patience.ranOut()).toBe(false);
    clock.mockReturnValue(1_000 + expected);
    expect(patience.ranOut()).toBe(followers > 0);
  });
});

describe("an unstreamed target that stays silent", () => {
  const whole = (response: ServerResponse): void => {
    const message = { role: "assistant", content: "hello" };
    const choices = [{ index: 0, message, finish_reason: "stop" }];
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify({ id: "c", object: "chat.completion", created: 1, model: "m", choices }));
  };

  it("leaves time to the next one, is not tried again, and is not held for broken: it may have been slow", async () => {
    const [first, second] = [await provider(noHeaders), await provider(whole)];
    const targets = [target(first, "gpt-5.2"), target(second, "o3")];
    // As many as would let a broken one rest.
    const answered = await Promise.all(Array.from({ length: 5 }, () => run(targets, false)));
    for (const { attempts, reply } of answered) {
      expect(results(attempts)).toEqual(["gpt-5.2 timeout", "o3 ok"]);
      expect(reply).toMatchObject({ kind: "completion", completion: { choices: [{ message: { content: "hello" } }] } });
    }
    expect(isResting("gpt-5.2", Date.now())).toBe(false);
  });

  it("knows that its part is over, though its timer was a moment early", async () => {
    const whole = { streamed: false, signal: new AbortController().signal, remainingMs: () => 40 };
    const patience = attemptBudget(whole, 1);
    const clock = vi.spyOn(performance, "now");
    const silent = patience.until("openai", async (signal) => {
      // The clock stands still from here on: the end, as it tells it, never comes.
      clock.mockReturnValue(performance.now());
      await once(signal, "abort");
      throw new ProviderFailure("openai", "aborted", "cut off");
    });
    await expect(silent).rejects.toMatchObject({ kind: "timeout" });
    expect(patience.ranOut()).toBe(true);
  });

  it("may take all the time where nobody named a fallback: auto and a balance have others by themselves", async () => {
    const [first, second] = [await provider(noHeaders), await provider(whole)];
    const targets = [target(first, "gpt-5.2"), target(second, "o3")];
    const request = requestOf(false, []);
    // Five that waited for all of it let the model rest; five whose part of it was over would not.
    const asked = Array.from({ length: 5 }, () => run(targets, false, { request, retries: 0, remainingMs: () => 500 }));
    for (const { attempts } of await Promise.all(asked))
      expect(results(attempts)).toEqual(["gpt-5.2 timeout", "o3 ok"]);
    expect(isResting("gpt-5.2", Date.now())).toBe(true);
  });

  it("may take all the time as the last one", async () => {
    const first = await provider(noHeaders);
    const error = run([target(first, "gpt-5.2")], false, { retries: 0, remainingMs: () => 500 });
    await expect(error).rejects.toMatchObject({ code: "PROVIDER_TIMEOUT" });
    expect(first.requests).toHaveLength(1);
  });
});

describe("a streamed target that stays silent", () => {
  it.each([
    ["before its headers", noHeaders],
    ["before its content", noContent],
  ])("%s leaves time to the next one, and is not tried again", async (_, silent) => {
    const [first, second] = [await provider(silent), await provider(answers)];
    const { attempts, reply } = await run([target(first, "gpt-5.2"), target(second, "o3")], true);
    expect(results(attempts)).toEqual(["gpt-5.2 timeout", "o3 ok"]);
    if (reply.kind !== "stream") throw new Error("It is no stream");
    expect(reply.head.map(String).join("")).toContain("hello");
  });

  it("is the caller's end where the caller went", async () => {
    const leaving = new AbortController();
    const first = await provider((response) => {
      noContent(response);
      leaving.abort();
    });
    const second = await provider(answers);
    const gone = run([target(first, "gpt-5.2"), target(second, "o3")], true, { signal: leaving.signal });
    await expect(gone).rejects.toMatchObject({ code: "PROVIDER_TIMEOUT", message: "over" });
    expect(second.requests).toEqual([]);
  });

  it("may take all the time as the last one", async () => {
    const first = await provider(noContent);
    const error = run([target(first, "gpt-5.2")], true, { retries: 0, remainingMs: () => 500 });
    await expect(error).rejects.toMatchObject({ code: "PROVIDER_TIMEOUT" });
    expect(first.requests).toHaveLength(1);
  });
});
