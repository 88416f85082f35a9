import type { ServerResponse } from "node:http";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { useCloud } from "#tests/support/cloud.ts";
import { type FakeProvider, sse, startFakeProvider } from "#tests/support/fake-provider.ts";
import { chat, errorOf, frames, openChat, readRest, readUntil, textParts, user } from "./client.ts";

/** A provider that a test plays byte by byte, where the simulated ones always do the same for the same question. */

type Play = (response: ServerResponse) => void | Promise<void>;

let provider: FakeProvider;
/** What the next calls get, in order; the last one again for every further call. */
let plays: Play[] = [];
let calls = 0;

const cloud = useCloud(async () => {
  provider = await startFakeProvider(async (_, response) => {
    calls += 1;
    const play = plays.length > 1 ? plays.shift() : plays[0];
    await play?.(response);
  });
  return { env: { RATE_LIMIT_SCALE: "100", XAI_BASE_URL: `${provider.url}/v1` } };
});
afterAll(() => provider.close());
beforeEach(() => {
  plays = [];
  calls = 0;
});

const model = "grok-4.3";
const body = (extra: object = {}) => ({ model, messages: [user("Hello")], ...extra });

const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
const chunk = (delta: object, finishReason: string | null = null) => ({
  id: "chatcmpl-scripted",
  object: "chat.completion.chunk",
  created: 1,
  model,
  choices: [{ index: 0, delta, finish_reason: finishReason }],
});
const text = (content: string) => chunk({ content });
const ending = [
  chunk({}, "stop"),
  { id: "chatcmpl-scripted", object: "chat.completion.chunk", created: 1, model, choices: [], usage },
  "data: [DONE]\n\n",
] as const;

const completion: Play = (response) => {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(
    JSON.stringify({
      id: "chatcmpl-scripted",
      object: "chat.completion",
      created: 1,
      model,
      choices: [{ index: 0, message: { role: "assistant", content: "Recovered" }, finish_reason: "stop" }],
      usage,
    }),
  );
};
const stream: Play = (response) => sse(response, [chunk({ role: "assistant" }), text("Recovered"), ...ending]);
const status =
  (code: number, headers: Readonly<Record<string, string>> = {}): Play =>
  (response) => {
    response.writeHead(code, { "content-type": "application/json", ...headers }).end('{"error":"busy"}');
  };
const reset: Play = (response) => {
  response.socket?.resetAndDestroy();
};
const cutBeforeContent: Play = (response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(`data: ${JSON.stringify(chunk({ role: "assistant" }))}\n\n`, () => response.destroy());
};
const garbage: Play = (response) => sse(response, ['data: {"id": \n\n']);
const emptyStream: Play = (response) => sse(response, []);
const errorInside200: Play = (response) => sse(response, [{ error: { message: "busy", type: "server_error" } }]);

describe("a second try", () => {
  it.each([
    ["a 500", status(500)],
    ["a 429 with Retry-After: 0", status(429, { "retry-after": "0" })],
    ["a connection that is cut before the headers", reset],
  ])("serves after %s, and is paid once", async (_, failure) => {
    for (const streamed of [false, true]) {
      const key = await cloud().createKey();
      plays = [failure, streamed ? stream : completion];
      calls = 0;
      const reply = await chat(cloud(), body({ stream: streamed }), key.key);
      expect(reply.status).toBe(200);
      expect(reply.text).toContain("Recovered");
      expect(calls).toBe(2);
      // A kept connection that turns out to be dead is replaced within the attempt.
      expect(reply.headers.get("x-attempts")).toMatch(failure === reset ? /^[12]$/ : /^2$/);
      expect(reply.headers.get("x-provider-used")).toBe("x-ai");
      const event = await cloud().settledUsage(key.userId, reply.requestId);
      expect(event).toMatchObject({ status: "ok", inputTokens: 10, outputTokens: 5 });
      expect(event.attempts.map(({ result }) => result).at(-1)).toBe("ok");
      expect((await cloud().admission(key.userId)).spentPicoUsd).toBe(event.costPicoUsd);
    }
  });

  it.each([
    ["was cut before any content", cutBeforeContent],
    ["began with garbage", garbage],
    ["was empty", emptyStream],
    ["held only an error", errorInside200],
  ])("serves after a stream that %s: the caller sees one whole stream", async (_, failure) => {
    plays = [failure, stream];
    const reply = await chat(cloud(), body({ stream: true }));
    expect(reply.status).toBe(200);
    expect(reply.headers.get("x-attempts")).toBe("2");
    const events = frames(reply.text);
    expect(events.at(-1)).toBe("[DONE]");
    const roles = events.filter((event) => JSON.stringify(event).includes('"role"'));
    expect(roles).toHaveLength(1);
  });

  it("never comes more often than asked for", async () => {
    plays = [status(500)];
    const reply = await chat(cloud(), body({ retries: 2 }));
    expect(reply.status).toBe(503);
    expect(calls).toBe(3);
  });
});

describe("a stream", () => {
  it("passes each chunk on before the next one is made", async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const words = ["one", "two", "three"];
    plays = [
      async (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        for (const [index, word] of words.entries()) {
          response.write(`data: ${JSON.stringify(text(word))}\n\n`);
          await gates[index]?.promise;
        }
        for (const part of ending)
          response.write(typeof part === "string" ? part : `data: ${JSON.stringify(part)}\n\n`);
        response.end();
      },
    ];
    const parts = textParts(await openChat(cloud(), body({ stream: true })));
    for (const [index, word] of words.entries()) {
      // The provider waits at this gate: what comes now can only be this one chunk.
      const part = await readUntil(parts, (read) => read.includes("\n\n"));
      expect(part).toContain(`"content":"${word}"`);
      gates[index]?.resolve();
    }
    expect(await readRest(parts)).toContain("[DONE]");
  });

  it("that ends after its finish reason but without usage or [DONE] is whole, and its usage is estimated", async () => {
    const key = await cloud().createKey();
    plays = [(response) => sse(response, [text("Hello to you all"), chunk({}, "stop")])];
    const reply = await chat(cloud(), body({ stream: true }), key.key);
    expect(frames(reply.text).at(-1)).toBe("[DONE]");
    expect(await cloud().settledUsage(key.userId, reply.requestId)).toMatchObject({ status: "ok", estimated: true });
  });

  it("that is reset after its finish reason is whole", async () => {
    plays = [
      (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        const sent = [text("Hello"), ...ending.slice(0, 2)].map((part) => `data: ${JSON.stringify(part)}\n\n`).join("");
        response.write(sent, () => response.destroy());
      },
    ];
    const reply = await chat(cloud(), body({ stream: true }));
    expect(reply.text).toContain("Hello");
    expect(frames(reply.text).at(-1)).toBe("[DONE]");
  });

  it("of one frame in many small writes, and of many frames in one, arrives whole", async () => {
    const whole = [text("Grüße"), text(", 世界"), text(" 🙂")]
      .map((part) => `data: ${JSON.stringify(part)}\n\n`)
      .join("");
    const end = ending.map((part) => (typeof part === "string" ? part : `data: ${JSON.stringify(part)}\n\n`)).join("");
    const bytes = Buffer.from(whole + end);
    const inOne: Play = (response) => void response.writeHead(200, { "content-type": "text/event-stream" }).end(bytes);
    const inMany: Play = async (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.socket?.setNoDelay(true);
      for (let at = 0; at < bytes.length; at += 7)
        await new Promise<void>((resolve) => response.write(bytes.subarray(at, at + 7), () => setImmediate(resolve)));
      response.end();
    };
    for (const play of [inOne, inMany]) {
      plays = [play];
      const events = frames((await chat(cloud(), body({ stream: true }))).text);
      const texts = events
        .slice(0, -1)
        .map((event) => (event as { choices: { delta: { content?: string } }[] }).choices[0]?.delta.content ?? "");
      expect(texts.join("")).toBe("Grüße, 世界 🙂");
      expect(events.at(-1)).toBe("[DONE]");
    }
  });

  it("tells an error that comes as a frame after content, in our envelope and without the provider's key", async () => {
    plays = [
      (response) =>
        sse(response, [text("Hello"), { error: { message: "Key sk-abcdefghijklmnop is over its limit", code: 500 } }]),
    ];
    const reply = await chat(cloud(), body({ stream: true }));
    // Both frames may come in one read: then nothing was sent yet and the status is true.
    const error = reply.status === 200 ? errorOf(frames(reply.text).at(-1)) : reply.error();
    expect(error.message).toContain("is over its limit");
    expect(error.message).not.toContain("sk-abcdefghijklmnop");
    expect(reply.text).not.toContain("[DONE]");
  });

  it("whose client does not read is held back: the provider cannot send on without end", async () => {
    let sent = 0;
    const left = new AbortController();
    const full = Promise.withResolvers<void>();
    plays = [
      async (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        const part = `data: ${JSON.stringify(text("x".repeat(64 * 1024)))}\n\n`;
        // 64 MB if nobody stopped it.
        for (; sent < 1_000; sent += 1) {
          if (response.write(part)) continue;
          const drained = new Promise<"drained">((resolve) => response.once("drain", () => resolve("drained")));
          const stuck = new Promise<"stuck">((resolve) => setTimeout(resolve, 1_000, "stuck"));
          if ((await Promise.race([drained, stuck])) === "stuck") break;
        }
        full.resolve();
        response.destroy();
      },
    ];
    const response = await openChat(cloud(), body({ stream: true, timeout: 20_000 }), undefined, {
      signal: left.signal,
    });
    expect(response.status).toBe(200);
    await full.promise;
    expect(sent).toBeLessThan(500);
    left.abort();
  });
});
