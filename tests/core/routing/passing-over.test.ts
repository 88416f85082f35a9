import { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { GatewayError } from "#core/errors.ts";
import { flushMetrics } from "#core/observability/metrics.ts";
import { forgetTargets, isResting, latencyOf, noteFailure } from "#core/routing/target-stats.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";
import { captureLog } from "#tests/core/support/lambda.ts";
import {
  type Answering,
  chunk,
  completion,
  failing,
  json,
  provider,
  refused,
  reset,
  results,
  run,
  stream,
  target,
} from "./attempts.ts";

/** Which targets are tried at all, what is noted of each try, and how long it may take. */

beforeEach(() => forgetTargets());
afterEach(() => {
  vi.restoreAllMocks();
});

const rest = (name: string): void => {
  for (let time = 0; time < 5; time++) noteFailure(name, Date.now(), true);
};
const asking = (changes: object) =>
  chatRequestSchema.parse({ model: "gpt", messages: [{ role: "user", content: "hi" }], ...changes });

describe("a target that rests", () => {
  it("is not asked while another one is awake", async () => {
    const [resting, awake] = [await provider(completion), await provider(completion)];
    rest("gpt-5.2");
    expect((await run([target(resting), target(awake, "o3")])).target.model.id).toBe("o3");
    expect(resting.requests).toHaveLength(0);
  });

  it("is asked in its order when all others rest too: an answer is better than none", async () => {
    const [first, second] = [await provider(completion), await provider(completion)];
    rest("gpt-5.2");
    rest("o3");
    expect((await run([target(first), target(second, "o3")])).target.model.id).toBe("gpt-5.2");
  });

  it("goes to rest by passing failures, each try counted, and not by refusals of one request", async () => {
    await refused(run([target(await provider(failing(503)))], { retries: 3 }));
    expect(isResting("gpt-5.2", Date.now())).toBe(false);
    await refused(run([target(await provider(failing(503)))], { retries: 0 }));
    expect(isResting("gpt-5.2", Date.now())).toBe(true);
    for (let time = 0; time < 6; time++) await refused(run([target(await provider(failing(400)), "o3")]));
    expect(isResting("o3", Date.now())).toBe(false);
  });

  it("is known by how long its answer took", async () => {
    const server = await provider(completion);
    const begunAt = performance.now();
    const { providerMs, attempts } = await run([target(server)]);
    const allMs = performance.now() - begunAt;
    expect(providerMs).toBeGreaterThan(0);
    expect(providerMs).toBeLessThanOrEqual(allMs);
    expect(attempts[0]?.latencyMs).toBeLessThanOrEqual(Math.ceil(allMs));
    expect(latencyOf("gpt-5.2", Date.now())).toBe(providerMs);
  });
});

describe("a model that cannot take the request", () => {
  const request = asking({ n: 2 });

  it("is passed over without a call", async () => {
    const [claude, gpt] = [await provider(completion), await provider(completion)];
    const { target: served, attempts } = await run([target(claude, "claude-sonnet-4-6"), target(gpt)], { request });
    expect(served.model.id).toBe("gpt-5.2");
    expect([claude.requests.length, results(attempts)]).toEqual([0, ["gpt-5.2 ok"]]);
  });

  it("says why when there is no other, the first one when none can", async () => {
    const claude = await provider(completion);
    const both = [target(claude, "claude-sonnet-4-6"), target(claude, "claude-opus-4-6")];
    expect(await refused(run(both, { request }))).toMatchObject({ code: "BAD_REQUEST", param: "n" });
    expect(claude.requests).toHaveLength(0);
  });

  it("does not hide that another one failed", async () => {
    const [claude, gpt] = [await provider(completion), await provider(failing(400))];
    const error = await refused(run([target(claude, "claude-sonnet-4-6"), target(gpt)], { request }));
    expect(error).toMatchObject({ code: "PROVIDER_ERROR", status: 400 });
    expect(error.message).toContain("status 400");
  });
});

describe("what is no provider's failure", () => {
  const failingWith = (error: Error) => ({ ...target(undefined), credential: () => Promise.reject(error) });

  it("ends the request at once: no other model mends it", async () => {
    const other = await provider(completion);
    const broken = new TypeError("our bug");
    await expect(run([failingWith(broken), target(other, "o3")])).rejects.toBe(broken);
    const down = new GatewayError("SERVICE_UNAVAILABLE", "The key table is out of reach.");
    await expect(run([failingWith(down), target(other, "o3")])).rejects.toBe(down);
    expect(other.requests).toHaveLength(0);
  });

  it("is why the request ended when that came first", async () => {
    const controller = new AbortController();
    const reason = new GatewayError("CONFLICT", "The request was cancelled.");
    const late = {
      ...target(undefined),
      credential: async () => {
        controller.abort();
        throw new GatewayError("BAD_REQUEST", "late");
      },
    };
    const ended = run([late, target(undefined, "o3")], { signal: controller.signal, abortReason: () => reason });
    await expect(ended).rejects.toBe(reason);
  });

  it("is an error of ours when there was nothing to try", async () => {
    expect(await refused(run([]))).toMatchObject({
      code: "INTERNAL_ERROR",
      message: "There was no model to try",
    });
  });
});

describe("the record of an attempt", () => {
  it("has the model, the provider, the result, the status and the time of each try", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0);
    const noted: unknown[] = [];
    const server = await provider(reset, failing(503), completion);
    const { attempts } = await run([target(server)], { onAttempt: (attempt) => noted.push(attempt) });
    const facts = { model: "gpt-5.2", provider: "openai", latencyMs: expect.any(Number) };
    expect(attempts).toEqual([
      { ...facts, result: "network", status: null },
      { ...facts, result: "server", status: 503 },
      { ...facts, result: "ok", status: 200 },
    ]);
    expect(noted).toEqual(attempts);
    for (const { latencyMs } of attempts) {
      expect(Number.isInteger(latencyMs) && latencyMs >= 0).toBe(true);
    }
  });

  it("has what was paid for and got nobody: a stream that told its usage and broke before any content", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0);
    const usage = { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 };
    const cut: Answering = (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const told = { ...chunk({}), choices: [], usage };
      response.write(`data: ${JSON.stringify(told)}\n\n`, () => response.destroy());
    };
    const server = await provider(cut, stream);
    const { attempts } = await run([target(server, "gpt-5.2", true)], { stream: true });
    // 1,000 in and 100 out at 1.75 and 14 dollars a million.
    const unused = { byok: true, inputTokens: 1_000, outputTokens: 100, costPicoUsd: 3_150_000_000n };
    expect(attempts).toMatchObject([{ result: "network", unused }, { result: "ok" }]);
    expect(attempts[1]).not.toHaveProperty("unused");
  });

  it("is counted among the failures of providers, and each step to another model as a fallback", async () => {
    const [first, second] = [await provider(failing(503)), await provider(completion)];
    await captureLog(() => flushMetrics({ route: "before" }));
    const { lines } = await captureLog(async () => {
      await run([target(first), target(first, "o4-mini"), target(second, "o3")], { retries: 1 });
      await flushMetrics({ route: "ChatCompletions" });
    });
    expect(lines.find((line) => "_aws" in line)).toMatchObject({ ProviderFailures: 4, Fallbacks: 2 });
  });
});

describe("a failure of all", () => {
  it("is a fallback's only where there were several models", async () => {
    expect((await refused(run([target(await provider(failing(503)))], { retries: 0 }))).message).not.toContain("every");
    const two = [target(await provider(failing(503))), target(await provider(failing(503)), "o3")];
    expect((await refused(run(two, { retries: 0 }))).message).toContain("every fallback failed");
  });

  it("says whose key was refused", async () => {
    const error = await refused(run([target(await provider(failing(401)), "gpt-5.2", true)]));
    expect(error.message).toContain("your stored provider key");
  });

  it("is told as one of tools only where tools were sent", async () => {
    const rubbish = json(200, { choices: "none" });
    const tools = [{ type: "function", function: { name: "f", parameters: { type: "object", properties: {} } } }];
    const codeWith = async (changes: object) =>
      (await refused(run([target(await provider(rubbish))], { retries: 0, request: asking(changes) }))).code;
    expect(await codeWith({ tools })).toBe("tool_provider_error");
    expect(await codeWith({})).toBe("PROVIDER_ERROR");
  });
});

describe("the time of an attempt", () => {
  /** Until the headers, and between two reads. */
  const timesOf = async (streamed: boolean, remainingMs: number) => {
    const server = await provider(streamed ? stream : completion);
    const headers = vi.spyOn(globalThis, "setTimeout");
    const idle = vi.spyOn(Socket.prototype, "setTimeout");
    await run([target(server)], { stream: streamed, remainingMs: () => remainingMs });
    const times = [headers, idle].map(({ mock }) => mock.calls.flat().filter((value) => Number(value) > 10_000));
    vi.restoreAllMocks();
    return times.map((each) => [...new Set(each)]);
  };

  it("is all that is left for an answer in one piece", async () => {
    expect(await timesOf(false, 200_001)).toEqual([[200_001], [200_001]]);
  });

  it("is a minute until a stream opens and two between its parts, or all that is left when that is less", async () => {
    expect(await timesOf(true, 200_001)).toEqual([[60_000], [120_000]]);
    expect(await timesOf(true, 50_001)).toEqual([[50_001], [50_001]]);
  });
});
