import { beforeEach, describe, expect, it } from "vitest";
import { rollUp } from "#core/usage/rollup.ts";
import { sweepAbandoned } from "#core/usage/sweep.ts";
import { Browser, type HttpReply, request } from "#tests/accounts/support/gateway.ts";
import type { Caller } from "#tests/core/support/chat-gateway.ts";
import { type Answer, muteLog } from "#tests/core/support/lambda.ts";
import type { Fault } from "#tests/core/support/relay.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { admissionOf, errorOf, eventsOf, expectBooked, keyCountOf, mend, useFaultyGateway } from "./support/gateway.ts";
import {
  breaking,
  cancelledByConflict,
  conditionFailed,
  conflict,
  denied,
  requestLimit,
  serverError,
  tableCall,
  throttled,
} from "./support/table-faults.ts";
import { answering } from "./support/wires.ts";

muteLog();

const uncached = { "X-Cache": "no-cache" };
const ok = { status: "ok", inputTokens: 10, outputTokens: 5 };
const reset: Fault = { kind: "reset" };
const lost: Fault = { kind: "lose-answer" };
const hang: Fault = { kind: "hang" };
/** When the sweeper takes all that is open for abandoned, unix ms. */
const later = (): number => Date.now() + 86_400_000;

const kinds = [
  ["throttled", throttled],
  ["over its request limit", requestLimit],
  ["failing with 500", serverError],
  ["in conflict with a transaction", conflict],
  ["unreachable", reset],
] as const satisfies readonly (readonly [string, Fault])[];

const providerKey = { provider: "openai", slug: "during", displayName: "During", apiKey: "sk-of-the-caller-0000" };
const fashionRun = { model_name: "reframe", inputs: { image: "https://images.example.com/a.png" } };
const battle = { message: "Hello", models: ["gpt-4o-mini", "claude-sonnet-4-6"] };
const embedding = { model: "text-embedding-3-small", input: "Hello" };

/** Every call of a chat to a table, in its order. */
const before = ["keys:GetItem", "keys:UpdateItem", "providerKeys:Query", "usage:PutItem"] as const;

describe.skipIf(!hasTables)(`faults of DynamoDB (${tablesName})`, () => {
  const gateway = useFaultyGateway();
  let caller: Caller;
  beforeEach(async () => {
    caller = await gateway().createCaller();
    // The first request of a user makes its rows; from then on every one makes the same calls.
    expect((await gateway().ask(caller, {}, uncached)).status).toBe(200);
    mend(gateway());
  });

  const ask = (body: object = {}): Promise<Answer> => gateway().ask(caller, body, uncached);
  const expectUnavailable = (answer: Answer): void => {
    expect({ status: answer.status, code: errorOf(answer).code }).toEqual({ status: 503, code: "SERVICE_UNAVAILABLE" });
    expect(answer.headers["retry-after"]).toBe("5");
  };

  describe.each(kinds)("while it is %s", (_, fault) => {
    it("once or twice, nobody notices, and every request is metered once", async () => {
      gateway().dynamoDb.intercept = breaking(fault, "all", 2);
      expect((await ask()).status).toBe(200);
      gateway().dynamoDb.intercept = breaking(fault, "all", 2);
      expect((await ask({ stream: true })).status).toBe(200);
      mend(gateway());
      await expectBooked(caller, [ok, ok, ok]);
    });
  });

  describe.each([
    ["throttled", throttled],
    ["unreachable", reset],
  ] as const)("while it stays %s", (_, fault) => {
    it.each(before)(
      "at %s, a chat is a 503 before its provider is asked, holds no place, and the next one works",
      async (call) => {
        for (const stream of [false, true]) {
          const asked = gateway().asked;
          gateway().dynamoDb.intercept = breaking(fault, [call]);
          // What gives the place back is an update of the same row as what takes it.
          expectUnavailable(await ask({ stream }));
          mend(gateway());
          expect(gateway().asked).toBe(asked);
        }
        await sweepAbandoned(later());
        expect((await ask()).status).toBe(200);
        expect((await admissionOf(caller)).open).toBe(0);
        const events = await eventsOf(caller);
        expect(events.filter(({ status }) => status === "ok")).toHaveLength(2);
        await expectBooked(
          caller,
          events.map(({ status }) => ({ status })),
        );
      },
    );
  });

  /** The provider answers once both requests have reached it, and from then on the tables are as `intercept` says. */
  const breakingAtTheEnd = (intercept: ReturnType<typeof breaking>): void => {
    const both = Promise.withResolvers<void>();
    let waiting = 0;
    gateway().play = async (response, asked) => {
      waiting += 1;
      if (waiting === 2) {
        gateway().dynamoDb.intercept = intercept;
        both.resolve();
      }
      await both.promise;
      await answering()(response, asked);
    };
  };
  const askBothWays = (): Promise<readonly Answer[]> => Promise.all([ask(), ask({ stream: true })]);

  describe("at the end of a request", () => {
    it("throttled for a second, every event is settled with its true count and every place given back", async () => {
      breakingAtTheEnd(breaking(throttled, ["usage:UpdateItem", "keys:UpdateItem"], 10));
      for (const { status } of await askBothWays()) expect(status).toBe(200);
      mend(gateway());
      await expectBooked(caller, [ok, ok, ok]);
    });

    it("throttled for longer, the answer is whole, and the sweeper settles the event once, at what was reserved", async () => {
      breakingAtTheEnd(breaking(throttled, ["usage:UpdateItem"]));
      for (const { status } of await askBothWays()) expect(status).toBe(200);
      mend(gateway());
      expect((await admissionOf(caller)).open).toBe(0);
      expect((await eventsOf(caller)).map(({ status }) => status)).toEqual(["ok", "open", "open"]);
      await Promise.all([sweepAbandoned(later()), sweepAbandoned(later())]);
      const events = await eventsOf(caller);
      expect(events).toMatchObject([
        ok,
        ...Array.from({ length: 2 }, () => ({ status: "abandoned", estimated: true })),
      ]);
      for (const { costPicoUsd, reservedPicoUsd } of events.slice(1)) expect(costPicoUsd).toBe(reservedPicoUsd);
      gateway().play = answering();
      expect((await ask()).status).toBe(200);
    });

    it("with every answer lost once, nothing is booked twice", async () => {
      breakingAtTheEnd(breaking(lost, "all", 1));
      for (const { status } of await askBothWays()) expect(status).toBe(200);
      mend(gateway());
      await expectBooked(caller, [ok, ok, ok]);
    });
  });

  it("with every answer lost once, from the first call on, a request is admitted, opened and settled once", async () => {
    for (const stream of [false, true]) {
      gateway().dynamoDb.intercept = breaking(lost, "all", 1);
      expect((await ask({ stream })).status).toBe(200);
    }
    mend(gateway());
    await expectBooked(caller, [ok, ok, ok]);
  });

  it("silent for one try of 1.5 s, a request is late and nothing else; silent for ever, it is a 503 in 4.5 s a call", async () => {
    const other = await gateway().createCaller();
    expect((await gateway().ask(other, {}, uncached)).status).toBe(200);
    const once = breaking(hang, ["usage:PutItem"], 1);
    gateway().dynamoDb.intercept = (request) =>
      request.body.includes(other.userId) ? breaking(hang, ["providerKeys:Query"])(request) : once(request);
    const [late, never, neverStreamed] = await Promise.all([
      ask(),
      gateway().ask(other, {}, uncached),
      gateway().ask(other, { stream: true }, uncached),
    ]);
    mend(gateway());
    expect(late.status).toBe(200);
    for (const answer of [never, neverStreamed]) expectUnavailable(answer);
    await expectBooked(caller, [ok, ok]);
    const unavailable = { status: "error", code: "SERVICE_UNAVAILABLE", costPicoUsd: 0n };
    await expectBooked(other, [ok, unavailable, unavailable]);
    expect((await ask()).status).toBe(200);
  });

  describe("conditions that fail", () => {
    it("at the admission, with no row to tell why, are a 503 and hold no place", async () => {
      const failing = breaking(conditionFailed, ["keys:UpdateItem"]);
      gateway().dynamoDb.intercept = (request) =>
        request.body.includes("ConditionExpression") ? failing(request) : undefined;
      for (const answer of await askBothWays()) expectUnavailable(answer);
      mend(gateway());
      expect(gateway().asked).toBe(1);
      const unavailable = { status: "error", code: "SERVICE_UNAVAILABLE", costPicoUsd: 0n };
      await expectBooked(caller, [ok, unavailable, unavailable]);
    });

    it("since the sweeper came first leave its event as it is: counted once, at what was reserved", async () => {
      gateway().play = async (response, asked) => {
        await sweepAbandoned(later());
        await answering()(response, asked);
      };
      expect((await ask()).status).toBe(200);
      expect((await ask({ stream: true })).status).toBe(200);
      await expectBooked(caller, [ok, { status: "abandoned" }, { status: "abandoned" }]);
    });
  });

  it("with the cache's table out of reach, answers come without the cache", async () => {
    gateway().dynamoDb.intercept = breaking(throttled, ["cache:GetItem", "cache:PutItem", "cache:UpdateItem"]);
    for (const stream of [false, true]) {
      const answer = await gateway().ask(caller, { stream, seed: 7 });
      expect(answer.status).toBe(200);
      expect(answer.headers["x-cache"]).toBe("MISS");
    }
    mend(gateway());
    await expectBooked(caller, [ok, ok, ok]);
  });

  it("denying us is our bug, told as such: a 500 without a word of it", async () => {
    gateway().dynamoDb.intercept = breaking(denied, ["providerKeys:Query"]);
    const answer = await ask();
    expect({ status: answer.status, code: errorOf(answer).code }).toEqual({ status: 500, code: "INTERNAL_ERROR" });
    expect(answer.text).not.toContain("AccessDenied");
    mend(gateway());
    await expectBooked(caller, [ok, { status: "error", code: "INTERNAL_ERROR" }]);
  });

  describe("transactions", () => {
    it("in conflict with others are tried again, and count each event once", async () => {
      const cancelled = Array.from({ length: 3 }, () => cancelledByConflict(2));
      gateway().dynamoDb.intercept = (request) =>
        tableCall(request) === "TransactWriteItems" ? cancelled.shift() : undefined;
      await expectBooked(caller, [ok]);
      expect(cancelled).toEqual([]);
    });

    it("in conflict without an end throw, and the stream's next delivery counts each event once", async () => {
      const events = await eventsOf(caller);
      gateway().dynamoDb.intercept = breaking(cancelledByConflict(2), ["TransactWriteItems"]);
      await expect(rollUp(events, Date.now())).rejects.toMatchObject({ name: "TableUnavailable" });
      mend(gateway());
      await expectBooked(caller, [ok]);
    });

    it("whose answers are lost count each event once", async () => {
      gateway().dynamoDb.intercept = breaking(lost, ["TransactWriteItems"], 1);
      await expectBooked(caller, [ok]);
    });
  });

  describe("on the other endpoints", () => {
    const key = () => ({ authorization: `Bearer ${caller.key}` });
    const calls = (browser: Browser): Readonly<Record<string, () => Promise<HttpReply>>> => ({
      "GET /api/v1/keys": () => browser.get("/api/v1/keys"),
      "POST /api/v1/keys": () => browser.post("/api/v1/keys", { name: "During" }),
      "GET /api/v1/provider-keys": () => browser.get("/api/v1/provider-keys"),
      "POST /api/v1/provider-keys": () => browser.post("/api/v1/provider-keys", providerKey),
      "GET /api/v1/usage": () => request({ path: "/api/v1/usage", headers: key() }),
      "GET /api/v1/usage by session": () => browser.get("/api/v1/usage"),
      "GET /api/v1/fashion/status": () => request({ path: "/api/v1/fashion/status/job_1", headers: key() }),
      "POST /api/v1/fashion/run": () =>
        request({ method: "POST", path: "/api/v1/fashion/run", headers: key(), body: fashionRun }),
      "POST /api/v1/battle": () => request({ method: "POST", path: "/api/v1/battle", headers: key(), body: battle }),
      "POST /api/v1/embeddings": () =>
        request({ method: "POST", path: "/api/v1/embeddings", headers: key(), body: embedding }),
    });

    it.each([
      ["throttled", throttled],
      ["unreachable", reset],
      ["silent", hang],
    ] as const)("%s: each is a 503 with Retry-After in its time, and leaves nothing behind", async (_, fault) => {
      const user = await gateway().createUser();
      const browser = await new Browser().signIn(user);
      gateway().dynamoDb.intercept = breaking(fault, "all");
      const replies = await Promise.all(
        Object.entries(calls(browser)).map(async ([name, call]) => [name, await call()] as const),
      );
      mend(gateway());
      for (const [name, reply] of replies) {
        expect({ name, code: reply.error().code }).toEqual({ name, code: "SERVICE_UNAVAILABLE" });
        // By the time of the call, not since the function's own is nearly over.
        expect({ name, text: reply.text }).not.toMatchObject({ text: expect.stringContaining("took too long") });
        expect(reply.headers["retry-after"]).toBe("5");
      }
      expect(gateway().asked).toBe(1);
      expect(await keyCountOf(user)).toBe(0);
      await expectBooked(caller, [ok]);
      expect((await browser.post("/api/v1/keys", { name: "After" })).status).toBe(201);
      expect((await browser.post("/api/v1/provider-keys", providerKey)).status).toBe(201);
      expect((await browser.get("/api/v1/usage")).status).toBe(200);
    });
  });
});
