import { beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { rowKeys } from "#core/db/row-keys.ts";
import { GatewayError, toGatewayError } from "#core/errors.ts";
import { byApiKey } from "#core/http/authenticate.ts";
import { eventStream } from "#core/http/event-stream.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { withBody } from "#core/http/schema.ts";
import { routeById } from "#core/routes.ts";
import {
  type Caller,
  failing,
  type Play,
  saying,
  textOf,
  useChatGateway,
  userMessage,
} from "#tests/core/support/chat-gateway.ts";
import { type Answer, callStream, muteLog } from "#tests/core/support/lambda.ts";
import { operationOf } from "#tests/core/support/relay.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";

muteLog();

const uncached = { "X-Cache": "no-cache" };
const replayed = ({ headers }: Answer): boolean => headers["x-idempotent-replay"] === "true";

describe.skipIf(!hasTables)(`Idempotency-Key (${tablesName})`, () => {
  const gateway = useChatGateway();
  let caller: Caller;
  beforeEach(async () => {
    caller = await gateway().createCaller();
  });
  const ask = (body: object = {}, key = "once", who = caller): Promise<Answer> =>
    gateway().ask(who, body, { ...uncached, "Idempotency-Key": key });

  it.each([false, true])(
    "replays the first answer without a second generation or event (stream %s)",
    async (stream) => {
      const first = await ask({ stream });
      const again = await ask({ stream });
      expect([replayed(first), replayed(again)]).toEqual([false, true]);
      expect(again.status).toBe(200);
      expect(again.text).toBe(first.text);
      for (const name of ["content-type", "x-model-used", "x-provider-used", "x-attempts", "x-cache"]) {
        expect([name, again.headers[name]]).toEqual([name, first.headers[name]]);
      }
      expect(again.headers["x-request-id"]).not.toBe(first.headers["x-request-id"]);
      expect(gateway().asked).toBe(1);
      expect(await gateway().usage(caller, again)).toEqual({});
    },
  );

  /** Holds the write of an answer's row back until it is told. */
  const holdRow = () => {
    const [held, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    gateway().dynamoDb.intercept = (request) => {
      if (operationOf(request) !== "PutItem" || !/"S":"(done|not-kept)"/.test(request.body)) return undefined;
      held.resolve();
      return { kind: "hold", until: release.promise };
    };
    return { held: held.promise, release: () => release.resolve() };
  };
  const open = (body: object) => {
    const { response, returned } = gateway().open(caller, body, { ...uncached, "Idempotency-Key": "once" });
    const seen = { text: "", ended: false };
    response.on("data", (part: Buffer) => {
      seen.text += part.toString();
    });
    const over = returned.then(() => {
      seen.ended = true;
    });
    return { response, over, seen };
  };

  it.each([
    ["an answer in one piece", { stream: false }, "Hello to you", '"usage"'],
    ["a stream", { stream: true }, '"content":"you"', "[DONE]"],
  ])("keeps %s before its end leaves, so that whoever saw it may ask again at once", async (_, body, said, end) => {
    const row = holdRow();
    const { response, over, seen } = open(body);
    await row.held;
    expect(seen.text).not.toContain(end);
    // What precedes the end has not waited.
    if (body.stream) await expect.poll(() => seen.text).toContain(said);
    const again = new Promise<Answer>((resolve) => {
      response.on("data", () => {
        if (seen.text.includes(end)) resolve(ask(body));
      });
    });
    row.release();
    expect(await again).toMatchObject({ status: 200, headers: { "x-idempotent-replay": "true" } });
    await over;
    expect(gateway().asked).toBe(1);
  });

  it("does not wait for ever for a row that cannot be written", async () => {
    const row = holdRow();
    const { over, seen } = open({ stream: true });
    await expect.poll(() => seen.text, { timeout: 10_000, interval: 5 }).toContain("[DONE]");
    // The function goes on until the write has ended.
    expect(seen.ended).toBe(false);
    row.release();
    await over;
    expect(replayed(await ask({ stream: true }))).toBe(true);
  });

  it("adds nothing without the header", async () => {
    await gateway().ask(caller, {}, uncached);
    await gateway().ask(caller, {}, uncached);
    expect(gateway().asked).toBe(2);
  });

  it.each([false, true])(
    "runs exactly one of ten at once; the others are 409 with Retry-After (stream %s)",
    async (stream) => {
      // A key that was verified a moment ago passes on a machine where ten at once make Unkey slow.
      await ask({}, "another");
      const before = gateway().asked;
      const end = Promise.withResolvers<void>();
      gateway().play = async (response, request) => {
        await end.promise;
        await saying()(response, request);
      };
      const asking = Array.from({ length: 10 }, () => ask({ stream }));
      const refused = await Promise.race(asking);
      expect(refused.status).toBe(409);
      expect(refused.json().error).toMatchObject({
        code: "CONFLICT",
        details: { requestId: expect.stringMatching(/^req_/) },
      });
      expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
      expect(refused.headers["x-should-retry"]).not.toBe("false");
      await expect.poll(() => gateway().asked - before).toBe(1);
      end.resolve();
      const statuses = (await Promise.all(asking)).map(({ status }) => status);
      expect(statuses.filter((status) => status === 200)).toHaveLength(1);
      expect(statuses.filter((status) => status === 409)).toHaveLength(9);
      expect(gateway().asked - before).toBe(1);
    },
  );

  it("is a 422 with another body, and free for another user", async () => {
    await ask();
    const other = await ask({ temperature: 0 });
    expect(other.status).toBe(422);
    expect(other.json().error.code).toBe("IDEMPOTENCY_MISMATCH");
    expect((await ask({ temperature: 0 }, "once", await gateway().createCaller())).status).toBe(200);
  });

  it("keeps a refusal of the request, with its body", async () => {
    const first = await ask({ model: "no-such-model" });
    const again = await ask({ model: "no-such-model" });
    expect([first.status, again.status]).toEqual([400, 400]);
    expect(again.text).toBe(first.text);
    expect(replayed(again)).toBe(true);
  });

  const askWith = (headers: Readonly<Record<string, string>>, body: object = {}): Promise<Answer> =>
    gateway().ask(caller, body, { ...uncached, "Idempotency-Key": "once", ...headers });
  const pii = [userMessage("My mail is ada@example.com")];

  it("never replays an answer made without guardrails to a request that has them", async () => {
    await askWith({}, { messages: pii });
    const guarded = await askWith({ "X-Guardrails": "pii" }, { messages: pii });
    expect(guarded.json().error.code).toBe("IDEMPOTENCY_MISMATCH");
    expect(guarded.text).not.toContain("Hello to you");
  });

  it("never replays an answer that another provider key paid for", async () => {
    await askWith({});
    expect((await askWith({ "X-Provider-Key": "mine" })).status).toBe(422);
  });

  it("replays however the cache is asked for", async () => {
    await askWith({});
    expect(replayed(await askWith({ "X-Cache": "default", "X-Cache-TTL": "60" }))).toBe(true);
  });

  it.each([
    ["X-Cache-TTL", "soon", {}],
    ["X-Cache", "sometimes", uncached],
    ["X-Guardrails", "privacy", {}],
    ["X-Provider-Key", "not-mine", {}],
  ])(
    "does not keep a refusal for %s: the corrected header is answered under the same key",
    async (name, value, then) => {
      const refused = await askWith({ [name]: value });
      expect(refused.status).toBe(400);
      const corrected = await askWith(then);
      expect(corrected.status).toBe(200);
      expect(replayed(corrected)).toBe(false);
    },
  );

  const cut: Play = (response) => {
    const choices = [{ index: 0, delta: { role: "assistant", content: "event: done" }, finish_reason: null }];
    const chunk = { id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices };
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`data: ${JSON.stringify(chunk)}\n\n`, () => response.destroy());
  };
  const longCut: Play = (response) => {
    const choices = [{ index: 0, delta: { role: "assistant", content: "x".repeat(310_000) }, finish_reason: null }];
    const chunk = { id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices };
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`data: ${JSON.stringify(chunk)}\n\n`, () => setImmediate(() => response.destroy()));
  };

  it.each<[string, Play, boolean]>([
    ["a 500", failing(500), false],
    ["a 429", failing(429), false],
    ["a 500 of a stream", failing(500), true],
    ["a stream that broke off", cut, true],
    ["a long stream that broke off", longCut, true],
  ])("does not keep %s: the next try asks again", async (_, play, stream) => {
    gateway().play = play;
    await ask({ stream });
    gateway().play = saying();
    const again = await ask({ stream });
    expect(again.status).toBe(200);
    expect(textOf(again)).toBe("Hello to you");
    expect(gateway().asked).toBe(2);
  });

  it.each([false, true])(
    "knows an answer over 300 KB as done, and does not make it again (stream %s)",
    async (stream) => {
      gateway().play = saying({ text: `${"x".repeat(1_000)} `.repeat(310) });
      const first = await ask({ stream });
      expect(first.status).toBe(200);
      const again = await ask({ stream });
      expect(again.status).toBe(409);
      expect(again.json().error).toMatchObject({
        code: "CONFLICT",
        details: { done: true, requestId: first.headers["x-request-id"] },
      });
      expect(again.headers["x-should-retry"]).toBe("false");
      expect(gateway().asked).toBe(1);
    },
  );

  it("leases for the request's own time, not for as long as the function could run", async () => {
    let lease: unknown;
    gateway().play = async (response, request) => {
      lease = (await gateway().rows("cache")).find(({ pk }) => pk === rowKeys.admission(caller.userId).pk);
      await saying()(response, request);
    };
    await ask({ timeout: 10_000 });
    const seconds = Number((lease as { leaseUntil: number }).leaseUntil) - Date.now() / 1_000;
    expect(seconds).toBeGreaterThan(10);
    expect(seconds).toBeLessThan(20);
  });

  it("is taken before the first round of money: a replay is no open request and reserves nothing", async () => {
    await ask();
    gateway().dynamoDb.reset();
    await ask();
    const writes = gateway().dynamoDb.requests.filter(({ body }) => body.includes("UpdateExpression"));
    expect(writes.filter(({ body }) => body.includes(rowKeys.admission(caller.userId).sk))).toEqual([]);
  });

  describe("on other endpoints that generate", () => {
    const body = z.looseObject({ say: z.string() });
    const typed = (frames: () => AsyncGenerator<string>) =>
      streamHandler({
        route: routeById("Fight"),
        authenticate: byApiKey,
        endpoints: {
          POST: withBody(
            body,
            idempotent(async () =>
              eventStream({
                start: Promise.resolve({ frames: frames(), headers: {} }),
                toError: toGatewayError,
                signal: new AbortController().signal,
                errorFrame: (error) => `event: error\ndata: ${JSON.stringify(error.toBody())}\n\n`,
              }),
            ),
          ),
        },
      });
    const post = (handler: ReturnType<typeof typed>): Promise<Answer> =>
      callStream(handler, {
        method: "POST",
        headers: { Authorization: `Bearer ${caller.key}`, "Idempotency-Key": "once" },
        body: { say: "hi" },
      });

    it("keeps a typed stream that ended in its last event, and no other", async () => {
      let made = 0;
      const whole = typed(async function* () {
        made += 1;
        yield 'event: agent.delta\ndata: {"text":"hi"}\n\n';
        yield 'event: done\ndata: {"winner":null}\n\n';
      });
      const first = await post(whole);
      expect((await post(whole)).text).toBe(first.text);
      expect(made).toBe(1);

      caller = await gateway().createCaller();
      const broken = typed(async function* () {
        made += 1;
        yield 'event: agent.delta\ndata: {"text":"event: done"}\n\n';
        throw new GatewayError("PROVIDER_ERROR", "It broke");
      });
      await post(broken);
      await post(broken);
      expect(made).toBe(3);
    });

    it("knows the key of another endpoint apart", async () => {
      await ask({ messages: [userMessage("hi")] });
      const handler = typed(async function* () {
        yield "event: done\ndata: {}\n\n";
      });
      expect((await post(handler)).status).toBe(200);
    });
  });
});
