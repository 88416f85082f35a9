import { beforeEach, describe, expect, it } from "vitest";
import { forgetUnknownKeys } from "#core/auth/api-key.ts";
import { changeMark } from "#core/db/api-keys.ts";
import { hashKey } from "#core/db/key-marks.ts";
import { insertPreset } from "#core/db/presets.ts";
import type { Caller } from "#tests/core/support/chat-gateway.ts";
import { type Answer, captureLog, muteLog } from "#tests/core/support/lambda.ts";
import { operationOf, type RelayedRequest } from "#tests/core/support/relay.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { admissionOf, errorOf, eventsOf, expectBooked, mend, useFaultyGateway } from "./support/gateway.ts";

muteLog();

/** Chats that begin on our own mark of the key while Unkey's verdict is under way (docs/decisions/0012). */

const uncached = { "X-Cache": "no-cache" };
const ok = { status: "ok", inputTokens: 10, outputTokens: 5 };
const isWrite = (request: RelayedRequest): boolean =>
  operationOf(request) !== "GetItem" && operationOf(request) !== "Query";

/** Unkey's answer to a verification. */
const verdict = (data: object) => ({
  kind: "answer" as const,
  status: 200,
  body: JSON.stringify({ meta: { requestId: "req" }, data }),
});

/** A limit of 60 a minute of which so many are left. */
const limited = (remaining: number) => ({
  ratelimits: [
    {
      id: "rl_1",
      name: "requests",
      limit: 60,
      duration: 60_000,
      remaining: Math.max(0, remaining),
      reset: Date.now() + 60_000,
      exceeded: remaining < 0,
      autoApply: true,
    },
  ],
});

describe.skipIf(!hasTables)(`a chat that begins before the verdict (${tablesName})`, () => {
  const gateway = useFaultyGateway();
  let caller: Caller;
  beforeEach(async () => {
    forgetUnknownKeys();
    caller = await gateway().createCaller();
    // Unkey calls the key valid, which its mark notes.
    expect((await gateway().ask(caller, { seed: 1 }, uncached)).status).toBe(200);
    gateway().dynamoDb.reset();
  });

  const identity = () => ({ keyId: caller.keyId, identity: { id: "id_1", externalId: caller.userId } });
  const valid = (remaining = 59) => verdict({ valid: true, code: "VALID", ...identity(), ...limited(remaining) });
  const refusals = () =>
    [
      ["INVALID_API_KEY", verdict({ valid: false, code: "DISABLED", ...identity() })],
      ["INVALID_API_KEY", verdict({ valid: false, code: "NOT_FOUND" })],
      ["RATE_LIMIT_EXCEEDED", verdict({ valid: false, code: "RATE_LIMITED", ...identity(), ...limited(-1) })],
    ] as const;

  /** Asks while the verdict is held back, until `begun` holds. */
  const askHeld = async (
    answer: ReturnType<typeof verdict> | undefined,
    begun: () => Promise<void>,
    body = {},
    headers: Readonly<Record<string, string>> = uncached,
  ): Promise<Answer> => {
    const { promise: until, resolve: release } = Promise.withResolvers<void>();
    gateway().unkey.intercept = () => (answer === undefined ? { kind: "hold", until } : { ...answer, until });
    const { asked } = gateway();
    let isAnswered = false;
    const asking = gateway().ask(caller, body, headers);
    asking.finally(() => {
      isAnswered = true;
    });
    await begun();
    expect(isAnswered).toBe(false);
    expect(gateway().asked).toBe(asked);
    release();
    return asking;
  };

  const isAdmitted = () => expect.poll(async () => (await admissionOf(caller)).open).toBe(1);
  const markIsRead = () => expect.poll(() => gateway().dynamoDb.requests.length).toBeGreaterThan(0);

  it("makes its second round, and neither asks a provider nor answers until the verdict is here", async () => {
    const answer = await askHeld(undefined, async () => {
      await isAdmitted();
      await expect.poll(async () => (await eventsOf(caller)).map(({ status }) => status)).toEqual(["ok", "open"]);
    });
    expect(answer.status).toBe(200);
    await expectBooked(caller, [ok, ok]);
  });

  it.each([0, 1, 2])(
    "leaves nothing of a request that is refused, and shows nothing of it (refusal %i)",
    async (index) => {
      const [code, refusal] = refusals()[index] ?? refusals()[0];
      const { spentPicoUsd } = await admissionOf(caller);
      const requests = [
        [{}, isAdmitted],
        [{ stream: true }, isAdmitted],
        // The cache is asked, too.
        [{ seed: 7 }, isAdmitted, {}],
        [{ model: "no-such-model" }, markIsRead],
        [{ seed: "not a number" }, markIsRead],
      ] as const;
      const { lines } = await captureLog(async () => {
        for (const [body, begun, headers] of requests) {
          gateway().dynamoDb.reset();
          const refused = await askHeld(refusal, begun, body, headers);
          expect(errorOf(refused).code).toBe(code);
          expect(Object.keys(refused.headers).filter((name) => /budget|model|provider|cache$/.test(name))).toEqual([]);
          forgetUnknownKeys();
        }
      });
      expect(lines.filter(({ message, user_id }) => message === "request" && user_id !== undefined)).toEqual([]);
      expect(await eventsOf(caller)).toHaveLength(1);
      expect(await admissionOf(caller)).toMatchObject({ open: 0, spentPicoUsd });
      // The lock of the cache is free: nobody waits for an answer that never comes.
      mend(gateway());
      expect((await gateway().ask(caller, { seed: 7 }, {})).headers["x-cache"]).toBe("MISS");
      await expectBooked(caller, [ok, ok]);
    },
  );

  it("costs a key at its limit four writes once, and none while the limit lasts", async () => {
    const refusal = verdict({ valid: false, code: "RATE_LIMITED", ...identity(), ...limited(-1) });
    expect(errorOf(await askHeld(refusal, isAdmitted)).code).toBe("RATE_LIMIT_EXCEEDED");
    for (let request = 0; request < 5; request++) {
      expect(errorOf(await gateway().ask(caller, {}, uncached)).code).toBe("RATE_LIMIT_EXCEEDED");
    }
    expect(gateway().dynamoDb.requests.filter(isWrite).map(operationOf).toSorted()).toEqual([
      "DeleteItem",
      "PutItem",
      "UpdateItem",
      "UpdateItem",
    ]);
  });

  it("does not happen near a limit: a flood that reaches it costs no write more than one that waits", async () => {
    gateway().unkey.intercept = () => valid(6);
    expect((await gateway().ask(caller, {}, uncached)).status).toBe(200);
    gateway().dynamoDb.reset();
    gateway().unkey.intercept = () => verdict({ valid: false, code: "RATE_LIMITED", ...identity(), ...limited(-1) });
    for (let request = 0; request < 5; request++) await gateway().ask(caller, {}, uncached);
    expect(gateway().dynamoDb.requests.filter(isWrite)).toEqual([]);
  });

  it.each([
    ["an Idempotency-Key", {}, { "Idempotency-Key": "once" }],
    ["guardrails in a header", {}, { "X-Guardrails": '{"input":{"pii":"flag"}}' }],
    ["guardrails", { guardrails: { input: { pii: "flag" } } }, {}],
    ["a prompt", { prompt_id: "greeting" }, {}],
    ["a council", { model: "concurred/council" }, {}],
  ])("does not happen with %s", async (_, body, headers) => {
    gateway().unkey.intercept = () => verdict({ valid: false, code: "DISABLED", ...identity() });
    expect(errorOf(await gateway().ask(caller, body, { ...uncached, ...headers })).code).toBe("INVALID_API_KEY");
    expect(gateway().dynamoDb.requests.filter(isWrite)).toEqual([]);
  });

  it.each([
    ["guardrails", { model: "gpt-4o-mini", guardrails: { input: ["content_moderation"] } }],
    ["a council", { model: "concurred/council-budget" }],
  ])("asks nobody, and writes nothing, for a preset that stands for %s", async (_, settings) => {
    const at = new Date().toISOString();
    await insertPreset(caller.userId, "mine", { settings: JSON.stringify(settings), createdAt: at, updatedAt: at });
    gateway().dynamoDb.reset();
    const { asked } = gateway();
    const refusal = verdict({ valid: false, code: "RATE_LIMITED", ...identity(), ...limited(-1) });
    // A council's own limit has room.
    gateway().unkey.intercept = ({ body }) => (body.includes('"council"') ? valid() : refusal);
    const refused = await gateway().ask(caller, { model: "@preset/mine" }, uncached);
    expect(errorOf(refused).code).toBe("RATE_LIMIT_EXCEEDED");
    expect(gateway().asked).toBe(asked);
    expect(gateway().dynamoDb.requests.filter(isWrite)).toEqual([]);
    expect(await eventsOf(caller)).toHaveLength(1);
  });

  it("does not happen again while Unkey is out of reach: a flood costs no write more than one that waits", async () => {
    await changeMark(hashKey(caller.key), { rateLimit: 1 });
    gateway().unkey.intercept = () => ({ kind: "answer", status: 500, body: "{}" });
    expect((await gateway().ask(caller, {}, uncached)).status).toBe(200);
    gateway().dynamoDb.reset();
    for (let request = 0; request < 5; request++) {
      expect(errorOf(await gateway().ask(caller, {}, uncached)).code).toBe("RATE_LIMIT_EXCEEDED");
    }
    expect(gateway().dynamoDb.requests.filter(isWrite)).toEqual([]);
  });

  it("does not happen for a key that Unkey has not called valid for a while", async () => {
    const fresh = await gateway().createCaller();
    gateway().dynamoDb.reset();
    gateway().unkey.intercept = () => verdict({ valid: false, code: "DISABLED", keyId: fresh.keyId });
    expect(errorOf(await gateway().ask(fresh, {}, uncached)).code).toBe("INVALID_API_KEY");
    expect(gateway().dynamoDb.requests.filter(isWrite)).toEqual([]);
  });

  it("is a 503 once for a key that now belongs to somebody else, and then its owner's", async () => {
    const other = { keyId: caller.keyId, identity: { id: "id_2", externalId: `${caller.userId}-heir` } };
    const { spentPicoUsd } = await admissionOf(caller);
    const given = verdict({ valid: true, code: "VALID", ...other, ...limited(59) });
    expect(errorOf(await askHeld(given, isAdmitted)).code).toBe("SERVICE_UNAVAILABLE");
    expect((await gateway().ask(caller, {}, uncached)).status).toBe(200);
    expect(await eventsOf(caller)).toHaveLength(1);
    expect(await admissionOf(caller)).toMatchObject({ open: 0, spentPicoUsd });
    expect(await eventsOf({ userId: `${caller.userId}-heir` })).toHaveLength(1);
  });
});
