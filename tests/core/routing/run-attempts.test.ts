import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { GatewayError } from "#core/errors.ts";
import { noSpend } from "#core/generation/spend.ts";
import { forgetTargets } from "#core/routing/target-stats.ts";
import { sse } from "#tests/support/fake-provider.ts";
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
  role,
  run,
  stream,
  streamCut,
  target,
} from "./attempts.ts";

describe("a key that a provider quotes", () => {
  const key = "wordlike_key_of_nobodys_form";
  const keyed = (server: Awaited<ReturnType<typeof provider>>) => ({
    ...target(server, "gpt-5.2", true),
    credential: async () => ({ apiKey: key, baseUrl: server.url, byok: true }),
  });
  const error = { message: `Not ${key}!`, type: "invalid_request_error", code: key, param: `x.${key}` };

  it("is in no part of the error", async () => {
    const server = await provider(json(400, { error }));
    const refusal = await refused(run([keyed(server)]));
    expect(refusal.message).toContain("Not [redacted]!");
    expect(JSON.stringify([refusal.message, refusal.param, refusal.details, refusal.cause])).not.toContain(key);
  });

  it("is in no failure of a stream that has begun", async () => {
    const begun = Promise.withResolvers<void>();
    const server = await provider((response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const each of [role, chunk({ content: "hello" })]) response.write(`data: ${JSON.stringify(each)}\n\n`);
      void begun.promise.then(() => response.end(`data: ${JSON.stringify({ error })}\n\n`));
    });
    const { reply } = await run([keyed(server)], { stream: true });
    begun.resolve();
    if (!(typeof reply === "object" && reply !== null && "rest" in reply)) throw new Error("Expected a stream");
    const { rest } = reply as { readonly rest: AsyncIterator<unknown> };
    const failure = await (async () => {
      while ((await rest.next()).done !== true);
    })().catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ name: "ProviderFailure", providerMessage: "Not [redacted]!" });
    expect(JSON.stringify(failure)).not.toContain(key);
  });
});

describe("runAttempts", () => {
  beforeEach(() => forgetTargets());
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it("answers with the first answer, asking nobody else", async () => {
    const [first, second] = [await provider(completion), await provider(completion)];
    const { reply, attempts, target: served } = await run([target(first), target(second, "o3")]);
    expect(reply).toMatchObject({ kind: "completion", completion: { id: "chatcmpl-9" } });
    expect(served.model.id).toBe("gpt-5.2");
    expect(results(attempts)).toEqual(["gpt-5.2 ok"]);
    expect([first.requests.length, second.requests.length]).toEqual([1, 0]);
  });

  describe.each([
    ["unstreamed", false, completion],
    ["streamed", true, stream],
  ])("%s", (_name, streamed, good) => {
    it.each([
      ["a 500", failing(500), "server"],
      ["a 503", failing(503), "server"],
      ["a 429", failing(429), "rate-limit"],
      ["a 408", failing(408), "timeout"],
      [
        "an answer that is no JSON",
        ((response) => void response.writeHead(200).end("<html>")) as Answering,
        "malformed",
      ],
      [
        "an error with status 200",
        json(200, { error: { message: "overloaded", type: "server_error", code: null } }),
        "server",
      ],
    ])("tries again after %s", async (_what, fault, kind) => {
      vi.spyOn(Math, "random").mockReturnValue(0);
      const server = await provider(fault, good);
      const { attempts } = await run([target(server)], { stream: streamed });
      expect(results(attempts)).toEqual([`gpt-5.2 ${kind}`, "gpt-5.2 ok"]);
      expect(server.requests).toHaveLength(2);
    });

    it("tries again after a reset connection", async () => {
      vi.spyOn(Math, "random").mockReturnValue(0);
      const server = await provider(reset, good);
      expect(results((await run([target(server)], { stream: streamed })).attempts)).toEqual([
        "gpt-5.2 network",
        "gpt-5.2 ok",
      ]);
    });

    it.each([400, 401, 402, 403, 404, 413, 422])("never tries again after a %i", async (status) => {
      const server = await provider(failing(status));
      await refused(run([target(server)], { stream: streamed }));
      expect(server.requests).toHaveLength(1);
    });

    it("goes to the next model after what no retry mends", async () => {
      const [first, second] = [await provider(failing(401)), await provider(good)];
      const { target: served, attempts } = await run([target(first), target(second, "o3")], { stream: streamed });
      expect(served.model.id).toBe("o3");
      expect(results(attempts)).toEqual(["gpt-5.2 auth", "o3 ok"]);
      expect(second.requests[0]?.body).toMatchObject({ model: "o3" });
    });
  });

  it("tries no more often than it was told, for each model", async () => {
    const [first, second] = [await provider(failing(500)), await provider(failing(503))];
    const noted: string[] = [];
    const error = await refused(
      run([target(first), target(second, "o3")], {
        retries: 1,
        onAttempt: ({ model, result }) => noted.push(`${model} ${result}`),
      }),
    );
    expect([first.requests.length, second.requests.length]).toEqual([2, 2]);
    expect(error).toMatchObject({ code: "MODEL_UNAVAILABLE", status: 503, shouldRetry: false });
    expect(results(error.details.attempts as never)).toEqual(noted);
    expect(noted).toEqual(["gpt-5.2 server", "gpt-5.2 server", "o3 server", "o3 server"]);
    expect(error.message).toContain("status 503");
  });

  it("does not retry at all when told so", async () => {
    const server = await provider(failing(500));
    expect(await refused(run([target(server)], { retries: 0 }))).toMatchObject({ code: "PROVIDER_ERROR", status: 502 });
    expect(server.requests).toHaveLength(1);
  });

  it("waits as long as the provider asks for", async () => {
    const timers = vi.spyOn(globalThis, "setTimeout");
    const server = await provider(failing(429, { "retry-after-ms": "37" }), completion);
    await run([target(server)]);
    expect(timers.mock.calls.map(([, delayMs]) => delayMs)).toContain(37);
  });

  it("does not wait for what the time that is left does not allow, but goes to the next model", async () => {
    const [first, second] = [await provider(failing(429, { "retry-after-ms": "10000" })), await provider(completion)];
    const { attempts } = await run([target(first), target(second, "o3")], { remainingMs: () => 10_000 });
    expect(results(attempts)).toEqual(["gpt-5.2 rate-limit", "o3 ok"]);
  });

  it("gives each attempt no more than the time that is left", async () => {
    const server = await provider(() => undefined);
    const timers = vi.spyOn(globalThis, "setTimeout");
    const error = await refused(run([target(server)], { retries: 0, remainingMs: () => 43 }));
    expect(error).toMatchObject({ code: "PROVIDER_TIMEOUT", status: 504 });
    expect(timers.mock.calls.map(([, delayMs]) => delayMs)).toContain(43);
  });

  it("passes over a model for which nobody has a key", async () => {
    const server = await provider(completion);
    expect((await run([target(undefined, "grok-4.3"), target(server)])).target.model.id).toBe("gpt-5.2");
    expect(await refused(run([target(undefined)]))).toMatchObject({ code: "PROVIDER_AUTH_FAILED", status: 502 });
  });

  describe("a stream", () => {
    it("that breaks before its first content is another attempt", async () => {
      vi.spyOn(Math, "random").mockReturnValue(0);
      const server = await provider(streamCut, stream);
      const { attempts, reply } = await run([target(server)], { stream: true });
      expect(results(attempts)).toEqual(["gpt-5.2 network", "gpt-5.2 ok"]);
      expect(reply.kind).toBe("stream");
    });

    it("that ends without any content is another attempt, never an empty answer", async () => {
      vi.spyOn(Math, "random").mockReturnValue(0);
      const empty: Answering = (response) => sse(response, [role, "data: [DONE]\n\n"]);
      const server = await provider(empty, stream);
      expect(results((await run([target(server)], { stream: true })).attempts)).toEqual([
        "gpt-5.2 malformed",
        "gpt-5.2 ok",
      ]);
    });

    it("is never tried again after its first content, however it ends", async () => {
      const broken: Answering = (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(`data: ${JSON.stringify(chunk({ content: "half" }))}\n\n`, () => response.destroy());
      };
      const [first, second] = [await provider(broken), await provider(stream)];
      const { reply, attempts } = await run([target(first), target(second, "o3")], { stream: true });
      expect(results(attempts)).toEqual(["gpt-5.2 ok"]);
      if (reply.kind !== "stream") throw new Error("It is no stream");
      expect(reply.head.map(String).join("")).toContain("half");
      await expect(reply.rest.next()).rejects.toMatchObject({ name: "ProviderFailure", kind: "network" });
      expect([first.requests.length, second.requests.length]).toEqual([1, 0]);
    });

    it("loses nothing between its head and its rest", async () => {
      const server = await provider(stream);
      const { reply } = await run([target(server)], { stream: true });
      if (reply.kind !== "stream") throw new Error("It is no stream");
      let text = reply.head.map(String).join("");
      for (let next = await reply.rest.next(); next.done !== true; next = await reply.rest.next())
        text += String(next.value);
      expect(text.match(/"content":"hello"/g)).toHaveLength(1);
      expect(text).toContain('"finish_reason":"stop"');
      for (const line of text.split("\n")) expect(line).toMatch(/^(data: .+)?$/);
    });
  });

  describe("when its signal fires", () => {
    const reason = new GatewayError("CONFLICT", "The request was cancelled.");

    it("stops a call that is under way, and says why", async () => {
      const controller = new AbortController();
      const server = await provider(() => controller.abort());
      const error = await refused(
        run([target(server), target(server, "o3")], { signal: controller.signal, abortReason: () => reason }),
      );
      expect(error).toBe(reason);
      expect(server.requests).toHaveLength(1);
    });

    it("stops a wait between two tries", async () => {
      const controller = new AbortController();
      const server = await provider(failing(429, { "retry-after-ms": "9000" }));
      const error = await refused(
        run([target(server)], {
          signal: controller.signal,
          abortReason: () => reason,
          onAttempt: () => void setImmediate(() => controller.abort()),
        }),
      );
      expect(error).toBe(reason);
      expect(server.requests).toHaveLength(1);
    });

    it("asks nobody when that was before, and opens no key", async () => {
      const server = await provider(completion);
      const [credential, onAttempt] = [vi.fn(target(server).credential), vi.fn()];
      const aborted = { signal: AbortSignal.abort(), abortReason: () => reason, onAttempt };
      expect(await refused(run([{ ...target(server), credential }], aborted))).toBe(reason);
      expect(server.requests).toHaveLength(0);
      expect(credential).not.toHaveBeenCalled();
      expect(onAttempt).not.toHaveBeenCalled();
    });

    it("says why also when there is no other model, and the call that was stopped is on record", async () => {
      const controller = new AbortController();
      const server = await provider(() => controller.abort());
      const onAttempt = vi.fn();
      const aborted = { signal: controller.signal, abortReason: () => reason, onAttempt };
      expect(await refused(run([target(server)], aborted))).toBe(reason);
      expect(onAttempt.mock.calls).toMatchObject([[{ model: "gpt-5.2", result: "aborted" }, noSpend]]);
    });
  });

  it("never shows the key in use, also when the provider quotes it", async () => {
    const server = await provider(
      json(401, {
        error: { message: "Incorrect API key provided: sk-test-0123456789", type: "invalid_request_error" },
      }),
    );
    const error = await refused(run([target(server)]));
    expect(error).toMatchObject({ code: "PROVIDER_AUTH_FAILED", status: 502 });
    expect(JSON.stringify(error.toBody())).not.toContain("sk-test");
  });
});
