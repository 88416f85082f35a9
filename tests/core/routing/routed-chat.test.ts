import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { storeProviderKey } from "#core/provider-keys/provider-keys.ts";
import { restMs } from "#core/routing/target-stats.ts";
import { type Caller, failing, type Play, saying, textOf, useChatGateway } from "#tests/core/support/chat-gateway.ts";
import { type Answer, captureLog, muteLog } from "#tests/core/support/lambda.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";

muteLog();

const modelOf = ({ body }: { readonly body: unknown }): string => (body as { readonly model: string }).model;

/** Plays each model as the table says, and says of itself which it is. */
const playing =
  (plays: Readonly<Record<string, Play>>): Play =>
  (response, request) =>
    (plays[modelOf(request)] ?? saying({ text: modelOf(request) }))(response, request);

describe.skipIf(!hasTables)(`routing of chat completions (${tablesName})`, () => {
  const gateway = useChatGateway();
  let caller: Caller;
  beforeEach(async () => {
    caller = await gateway().createCaller();
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });
  const ask = (body: object): Promise<Answer> => gateway().ask(caller, body, { "X-Cache": "no-cache" });
  const asked = (model: string): number =>
    gateway().provider.requests.filter((request) => modelOf(request) === model).length;

  it("tells every attempt in the usage event, and their number in X-Attempts", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0);
    gateway().play = playing({ "gpt-5.2": failing(500), o3: failing(401) });
    const answer = await ask({ model: "gpt-5.2", retries: 1, fallback: ["o3", "gpt-5-nano"] });
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      "x-attempts": "4",
      "x-model-used": "gpt-5-nano",
      "x-provider-used": "openai",
    });
    expect(await gateway().usage(caller, answer)).toMatchObject({
      status: "ok",
      model: "gpt-5-nano",
      attempts: [
        { model: "gpt-5.2", provider: "openai", result: "server", status: 500 },
        { model: "gpt-5.2", provider: "openai", result: "server", status: 500 },
        { model: "o3", provider: "openai", result: "auth", status: 401 },
        { model: "gpt-5-nano", provider: "openai", result: "ok", status: 200 },
      ],
    });
  });

  it("never sends to a fallback what it cannot take: the failure of the one that can is told", async () => {
    gateway().play = failing(503);
    const content = [{ type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }];
    const messages = [{ role: "user", content }];
    const answer = await ask({ model: "gpt-5.2", messages, fallback: ["deepseek"] });
    expect(answer.json().error).toMatchObject({ message: expect.stringContaining("openai") });
    const event = await gateway().usage(caller, answer);
    expect((event.attempts as { model: string }[]).map(({ model }) => model)).toEqual(["gpt-5.2"]);
  });

  it("tells every attempt also when all failed", async () => {
    gateway().play = failing(503);
    const answer = await ask({ model: "gpt-5.2", fallback: ["o3"] });
    expect(answer.json().error).toMatchObject({ code: "MODEL_UNAVAILABLE" });
    const event = await gateway().usage(caller, answer);
    expect(event).toMatchObject({ status: "error", code: "MODEL_UNAVAILABLE", costPicoUsd: 0 });
    expect((event.attempts as { model: string }[]).map(({ model }) => model)).toEqual(["gpt-5.2", "o3"]);
  });

  it.each([
    ["a stream that broke after its status was sent", { stream: true }, "cut", 200, true],
    ["a provider's failure", {}, "500", 502, true],
    ["a provider's own 429", {}, "429", 429, false],
    ["a stream that is whole", { stream: true }, "none", 200, false],
  ] as const)("counts %s among the errors or not", async (_, body, fault, status, counts) => {
    const cut: Play = (response) => {
      const choices = [{ index: 0, delta: { role: "assistant", content: "Half" }, finish_reason: null }];
      response.writeHead(200, { "content-type": "text/event-stream" });
      const frame = { id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices };
      response.write(`data: ${JSON.stringify(frame)}\n\n`, () => setImmediate(() => response.destroy()));
    };
    gateway().play = { cut, none: saying(), "500": failing(500), "429": failing(429) }[fault];
    let answer: Answer | undefined;
    const { lines } = await captureLog(async () => {
      answer = await ask(body);
    });
    expect(answer?.status).toBe(status);
    const metrics = lines.filter((line) => line._aws !== undefined);
    expect(metrics).toHaveLength(1);
    expect(metrics[0]?.Errors).toBe(counts ? 1 : undefined);
  });

  it("lets a failing model rest, tries it again after that, and frees it when it answers", async () => {
    const body = { model: "gpt-5.2", fallback: ["o3"] };
    gateway().play = playing({ "gpt-5.2": failing(503) });
    const before = asked("gpt-5.2");
    for (let time = 0; time < 5; time++) expect((await ask(body)).headers["x-attempts"]).toBe("2");
    expect(asked("gpt-5.2") - before).toBe(5);

    const resting = await ask(body);
    expect(resting.headers).toMatchObject({ "x-attempts": "1", "x-model-used": "o3" });
    expect(asked("gpt-5.2") - before).toBe(5);

    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + restMs + 1 });
    expect((await ask(body)).headers["x-attempts"]).toBe("2");
    expect((await ask(body)).headers["x-attempts"]).toBe("1");
    expect(asked("gpt-5.2") - before).toBe(6);

    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + restMs + 1 });
    gateway().play = saying();
    for (let time = 0; time < 2; time++) expect((await ask(body)).headers["x-model-used"]).toBe("gpt-5.2");
    vi.useRealTimers();
  });

  it("asks a resting model all the same when there is no other", async () => {
    gateway().play = failing(503);
    for (let time = 0; time < 6; time++) expect((await ask({ model: "gpt-5.2" })).status).toBe(502);
    gateway().play = saying();
    expect((await ask({ model: "gpt-5.2" })).status).toBe(200);
  });

  it("does not let a model rest because callers gave it no time", async () => {
    gateway().play = () => undefined;
    for (let time = 0; time < 6; time++) {
      const answer = await ask({ model: "gpt-5.2", timeout: 60, fallback: ["o3"] });
      expect(answer.json().error.code).toBe("PROVIDER_TIMEOUT");
    }
    gateway().play = saying();
    expect((await ask({ model: "gpt-5.2", fallback: ["o3"] })).headers["x-model-used"]).toBe("gpt-5.2");
  });

  it.each([false, true])(
    "falls back from a model that stays silent within the request's time (stream %s)",
    async (stream) => {
      gateway().play = playing({ "gpt-5.2": () => undefined });
      const answer = await ask({ model: "gpt-5.2", timeout: 3_000, fallback: ["o3"], stream });
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({ "x-model-used": "o3", "x-attempts": "2" });
    },
  );

  it.each([false, true])("begins with the target that was faster (stream %s)", async (stream) => {
    const targets = [{ model: "gpt-5.2" }, { model: "o3" }];
    const body = { stream, load_balance: { strategy: "latency", targets } };
    const slow: Play = async (response, request) => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      await saying({ text: "slow" })(response, request);
    };
    gateway().play = playing({ "gpt-5.2": slow });
    const order = [];
    for (let time = 0; time < 4; time++) order.push((await ask(body)).headers["x-model-used"]);
    expect(order).toEqual(["gpt-5.2", "o3", "o3", "o3"]);
  });

  it("pays with the key that each balanced target names, never with the platform's", async () => {
    for (const slug of ["first", "second"]) {
      const stored = { provider: "openai", slug, displayName: slug, apiKey: `sk-${slug}-0123456789` } as const;
      await storeProviderKey(caller.userId, stored);
    }
    const targets = ["first", "second"].map((provider_key) => ({ model: "gpt-5.2", provider_key }));
    const body = { load_balance: { strategy: "round_robin", targets } };
    const before = gateway().provider.requests.length;
    for (let time = 0; time < 2; time++) {
      const answer = await ask(body);
      expect(await gateway().usage(caller, answer)).toMatchObject({ status: "ok", byok: true });
    }
    const keys = gateway()
      .provider.requests.slice(before)
      .map(({ headers }) => headers.authorization);
    expect(keys.toSorted()).toEqual(["Bearer sk-first-0123456789", "Bearer sk-second-0123456789"]);
    // A target that fails with one key goes on with the other.
    gateway().play = (response, request) =>
      (request.headers.authorization?.includes("first") ? failing(401) : saying())(response, request);
    for (let time = 0; time < 2; time++) expect((await ask(body)).status).toBe(200);
  });

  it("spreads requests over round_robin targets evenly, and goes on to the next when one fails", async () => {
    const targets = [{ model: "gpt-5.2" }, { model: "o3" }, { model: "gpt-5-nano" }];
    const body = { load_balance: { strategy: "round_robin", targets } };
    gateway().play = playing({});
    const served = [];
    for (let time = 0; time < 6; time++) served.push(textOf(await ask(body)));
    expect(served.toSorted()).toEqual(["gpt-5-nano", "gpt-5-nano", "gpt-5.2", "gpt-5.2", "o3", "o3"]);
    gateway().play = playing({ o3: failing(503) });
    for (let time = 0; time < 3; time++) expect((await ask(body)).status).toBe(200);
  });
});
