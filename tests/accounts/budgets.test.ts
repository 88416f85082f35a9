import { beforeEach, describe, expect, it } from "vitest";
import { forgetUnknownKeys } from "#core/auth/api-key.ts";
import { budgetAttribute } from "#core/db/admission-row.ts";
import { findUserKey, insertKey, listUserKeys } from "#core/db/api-keys.ts";
import { listAlerts, noteAlert } from "#core/db/budget-alerts.ts";
import { periodName } from "#core/db/budget-period.ts";
import { hashKey, readKeyMark } from "#core/db/key-marks.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import { getItem, updateItem } from "#core/db/table.ts";
import { type BudgetView, maxBudgets } from "#core/keys/key-limits.ts";
import { type Route, routes } from "#core/routes.ts";
import { operationOf } from "#tests/core/support/relay.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { newUser } from "#tests/core/support/usage-events.ts";
import { Browser, type HttpReply, request } from "./support/gateway.ts";
import { captureLog } from "./support/log.ts";
import { type TestUser, useStandIns } from "./support/stand-ins.ts";

interface Limits {
  readonly budget: BudgetView | null;
  readonly allowedModels: readonly string[] | null;
  readonly tokensPerMinute: number | null;
}
interface NewKey extends Limits {
  readonly keyId: string;
  readonly key: string;
}
interface Listed extends Limits {
  readonly keyId: string;
  readonly limits: Readonly<Record<string, { readonly limit: number; readonly windowSeconds: number }>>;
}

const path = "/api/v1/keys";
const nothing = { budget: null, allowedModels: null, tokensPerMinute: null, recordContent: null, tags: null };

describe.skipIf(!hasTables)(`limits of API keys (${tablesName})`, () => {
  const standIns = useStandIns();
  captureLog();
  let user: TestUser;
  let browser: Browser;
  beforeEach(async () => {
    forgetUnknownKeys();
    user = await standIns().createUser();
    browser = await new Browser().signIn(user);
  });
  const create = async (body: object = {}): Promise<NewKey> => {
    const reply = await browser.post(path, { name: "A key", ...body });
    expect(reply.status, reply.text).toBe(201);
    return reply.data<NewKey>();
  };
  const list = async (): Promise<readonly Listed[]> => (await browser.get(path)).data<readonly Listed[]>();
  const listed = async (keyId: string) => (await list()).find((key) => key.keyId === keyId);
  const patch = (keyId: string, body: object): Promise<HttpReply> => browser.patch(`${path}/${keyId}`, body);
  const byKey = (key: string, to = "/api/v1/key"): Promise<HttpReply> =>
    request({ path: to, headers: { authorization: `Bearer ${key}` } });
  const markOf = ({ key }: NewKey) => readKeyMark(hashKey(key));
  /** Books so much on a budget, as requests do. */
  const book = async ({ key }: NewKey, picoUsd: bigint): Promise<void> => {
    const budget = (await readKeyMark(hashKey(key)))?.budget;
    if (budget === undefined) throw new Error("The key has no budget");
    const name = `${budget.id}#${periodName(budget.period, Date.now())}`;
    await updateItem("keys", rowKeys.admission(user.userId), "ADD #sum :more", {
      names: { "#sum": budgetAttribute(name) },
      values: { ":more": picoUsd },
    });
  };

  it("are set when a key is made, listed back, and on the mark that every request reads", async () => {
    const limits = {
      budget: { usd: 12.5, period: "month", includeByok: true },
      allowedModels: ["gpt-5.2", "claude", "anthropic/*", "gpt-5.2"],
      tokensPerMinute: 90_000,
    };
    const made = await create(limits);
    const shown = {
      budget: {
        ...limits.budget,
        spentUsd: 0,
        reservedUsd: 0,
        remainingUsd: 12.5,
        resetAt: expect.stringMatching(/-01T00:00:00\.000Z$/),
      },
      allowedModels: ["gpt-5.2", "claude", "anthropic/*"],
      tokensPerMinute: 90_000,
    };
    expect(made).toMatchObject(shown);
    expect(await listed(made.keyId)).toMatchObject(shown);
    expect(await markOf(made)).toMatchObject({
      budget: { picoUsd: 12_500_000_000_000n, period: "month", includeByok: true },
      tokensPerMinute: 90_000,
    });
    expect((await byKey(made.key)).data()).toMatchObject({ keyId: made.keyId, ...shown, remainingTokens: 90_000 });
  });

  it("are absent from a key that has none, and from its mark", async () => {
    const made = await create();
    expect(made).toMatchObject(nothing);
    expect(await markOf(made)).not.toHaveProperty("limitsId");
    expect((await byKey(made.key)).data()).toMatchObject({ ...nothing, remainingTokens: null });
  });

  it("change one by one: what a change leaves out stays, and null lifts", async () => {
    const made = await create({ tokensPerMinute: 5 });
    expect((await patch(made.keyId, { budget: { usd: 1, period: "day" } })).data()).toMatchObject({
      budget: { usd: 1, period: "day", includeByok: false },
      tokensPerMinute: 5,
    });
    const both = [patch(made.keyId, { allowedModels: ["gpt-5.2"] }), patch(made.keyId, { tokensPerMinute: null })];
    for (const reply of await Promise.all(both)) expect(reply.status).toBe(200);
    expect(await listed(made.keyId)).toMatchObject({
      budget: { usd: 1 },
      allowedModels: ["gpt-5.2"],
      tokensPerMinute: null,
    });
    await patch(made.keyId, { budget: null, allowedModels: null });
    expect(await listed(made.keyId)).toMatchObject(nothing);
  });

  it("a changed amount keeps what was spent, a changed period starts a new one", async () => {
    const made = await create({ budget: { usd: 5, period: "day" } });
    await book(made, 2_000_000_000_000n);
    const raised = (await patch(made.keyId, { budget: { usd: 7, period: "day" } })).data<Listed>();
    expect(raised.budget).toMatchObject({ usd: 7, spentUsd: 2, remainingUsd: 5 });
    const lowered = (await patch(made.keyId, { budget: { usd: 1, period: "day" } })).data<Listed>();
    expect(lowered.budget).toMatchObject({ usd: 1, spentUsd: 2, remainingUsd: 0 });
    const weekly = (await patch(made.keyId, { budget: { usd: 7, period: "week" } })).data<Listed>();
    expect(weekly.budget).toMatchObject({ spentUsd: 0, remainingUsd: 7 });
    await patch(made.keyId, { budget: null });
    const again = (await patch(made.keyId, { budget: { usd: 7, period: "week" } })).data<Listed>();
    expect(again.budget).toMatchObject({ spentUsd: 0 });
  });

  it("a budget without a period leaves no sum behind when it is removed or its key is revoked", async () => {
    const [removed, revoked] = [
      await create({ budget: { usd: 5, period: "total" } }),
      await create({ budget: { usd: 5, period: "total" } }),
    ];
    for (const made of [removed, revoked]) await book(made, 1n);
    const sums = async () =>
      Object.keys((await getItem("keys", rowKeys.admission(user.userId), { consistent: true })) ?? {}).filter((name) =>
        name.startsWith("budget#"),
      );
    expect(await sums()).toHaveLength(2);
    await patch(removed.keyId, { budget: null });
    expect(await sums()).toHaveLength(1);
    expect((await browser.delete(`${path}/${revoked.keyId}`)).status).toBe(204);
    expect(await sums()).toEqual([]);
  });

  it("are handed on by a rotation, shared in its grace, and changed on both keys whichever is named", async () => {
    const old = await create({ budget: { usd: 5, period: "day" }, allowedModels: ["gpt-5.2"], tokensPerMinute: 10 });
    await book(old, 1_000_000_000_000n);
    const next = (await browser.post(`${path}/${old.keyId}/rotate`, { gracePeriodSeconds: 600 })).data<NewKey>();
    expect(next).toMatchObject({ budget: { usd: 5, spentUsd: 1 }, allowedModels: ["gpt-5.2"], tokensPerMinute: 10 });
    const third = (await browser.post(`${path}/${next.keyId}/rotate`, { gracePeriodSeconds: 600 })).data<NewKey>();
    let usd = 6;
    for (const named of [old, next, third]) {
      usd += 1;
      await patch(named.keyId, { budget: { usd, period: "day" }, tokensPerMinute: 20 });
      for (const one of [old, next, third]) {
        expect((await byKey(one.key)).data<Limits>()).toMatchObject({
          budget: { usd, spentUsd: 1 },
          tokensPerMinute: 20,
        });
      }
    }
    const ids = await Promise.all([old, next, third].map(async (one) => (await markOf(one))?.budget?.id));
    expect(new Set(ids).size).toBe(1);
  });

  it("are given to both keys of a rotation that had none before", async () => {
    const old = await create();
    const next = (await browser.post(`${path}/${old.keyId}/rotate`, { gracePeriodSeconds: 600 })).data<NewKey>();
    await patch(next.keyId, { budget: { usd: 1, period: "day" } });
    const [one, other] = [await markOf(old), await markOf(next)];
    expect(one?.budget).toEqual(other?.budget);
    expect(one?.budget).toBeDefined();
    expect(one?.limitsId).toBe(other?.limitsId);
  });

  /** Passes calls of one of Unkey's operations on once `until` resolves. */
  const holdUnkey = (operation: string, until: Promise<void>): void => {
    standIns().unkey.intercept = ({ path: asked }) => (asked.endsWith(operation) ? { kind: "hold", until } : undefined);
  };
  /** The next transaction waits, and its arrival is known. */
  const holdTransaction = () => {
    let arrive: () => void = () => undefined;
    let pass: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const until = new Promise<void>((resolve) => {
      pass = resolve;
    });
    let held = false;
    standIns().dynamoDb.intercept = (call) => {
      if (held || operationOf(call) !== "TransactWriteItems") return undefined;
      held = true;
      arrive();
      return { kind: "hold", until };
    };
    return { arrived, pass: () => pass() };
  };

  it.each(["while the key is replaced", "just before it is replaced"])(
    "that are set %s are the limits of both keys",
    async (when) => {
      const old = await create();
      const rotate = () => browser.post(`${path}/${old.keyId}/rotate`, { gracePeriodSeconds: 600 });
      const limit = () => patch(old.keyId, { budget: { usd: 1, period: "day" } });
      let rotated: HttpReply;
      if (when === "while the key is replaced") {
        let changed: () => void = () => undefined;
        holdUnkey(
          "rerollKey",
          new Promise<void>((resolve) => {
            changed = resolve;
          }),
        );
        const rotating = rotate();
        expect((await limit()).status).toBe(200);
        changed();
        rotated = await rotating;
      } else {
        const { arrived, pass } = holdTransaction();
        const limiting = limit();
        await arrived;
        rotated = await rotate();
        pass();
        expect((await limiting).status).toBe(200);
      }
      const [before, after] = [await markOf(old), await markOf(rotated.data<NewKey>())];
      expect(before?.budget).toBeDefined();
      expect(after?.budget).toEqual(before?.budget);
    },
  );

  it("are changed on every key of a long chain of rotations", async () => {
    const first = await create();
    const chain = Array.from({ length: 70 }, (_, index) => `key_of_${first.keyId}_${index}`);
    const row = { userId: user.userId, createdAt: new Date().toISOString(), rateLimit: 60, enabled: true };
    for (const [index, keyId] of chain.entries()) {
      await insertKey({ ...row, keyId, keyHash: hashKey(keyId), rotatedFrom: chain[index - 1] ?? first.keyId });
    }
    expect((await patch(first.keyId, { tokensPerMinute: 7 })).status).toBe(200);
    const marks = await Promise.all(chain.map((keyId) => readKeyMark(hashKey(keyId))));
    expect(marks.filter((mark) => mark?.tokensPerMinute === 7)).toHaveLength(chain.length);
  });

  it("are read of all keys, however long the lists of their models are", async () => {
    const row = { userId: user.userId, createdAt: new Date().toISOString(), rateLimit: 60, enabled: true };
    const allowedModels = Array.from({ length: 100 }, (_, index) => `openai/${String(index).padStart(190, "x")}`);
    const ids = Array.from({ length: 70 }, (_, index) => `key_${index}`);
    for (const keyId of ids)
      await insertKey({ ...row, keyId, keyHash: newUser(), limits: { id: keyId, allowedModels } });
    expect(await listUserKeys(user.userId)).toHaveLength(ids.length);
  });

  const sumsOf = async () =>
    Object.keys((await getItem("keys", rowKeys.admission(user.userId), { consistent: true })) ?? {}).filter((name) =>
      name.startsWith("budget#"),
    );

  it("leave no sum of a budget behind that was replaced, and no alert", async () => {
    const made = await create({ budget: { usd: 5, period: "month" } });
    for (const period of ["day", "week", "total", "month"] as const) {
      await book(made, 1n);
      const budget = (await markOf(made))?.budget;
      if (budget === undefined) throw new Error("The key has no budget");
      const { id: budgetId, picoUsd: limitPicoUsd } = budget;
      const alert = {
        budgetId,
        period: periodName(budget.period, Date.now()),
        percent: 50,
        limitPicoUsd,
        at: Date.now(),
      };
      await noteAlert(user.userId, alert, undefined);
      await patch(made.keyId, { budget: { usd: 5, period } });
      // Another budget of the same period would be the same one.
      expect([await sumsOf(), [...(await listAlerts(user.userId)).keys()]]).toEqual([[], []]);
    }
    const kept = await create({ budget: { usd: 5, period: "day" } });
    await book(kept, 1n);
    await patch(made.keyId, { budget: null });
    expect(await sumsOf()).toHaveLength(1);
  });

  it("leave no sum behind when both keys of a rotation are revoked at once", async () => {
    const old = await create({ budget: { usd: 5, period: "total" } });
    await book(old, 1n);
    const next = (await browser.post(`${path}/${old.keyId}/rotate`, { gracePeriodSeconds: 600 })).data<NewKey>();
    const replies = await Promise.all([old, next].map(({ keyId }) => browser.delete(`${path}/${keyId}`)));
    expect(replies.map(({ status }) => status)).toEqual([204, 204]);
    expect(await sumsOf()).toEqual([]);
  });

  it("are no more budgets than the maximum when many are made at once", async () => {
    const asks = Array.from({ length: maxBudgets + 8 }, () =>
      browser.post(path, { name: "One of many", budget: { usd: 1, period: "day" } }),
    );
    const statuses = (await Promise.all(asks)).map(({ status }) => status);
    expect(statuses.filter((status) => status !== 201 && status !== 409)).toEqual([]);
    const budgeted = (await list()).filter(({ budget }) => budget !== null);
    expect(budgeted.length).toBe(statuses.filter((status) => status === 201).length);
    expect(budgeted.length).toBeLessThanOrEqual(maxBudgets);
    expect(budgeted.length).toBeGreaterThan(0);
  });

  it("keep the secret of alerts that is in use when a change fails after it", async () => {
    const url = "https://93.184.215.14/alerts";
    const made = await create({ budget: { usd: 1, period: "day" }, alertWebhookUrl: url });
    const before = await findUserKey(user.userId, made.keyId);
    const changes = { alertWebhookUrl: "https://93.184.215.14/elsewhere", budget: { usd: 2, period: "day" } };
    standIns().unkey.intercept = ({ path: asked }) =>
      asked.endsWith("updateKey") ? { kind: "answer", status: 500, body: "{}" } : undefined;
    expect((await patch(made.keyId, changes)).status).toBe(503);
    standIns().unkey.intercept = ({ path: asked }) =>
      asked.endsWith("getKey") ? { kind: "answer", status: 500, body: "{}" } : undefined;
    expect((await patch(made.keyId, changes)).status).toBe(503);
    standIns().unkey.reset();
    expect((await findUserKey(user.userId, made.keyId))?.alertWebhook).toEqual(before?.alertWebhook);
    const after = (await patch(made.keyId, changes)).data();
    expect(after).toMatchObject({ alertWebhookUrl: changes.alertWebhookUrl, alertWebhookSecret: expect.any(String) });
    expect((await findUserKey(user.userId, made.keyId))?.alertWebhook?.url).toBe(changes.alertWebhookUrl);
  });

  it("are held against hostile values, each named in the answer, before anything is made", async () => {
    const bad: readonly [object, string][] = [
      [{ budget: { usd: -1, period: "day" } }, "budget.usd"],
      [{ budget: { usd: "5", period: "day" } }, "budget.usd"],
      [{ budget: { usd: 1e9, period: "day" } }, "budget.usd"],
      [{ budget: { usd: null, period: "day" } }, "budget.usd"],
      [{ budget: { usd: 1, period: "year" } }, "budget.period"],
      [{ budget: { usd: 1 } }, "budget.period"],
      [{ budget: { usd: 1, period: "day", id: "other" } }, "budget.id"],
      [{ budget: [] }, "budget"],
      [{ budget: "5" }, "budget"],
      [{ allowedModels: [] }, "allowedModels"],
      [{ allowedModels: ["no-such-model"] }, "allowedModels[0]"],
      [{ allowedModels: ["gpt-5.2", "nobody/*"] }, "allowedModels[1]"],
      [{ allowedModels: ["*"] }, "allowedModels[0]"],
      [{ allowedModels: ["auto"] }, "allowedModels[0]"],
      [{ allowedModels: ["__proto__"] }, "allowedModels[0]"],
      [{ allowedModels: [`openai/${"x".repeat(300)}`] }, "allowedModels[0]"],
      [{ allowedModels: Array.from({ length: 101 }, () => "gpt-5.2") }, "allowedModels"],
      [{ tokensPerMinute: 0 }, "tokensPerMinute"],
      [{ tokensPerMinute: 1.5 }, "tokensPerMinute"],
      [{ tokensPerMinute: 1e12 }, "tokensPerMinute"],
    ];
    const made = await create();
    for (const [body, param] of bad) {
      for (const reply of [await browser.post(path, { name: "Bad", ...body }), await patch(made.keyId, body)]) {
        expect(reply.status, JSON.stringify(body)).toBe(400);
        expect(reply.error().param, JSON.stringify(body)).toBe(param);
      }
    }
    expect(await list()).toHaveLength(1);
  });

  it("send alerts where the key says, whose secret is shown once and handed on by a rotation", async () => {
    const url = "https://93.184.215.14/alerts";
    const made = await create({ budget: { usd: 1, period: "day" }, alertWebhookUrl: url });
    expect(made).toMatchObject({ alertWebhookUrl: url, alertWebhookSecret: expect.stringMatching(/^whsec_/) });
    const shown = await listed(made.keyId);
    expect(shown).toMatchObject({ alertWebhookUrl: url, lastAlert: null });
    expect(JSON.stringify(shown)).not.toMatch(/whsec_|Secret/);
    const next = (await browser.post(`${path}/${made.keyId}/rotate`, { gracePeriodSeconds: 600 })).data();
    expect(next).toMatchObject({ alertWebhookUrl: url });
    expect((await patch(made.keyId, { alertWebhookUrl: null })).data()).toMatchObject({ alertWebhookUrl: null });
    for (const bad of ["http://example.com/", "https://127.0.0.1/", "https://localhost/", "nowhere", 5]) {
      const reply = await patch(made.keyId, { alertWebhookUrl: bad });
      expect([reply.status, reply.error().param]).toEqual([400, "alertWebhookUrl"]);
    }
  });

  it("of another user's key are nobody else's: 404, and nothing changes", async () => {
    const made = await create({ budget: { usd: 5, period: "day" } });
    const stranger = await new Browser().signIn(await standIns().createUser());
    expect((await stranger.patch(`${path}/${made.keyId}`, { budget: null })).status).toBe(404);
    expect(await listed(made.keyId)).toMatchObject({ budget: { usd: 5 } });
  });

  it("are at most so many budgets of one user, since each adds to the row that every request writes", async () => {
    const made: NewKey[] = [];
    for (let count = 0; count < maxBudgets; count++) made.push(await create({ budget: { usd: 1, period: "day" } }));
    const more = await browser.post(path, { name: "More", budget: { usd: 1, period: "day" } });
    expect(more.error()).toMatchObject({ code: "CONFLICT", param: "budget" });
    const plain = await create();
    expect((await patch(plain.keyId, { budget: { usd: 1, period: "day" } })).status).toBe(409);
    // A budget that is there may still be changed.
    expect((await patch(made[0]?.keyId ?? "", { budget: { usd: 2, period: "week" } })).status).toBe(200);
    await patch(made[1]?.keyId ?? "", { budget: null });
    expect((await patch(plain.keyId, { budget: { usd: 1, period: "day" } })).status).toBe(200);
  });

  it("show each endpoint's request limit as it is enforced", async () => {
    const key = await create({ rateLimit: 25 });
    const shown = (await listed(key.keyId))?.limits ?? {};
    const own = (await byKey(key.key)).data<{
      readonly endpoints: readonly { readonly name: string; readonly limit: number }[];
    }>();
    expect(Object.fromEntries(own.endpoints.map(({ name, limit }) => [name, limit]))).toEqual(
      Object.fromEntries(Object.entries(shown).map(([name, { limit }]) => [name, limit])),
    );
    const taken = (routes as readonly Route[]).filter(({ auth }) => auth === "key" || auth === "key-or-session");
    expect(new Set(Object.keys(shown))).toEqual(new Set(taken.flatMap(({ limit }) => limit?.name ?? [])));
    // A request that its endpoint refuses for its body, or lets through, is counted all the same.
    for (const [name, { limit }] of Object.entries(shown)) {
      const route = taken.find((each) => each.limit?.name === name);
      if (route === undefined) throw new Error(`No route has the limit ${name}`);
      const ask = ({ key: own }: NewKey) =>
        request({
          method: route.methods[0] ?? "GET",
          path: route.path.replace(/\{.*?\}/, "x"),
          headers: { authorization: `Bearer ${own}` },
          ...(route.methods[0] === "GET" ? {} : { body: "{" }),
        });
      // Windows are fixed: requests on both sides of an edge are none of one window.
      const windowNow = () => Math.floor(Date.now() / 60_000);
      let made: { readonly statuses: readonly number[]; readonly refused: ReturnType<HttpReply["error"]> } | undefined;
      while (made === undefined) {
        const began = windowNow();
        const fresh = await create({ rateLimit: 25 });
        const statuses: number[] = [];
        for (let count = 0; count <= limit; count++) statuses.push((await ask(fresh)).status);
        const last = await ask(fresh);
        if (windowNow() === began) made = { statuses, refused: last.error() };
      }
      const { statuses, refused } = made;
      expect(statuses.indexOf(429), name).toBe(limit);
      expect(refused.message).toMatch(new RegExp(`limit of ${limit} requests in`));
      expect(refused.details).toMatchObject({
        limit: limit === 25 ? "requests" : name,
        maxRequests: limit,
        resetAt: expect.stringMatching(/Z$/),
        retryAfter: expect.any(Number),
      });
    }
  }, 120_000);

  it("GET /api/v1/limits names the cap, the open requests and every endpoint, to a session and to a key", async () => {
    const made = await create({ budget: { usd: 5, period: "day" } });
    await book(made, 1_000_000_000_000n);
    const cap = {
      usd: 5,
      spentUsd: 0,
      reservedUsd: 0,
      remainingUsd: 5,
      resetAt: expect.stringMatching(/T00:00:00\.000Z$/),
    };
    const session = (await browser.get("/api/v1/limits")).data<{
      readonly endpoints: readonly { readonly name: string }[];
    }>();
    expect(session).toMatchObject({ dailyCap: cap, openRequests: { limit: expect.any(Number), open: 0 }, key: null });
    expect(session.endpoints.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["keys", "usage", "count-tokens-user"]),
    );
    const keyed = (await byKey(made.key, "/api/v1/limits")).data();
    expect(keyed).toMatchObject({ dailyCap: cap, key: { keyId: made.keyId, budget: { spentUsd: 1 } } });
    expect(JSON.stringify(keyed)).not.toContain(made.key);
    expect((await request({ path: "/api/v1/limits" })).status).toBe(401);
    expect((await request({ path: "/api/v1/key", headers: { cookie: browser.cookieHeader } })).status).toBe(401);
  });
});
