import { describe, expect, it } from "vitest";
import { useStandardCloud } from "#tests/support/cloud.ts";
import {
  chat,
  frames,
  openChat,
  type Reply,
  readRest,
  readUntil,
  send,
  textParts,
  user,
  warningsOf,
} from "./client.ts";

const cloud = useStandardCloud();

const model = "gpt-4o-mini";
/** The cache as a caller meets it who asks for nothing. */
const cached = { headers: { "x-cache": "default" } } as const;
const withKey = (key: string) => ({ headers: { "idempotency-key": key } });

/** A question that nobody asked before, and how often the provider was asked it. */
const question = (directives = "text=Hello to you") => {
  const marker = `cache-${crypto.randomUUID()}`;
  return {
    body: { model, messages: [user(`${marker} [[simulate: ${directives}]]`)] },
    asked: async () => (await cloud().providerRequests(marker)).length,
  };
};

const contentOf = (reply: Reply): string => {
  if (!reply.text.startsWith("data:"))
    return (reply.json() as { choices: { message: { content: string } }[] }).choices[0]?.message.content ?? "";
  return frames(reply.text)
    .slice(0, -1)
    .map((event) => (event as { choices: { delta: { content?: string } }[] }).choices[0]?.delta.content ?? "")
    .join("");
};

describe("the cache", () => {
  it("serves the warnings of an answer with it, except those of fields that this request does not have", async () => {
    const { body, asked } = question();
    const wished = { ...body, top_k: 5, user: "u-1", reasoning_effort: "low" };
    const miss = await chat(cloud(), wished, undefined, cached);
    expect(warningsOf(miss)).toBe("reasoning_effort, top_k");
    const hits = await Promise.all(
      [wished, { ...wished, stream: true }].map((again) => chat(cloud(), again, undefined, cached)),
    );
    for (const hit of hits) {
      expect(hit.headers.get("x-cache")).toBe("HIT");
      expect(warningsOf(hit)).toBe("reasoning_effort, top_k");
    }
    expect(await asked()).toBe(1);
  });

  it.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])(
    "serves again without a provider what it stored (stream %s, then %s), metered at cost 0",
    async (first, second) => {
      const key = await cloud().createKey();
      const { body, asked } = question();
      const miss = await chat(cloud(), { ...body, stream: first }, key.key, cached);
      expect(miss.headers.get("x-cache")).toBe("MISS");
      const paid = await cloud().settledUsage(key.userId, miss.requestId);
      expect(paid.cacheHit).toBe(false);
      const hit = await chat(
        cloud(),
        { ...body, stream: second, stream_options: second ? { include_usage: true } : undefined },
        key.key,
        cached,
      );
      expect(hit.status).toBe(200);
      expect(hit.headers.get("x-cache")).toBe("HIT");
      expect(hit.headers.get("x-model-used")).toBe(model);
      expect(contentOf(hit)).toBe("Hello to you");
      if (second) {
        expect(frames(hit.text).at(-1)).toBe("[DONE]");
        expect(frames(hit.text).at(-2)).toMatchObject({ choices: [], usage: { prompt_tokens: paid.inputTokens } });
      }
      expect(await asked()).toBe(1);
      expect(await cloud().settledUsage(key.userId, hit.requestId)).toMatchObject({
        status: "ok",
        cacheHit: true,
        costPicoUsd: 0n,
      });
      expect((await cloud().admission(key.userId)).spentPicoUsd).toBe(paid.costPicoUsd);
    },
  );

  it("never serves one user what another asked", async () => {
    const [one, other] = [await cloud().createKey(), await cloud().createKey()];
    const { body, asked } = question();
    for (const { key, userId } of [one, other]) {
      const reply = await chat(cloud(), body, key, cached);
      expect(reply.headers.get("x-cache")).toBe("MISS");
      await cloud().settledUsage(userId, reply.requestId);
    }
    expect(await asked()).toBe(2);
  });

  it("is passed by with X-Cache: no-cache, by tools, and by what did not end by itself", async () => {
    const key = await cloud().createKey();
    const plain = question();
    for (let times = 0; times < 2; times++) {
      const reply = await chat(cloud(), plain.body, key.key);
      expect(reply.headers.get("x-cache")).toBe("BYPASS");
      await cloud().settledUsage(key.userId, reply.requestId);
    }
    expect(await plain.asked()).toBe(2);

    const tools = [
      { type: "function", function: { name: "get_time", parameters: { type: "object", properties: {} } } },
    ];
    const withTools = await chat(cloud(), { ...question().body, tools }, key.key, cached);
    expect(withTools.headers.get("x-cache")).toBe("BYPASS");

    for (const directives of ["finish=length text=Hello", "chunks=4 cut-after=2", "status=500"]) {
      const unfinished = question(directives);
      for (let times = 0; times < 2; times++) {
        const reply = await chat(cloud(), { ...unfinished.body, stream: true, retries: 0 }, key.key, cached);
        expect(reply.headers.get("x-cache")).not.toBe("HIT");
        await cloud().settledUsage(key.userId, reply.requestId);
      }
      expect({ directives, asked: await unfinished.asked() }).toEqual({ directives, asked: 2 });
    }
  });

  it("counts everything that can change the answer", async () => {
    const key = await cloud().createKey();
    const { body, asked } = question();
    const variants = [body, { ...body, temperature: 0 }, { ...body, seed: 1 }, { ...body, max_tokens: 900 }];
    for (const variant of variants) {
      const reply = await chat(cloud(), variant, key.key, cached);
      expect(reply.headers.get("x-cache")).toBe("MISS");
      await cloud().settledUsage(key.userId, reply.requestId);
    }
    expect(await asked()).toBe(variants.length);
  });

  it("asks the provider once for many who ask the same at once", async () => {
    const key = await cloud().createKey();
    const { body, asked } = question("first-delay-ms=300 text=Once");
    const replies = await Promise.all(Array.from({ length: 4 }, () => chat(cloud(), body, key.key, cached)));
    expect(replies.map(contentOf)).toEqual(Array(4).fill("Once"));
    expect(replies.filter(({ headers }) => headers.get("x-cache") === "MISS")).toHaveLength(1);
    expect(await asked()).toBe(1);
  });

  it("refuses a time to live out of its range", async () => {
    for (const ttl of ["59", "86401", "soon"]) {
      const reply = await chat(cloud(), question().body, cloud().apiKey, { headers: { "x-cache-ttl": ttl } });
      expect(reply.status).toBe(400);
      expect(reply.error().param).toBe("X-Cache-TTL");
    }
  });

  it("keeps no answer readable at rest", async () => {
    const key = await cloud().createKey();
    const secret = `secret-${crypto.randomUUID()}`;
    const reply = await chat(cloud(), question(`text=${secret}`).body, key.key, cached);
    expect(contentOf(reply)).toBe(secret);
    await cloud().settledUsage(key.userId, reply.requestId);
    const rows = JSON.stringify(await cloud().rows("cache"), (_, value: unknown) =>
      value instanceof Uint8Array
        ? Buffer.from(value).toString("latin1")
        : typeof value === "bigint"
          ? String(value)
          : value,
    );
    expect(rows).toContain(key.userId);
    expect(rows).not.toContain(secret);
    expect(rows).not.toContain(Buffer.from(secret).toString("base64").slice(4, 30));
    expect(await cloud().log()).not.toContain(secret);
  });
});

describe("an Idempotency-Key", () => {
  it.each([false, true])("replays the first answer without a second generation (stream %s)", async (stream) => {
    const key = await cloud().createKey();
    const { body, asked } = question();
    const once = `once-${crypto.randomUUID()}`;
    const first = await chat(cloud(), { ...body, stream }, key.key, withKey(once));
    await cloud().settledUsage(key.userId, first.requestId);
    const again = await untilKept(() => chat(cloud(), { ...body, stream }, key.key, withKey(once)));
    expect(again.status).toBe(200);
    expect(again.text).toBe(first.text);
    expect(again.headers.get("x-idempotent-replay")).toBe("true");
    expect(again.headers.get("content-type")).toBe(first.headers.get("content-type"));
    expect(again.requestId).not.toBe(first.requestId);
    expect(await asked()).toBe(1);
    expect(await cloud().usage(key.userId, again.requestId)).toBeUndefined();
  });

  it("with another body is a 422, and of another user is another key", async () => {
    const [key, other] = [await cloud().createKey(), await cloud().createKey()];
    const once = `once-${crypto.randomUUID()}`;
    const first = await chat(cloud(), question().body, key.key, withKey(once));
    await cloud().settledUsage(key.userId, first.requestId);
    const mismatch = await untilKept(() => chat(cloud(), question().body, key.key, withKey(once)));
    expect(mismatch.status).toBe(422);
    expect(mismatch.error().code).toBe("IDEMPOTENCY_MISMATCH");
    expect((await chat(cloud(), question().body, other.key, withKey(once))).status).toBe(200);
  });

  it("is a 409 with Retry-After while the first runs, and free again when that was cancelled", async () => {
    const key = await cloud().createKey();
    const { body } = question("chunks=4 chunk-delay-ms=0 stall-after=1");
    const once = `once-${crypto.randomUUID()}`;
    const running = await openChat(cloud(), { ...body, stream: true }, key.key, withKey(once));
    const parts = textParts(running);
    await readUntil(parts, (text) => text.includes('"content"'));
    const requestId = running.headers.get("x-request-id") ?? "";
    const second = await chat(cloud(), { ...body, stream: true }, key.key, withKey(once));
    expect(second.status).toBe(409);
    expect(second.error()).toMatchObject({ code: "CONFLICT", details: { requestId } });
    expect(Number(second.headers.get("retry-after"))).toBeGreaterThan(0);
    await send(`${cloud().baseUrl}/requests/${requestId}/cancel`, {
      method: "POST",
      headers: { "x-api-key": key.key },
    });
    expect(await readRest(parts)).not.toContain("[DONE]");
    await cloud().settledUsage(key.userId, requestId);
    // The same key and body: it stalls again, so its own time ends it.
    const third = await untilKept(() =>
      openChat(cloud(), { ...body, stream: true }, key.key, withKey(once)).then(async (response) => ({
        status: response.status,
        cancel: () => response.body?.cancel(),
      })),
    );
    expect(third.status).toBe(200);
    await third.cancel();
  });

  it("keeps no failure: the next try asks again", async () => {
    const key = await cloud().createKey();
    const { body, asked } = question("status=500");
    const once = `once-${crypto.randomUUID()}`;
    for (let times = 0; times < 2; times++) {
      const reply = await untilKept(() => chat(cloud(), { ...body, retries: 0 }, key.key, withKey(once)));
      expect(reply.status).toBe(502);
      await cloud().settledUsage(key.userId, reply.requestId);
    }
    expect(await asked()).toBe(2);
  });

  it("that no key could be is a 400", async () => {
    const reply = await chat(cloud(), question().body, cloud().apiKey, withKey("x".repeat(256)));
    expect(reply.status).toBe(400);
    expect(reply.error().param).toBe("Idempotency-Key");
  });
});

/** Asks again while the first answer is still being put away, which ends a moment after its last byte. */
async function untilKept<Answer extends { readonly status: number }>(ask: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    const answer = await ask();
    if (answer.status !== 409) return answer;
  }
}
