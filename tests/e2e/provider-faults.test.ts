import { describe, expect, it } from "vitest";
import { useCloud } from "#tests/support/cloud.ts";
import { chat, errorOf, frames, user } from "./client.ts";

/** Nothing listens where Google should be. */
const cloud = useCloud({ env: { RATE_LIMIT_SCALE: "100", GOOGLE_BASE_URL: "http://127.0.0.1:9" } });

const openai = "gpt-4o-mini";
const anthropic = "claude-sonnet-4-6";
const openrouter = "deepseek/deepseek-v3.2";
const unreachable = "gemini-2.5-flash";
const all = [openai, anthropic, openrouter] as const;

/** One attempt, so that what the provider did is what the caller sees. */
const once = (model: string, directives: string, extra: object = {}) =>
  chat(cloud(), { model, retries: 0, messages: [user(`Hello [[simulate: ${directives}]]`)], ...extra });

const streamOnce = (model: string, directives: string, extra: object = {}) =>
  once(model, directives, { stream: true, ...extra });

describe.each(all)("a provider of %s that fails before any content", (model) => {
  it.each([
    ["status=400 message=bad-field", 400, "PROVIDER_ERROR", "bad-field"],
    ["status=404", 404, "model_not_found", ""],
    ["status=429 message=too-fast", 429, "PROVIDER_ERROR", "too-fast"],
    ["status=401", 502, "PROVIDER_AUTH_FAILED", "platform's key"],
    ["status=500", 502, "PROVIDER_ERROR", ""],
    ["status=503 message=overloaded", 502, "PROVIDER_ERROR", "overloaded"],
    ["html-502", 502, "PROVIDER_ERROR", ""],
    ["reset", 502, "PROVIDER_ERROR", ""],
    ["error-200", 502, "PROVIDER_ERROR", ""],
    ["garbage=0", 502, "PROVIDER_ERROR", ""],
    ["cut-after=0", 502, "PROVIDER_ERROR", ""],
  ])("with %s is a true status %i, streamed or not", async (directives, status, code, message) => {
    for (const stream of [false, true]) {
      const reply = await once(model, directives, { stream });
      expect({ stream, status: reply.status }).toEqual({ stream, status });
      expect(reply.headers.get("content-type")).toMatch(/^application\/json/);
      const error = reply.error();
      expect(error.code).toBe(code);
      expect(error.message).toContain(message);
      expect(error.message).not.toMatch(/<html|<body/i);
      expect(error.details).toMatchObject({ provider: expect.any(String) });
      expect(reply.headers.get("x-request-id")).toMatch(/^req_/);
    }
  });

  it("with an error event in its stream is a true status", async () => {
    const reply = await streamOnce(model, "error-event-after=0");
    expect(reply.status).toBe(502);
    expect(reply.error().code).toBe("PROVIDER_ERROR");
  });

  it("keeps the Retry-After of its 429", async () => {
    const reply = await once(model, "status=429 retry-after=7");
    expect(reply.headers.get("retry-after")).toBe("7");
    expect(reply.error().details).toMatchObject({ retryAfter: 7 });
  });
});

describe.each(all)("a provider of %s that fails after content", (model) => {
  it.each(["cut-after=2", "error-event-after=2", "garbage=2", "eof-without-finish"])(
    "with %s is one error frame in the stream, and no [DONE]",
    async (fault) => {
      // Far enough apart that the first content has left before the fault: else it would be a true status.
      const reply = await streamOnce(model, `chunks=4 chunk-delay-ms=80 ${fault}`);
      expect(reply.status).toBe(200);
      const events = frames(reply.text);
      expect(events).not.toContain("[DONE]");
      const last = errorOf(events.at(-1));
      expect(last.code).toBe("PROVIDER_ERROR");
      expect(events.filter((event) => typeof event === "object" && event !== null && "error" in event)).toHaveLength(1);
      expect(reply.text).not.toMatch(/"finish_reason":"/);
    },
  );
});

describe("a body that breaks off", () => {
  it.each(all)("is an error of %s, never half an answer", async (model) => {
    const reply = await once(model, "cut-after=1");
    expect(reply.status).toBe(502);
    expect(reply.error().code).toBe("PROVIDER_ERROR");
  });
});

describe("money and keys", () => {
  it("an account without money is told, and not tried again", async () => {
    const marker = `quota-${crypto.randomUUID()}`;
    const reply = await chat(cloud(), {
      model: openai,
      messages: [user(`${marker} [[simulate: status=429 code=insufficient_quota]]`)],
    });
    expect(reply.status).toBe(502);
    expect(reply.error()).toMatchObject({ code: "insufficient_quota", type: "insufficient_quota" });
    expect(reply.headers.get("x-should-retry")).toBe("false");
    expect(await cloud().providerRequests(marker)).toHaveLength(1);
  });

  it("a refused platform key is not the caller's 401, and its failure is not tried again", async () => {
    const marker = `auth-${crypto.randomUUID()}`;
    const reply = await chat(cloud(), { model: openai, messages: [user(`${marker} [[simulate: status=401]]`)] });
    expect(reply.status).toBe(502);
    expect(reply.error().message).not.toMatch(/sk-|api_key/i);
    expect(await cloud().providerRequests(marker)).toHaveLength(1);
  });
});

describe("retries", () => {
  it("happen for passing failures and are counted: 500 twice with retries 1 is MODEL_UNAVAILABLE with both attempts", async () => {
    const marker = `twice-${crypto.randomUUID()}`;
    const reply = await chat(cloud(), {
      model: openai,
      retries: 1,
      messages: [user(`${marker} [[simulate: status=500]]`)],
    });
    expect(reply.status).toBe(503);
    const { code, details } = reply.error();
    expect(code).toBe("MODEL_UNAVAILABLE");
    expect(details.attempts).toEqual([
      { model: openai, provider: "openai", result: "server", status: 500, latencyMs: expect.any(Number) },
      { model: openai, provider: "openai", result: "server", status: 500, latencyMs: expect.any(Number) },
    ]);
    expect(reply.headers.get("x-should-retry")).toBe("false");
    expect(await cloud().providerRequests(marker)).toHaveLength(2);
  });

  it("do not happen for a request that the provider refused", async () => {
    const marker = `refused-${crypto.randomUUID()}`;
    await chat(cloud(), { model: openai, retries: 5, messages: [user(`${marker} [[simulate: status=400]]`)] });
    expect(await cloud().providerRequests(marker)).toHaveLength(1);
  });

  it("do not happen after content was sent", async () => {
    const marker = `late-${crypto.randomUUID()}`;
    await chat(cloud(), {
      model: openai,
      stream: true,
      retries: 5,
      messages: [user(`${marker} [[simulate: chunks=4 cut-after=2]]`)],
    });
    expect(await cloud().providerRequests(marker)).toHaveLength(1);
  });

  it("give up at once where the provider's Retry-After lies beyond the timeout", async () => {
    const marker = `patience-${crypto.randomUUID()}`;
    const reply = await chat(cloud(), {
      model: openai,
      retries: 5,
      timeout: 10_000,
      messages: [user(`${marker} [[simulate: status=429 retry-after=60]]`)],
    });
    expect(reply.status).toBe(429);
    expect(reply.headers.get("retry-after")).toBe("60");
    expect(await cloud().providerRequests(marker)).toHaveLength(1);
  });
});

describe("fallback", () => {
  it.each([false, true])("serves from the next model when the first cannot be reached (stream %s)", async (stream) => {
    const reply = await chat(cloud(), {
      model: unreachable,
      stream,
      retries: 0,
      fallback: [anthropic],
      messages: [user("Hello [[simulate: text=Here I am]]")],
    });
    expect(reply.status).toBe(200);
    expect(reply.text).toContain(stream ? "Here I am".slice(0, 4) : "Here I am");
    expect(reply.headers.get("x-model-used")).toBe(anthropic);
    expect(reply.headers.get("x-provider-used")).toBe("anthropic (simulated)");
    expect(reply.headers.get("x-attempts")).toBe("2");
  });

  it("takes the models in order, each with its retries", async () => {
    const reply = await chat(cloud(), {
      model: unreachable,
      retries: 1,
      fallback: [unreachable, openai],
      messages: [user("Hello")],
    });
    expect(reply.status).toBe(200);
    expect(reply.headers.get("x-model-used")).toBe(openai);
    expect(reply.headers.get("x-attempts")).toBe("5");
  });

  it("never happens once content was sent", async () => {
    const reply = await chat(cloud(), {
      model: openai,
      stream: true,
      retries: 0,
      fallback: [anthropic],
      messages: [user("Hello [[simulate: chunks=4 cut-after=2]]")],
    });
    expect(reply.headers.get("x-model-used")).toBe(openai);
    expect(errorOf(frames(reply.text).at(-1)).code).toBe("PROVIDER_ERROR");
  });

  it("names the fallback that does not exist", async () => {
    const reply = await chat(cloud(), { model: openai, fallback: [anthropic, "no-such"], messages: [user("Hello")] });
    expect(reply.status).toBe(400);
    expect(reply.error()).toMatchObject({ code: "INVALID_MODEL", param: "fallback[1]" });
  });

  it("lists every attempt when all models failed, and does not hide the last error", async () => {
    const reply = await chat(cloud(), {
      model: openai,
      retries: 1,
      fallback: [anthropic],
      messages: [user("[[simulate: status=503 message=all-is-lost]]")],
    });
    expect(reply.status).toBe(503);
    const { code, message, details } = reply.error();
    expect(code).toBe("MODEL_UNAVAILABLE");
    expect(message).toContain("all-is-lost");
    const attempts = details.attempts as { model: string }[];
    expect(attempts.map((attempt) => attempt.model)).toEqual([openai, openai, anthropic, anthropic]);
  });
});

describe("time", () => {
  it("ends an unstreamed answer that does not come with 504, before the provider would", async () => {
    const reply = await once(openai, "first-delay-ms=60000", { timeout: 600 });
    expect(reply.status).toBe(504);
    expect(reply.error()).toMatchObject({
      code: "PROVIDER_TIMEOUT",
      message: "The request did not complete within 600 ms. `timeout` can be set to up to 290000 ms.",
      details: { timeoutMs: 600 },
    });
    expect(reply.headers.get("x-should-retry")).toBe("false");
  });

  it("ends a stream that does not begin with 504", async () => {
    const reply = await streamOnce(anthropic, "stall-after=0", { timeout: 600 });
    expect(reply.status).toBe(504);
    expect(reply.error().code).toBe("PROVIDER_TIMEOUT");
  });

  it("closes the provider's connection when it is over", async () => {
    const marker = `closed-${crypto.randomUUID()}`;
    await chat(cloud(), {
      model: openai,
      timeout: 600,
      retries: 0,
      messages: [user(`${marker} [[simulate: first-delay-ms=60000]]`)],
    });
    expect((await cloud().providerRequests(marker))[0]?.state).toBe("client-left");
  });
});

describe("wire forms", () => {
  it.each(["crlf", "no-space", "comments", "split-utf8"])(
    "of a provider that sends %s leave as plain frames",
    async (form) => {
      for (const model of all) {
        const reply = await streamOnce(model, `${form} chunk-delay-ms=0 text=Grüße, 世界 🙂`);
        const events = frames(reply.text);
        expect(events.at(-1)).toBe("[DONE]");
        const texts = events
          .slice(0, -1)
          .map((event) => (event as { choices: { delta: { content?: string } }[] }).choices[0]?.delta.content ?? "");
        expect(texts.join("")).toBe("Grüße, 世界 🙂");
        expect(reply.text).not.toContain("\r");
      }
    },
  );

  it("of a model's refusal are content_filter or a refusal, never an error", async () => {
    for (const model of all) {
      const reply = await once(model, "refusal");
      expect({ model, status: reply.status }).toEqual({ model, status: 200 });
    }
  });
});
