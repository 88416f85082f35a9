import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { forgetUnknownKeys } from "#core/auth/api-key.ts";
import { setUserDisabled } from "#core/db/api-keys.ts";
import { hashKey, readKeyMark } from "#core/db/key-marks.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import { getItem, updateItem } from "#core/db/table.ts";
import { disableAllKeys } from "#core/keys/keys.ts";
import { type Fault, operationOf, type RelayedRequest } from "#tests/core/support/relay.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { Browser, type HttpReply, request } from "./support/gateway.ts";
import { captureLog } from "./support/log.ts";
import { type TestUser, unkeyKeysOf, unkeyOperation, unkeyVerdict, useStandIns } from "./support/stand-ins.ts";

interface NewKey {
  readonly keyId: string;
  readonly key: string;
  readonly name: string;
  readonly rateLimit: number;
  readonly createdAt: string;
  readonly expiresAt: string | null;
}

/** Of a key without any. */
const noLimits = {
  budget: null,
  allowedModels: null,
  tokensPerMinute: null,
  recordContent: null,
  tags: null,
  alertWebhookUrl: null,
};

type View = Omit<NewKey, "key"> & {
  readonly start: string;
  readonly enabled: boolean;
  readonly lastUsedAt: string | null;
};

const path = "/api/v1/keys";

describe.skipIf(!hasTables)(`/api/v1/keys (${tablesName})`, () => {
  const standIns = useStandIns();
  const log = captureLog();
  let user: TestUser;
  let browser: Browser;

  beforeEach(async () => {
    forgetUnknownKeys();
    user = await standIns().createUser();
    browser = await new Browser().signIn(user);
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const create = async (body: object = {}, who = browser): Promise<NewKey> => {
    const reply = await who.post(path, { name: "A key", ...body });
    expect(reply.status, reply.text).toBe(201);
    return reply.data<NewKey>();
  };
  const list = async (who = browser): Promise<readonly View[]> => (await who.get(path)).data<readonly View[]>();
  /** Any call by API key. */
  const use = (key: string): Promise<HttpReply> =>
    request({ path: "/api/v1/models", headers: { authorization: `Bearer ${key}` } });
  const expectRefused = async (key: string): Promise<void> => {
    const reply = await use(key);
    expect(reply.error()).toMatchObject({ code: "INVALID_API_KEY" });
  };
  const placesTaken = async (): Promise<unknown> =>
    (await getItem("keys", rowKeys.admission(user.userId), { consistent: true }))?.keyCount ?? 0;
  const unkeyCall =
    (name: string, fault: Fault) =>
    ({ path: called }: RelayedRequest): Fault | undefined =>
      called === `/v2/keys.${name}` ? fault : undefined;
  /** Unkey as it answers for up to 30 s after a change: from its cache. */
  const unkeyStillSaysValid = ({ keyId }: { readonly keyId: string }): void => {
    const data = {
      valid: true,
      code: "VALID",
      keyId,
      enabled: true,
      identity: { id: "id_1", externalId: user.userId, ratelimits: [] },
      ratelimits: [],
    };
    standIns().unkey.intercept = unkeyCall("verifyKey", {
      kind: "answer",
      status: 200,
      body: JSON.stringify({ meta: { requestId: "req_1" }, data }),
    });
  };
  const down: Fault = { kind: "answer", status: 500, body: "{}" };
  const failTransactions = (which: (count: number) => boolean, fault: Fault): void => {
    let count = 0;
    standIns().dynamoDb.intercept = (call) => {
      if (operationOf(call) !== "TransactWriteItems") return undefined;
      count += 1;
      return which(count) ? fault : undefined;
    };
  };
  const denied: Fault = { kind: "answer", status: 400, body: JSON.stringify({ __type: "AccessDeniedException" }) };

  describe("making and listing", () => {
    it("shows the whole key once, and it works at once", async () => {
      const made = await create({ name: "  Wörk ✓ ", rateLimit: 120 });
      expect(made).toEqual({
        keyId: expect.stringMatching(/^key_/),
        key: expect.stringMatching(/^ck_[1-9A-HJ-NP-Za-km-z]{16,}$/),
        name: "Wörk ✓",
        rateLimit: 120,
        createdAt: expect.stringMatching(/Z$/),
        expiresAt: null,
        ...noLimits,
      });
      expect((await use(made.key)).status).toBe(200);
      const [view] = await list();
      expect(view).toMatchObject({
        keyId: made.keyId,
        name: "Wörk ✓",
        rateLimit: 120,
        enabled: true,
        expiresAt: null,
        createdAt: expect.any(String),
        lastUsedAt: expect.any(String),
      });
      expect(Object.keys(view ?? {}).sort()).toEqual(
        [
          ...[
            "keyId",
            "name",
            "start",
            "rateLimit",
            "limits",
            "enabled",
            "createdAt",
            "lastUsedAt",
            "expiresAt",
            "lastAlert",
          ],
          ...Object.keys(noLimits),
        ].sort(),
      );
      expect(made.key.startsWith(view?.start ?? "-")).toBe(true);
      expect(view?.start.length).toBeLessThan(10);
    });

    it("keeps the key out of every row, log line and later answer", async () => {
      const { key, keyId } = await create();
      await use(key);
      const replies = [await browser.get(path), await browser.patch(`${path}/${keyId}`, { name: "x" })];
      const everything = JSON.stringify([replies.map(({ text }) => text), await standIns().rows("keys"), log.text()]);
      expect(everything).not.toContain(key);
      expect(everything).not.toContain(key.slice(8));
      expect(everything).toContain(hashKey(key));
    });

    it("limits to 60 requests a minute when nothing is said, and counts the key's own limit", async () => {
      expect((await create()).rateLimit).toBe(60);
      const { key } = await create({ rateLimit: 2 });
      expect([(await use(key)).status, (await use(key)).status]).toEqual([200, 200]);
      const third = await use(key);
      expect(third.error()).toMatchObject({ code: "RATE_LIMIT_EXCEEDED" });
      expect(third.headers["retry-after"]).toMatch(/^\d+$/);
    });

    it("lists past Unkey's page of 100", async () => {
      const made = await Promise.all([create(), create()]);
      // Keys of the same owner that Unkey pages through, whichever ids it sorts first.
      for (let index = 0; index < 110; index++) {
        await unkeyOperation(standIns().unkey, "keys.createKey", { apiId: "api_accounts", externalId: user.userId });
      }
      expect((await list()).map(({ keyId }) => keyId).sort()).toEqual(made.map(({ keyId }) => keyId).sort());
    });

    it("lists newest first, and each user's own only", async () => {
      const stranger = await new Browser().signIn(await standIns().createUser());
      await create({}, stranger);
      const names = ["first", "second", "third"];
      for (const name of names) {
        vi.setSystemTime(Date.now() + 1_000);
        await create({ name });
      }
      expect((await list()).map(({ name }) => name)).toEqual(names.reverse());
      expect(await list(stranger)).toHaveLength(1);
    });

    it("does not list a key that was made in Unkey by hand: it has no mark of ours", async () => {
      await unkeyOperation(standIns().unkey, "keys.createKey", { apiId: "api_accounts", externalId: user.userId });
      expect(await list()).toEqual([]);
    });

    it("is 100 keys of one user at most, also when they are asked for at once", async () => {
      await updateItem("keys", rowKeys.admission(user.userId), "SET keyCount = :count", { values: { ":count": 97 } });
      const replies = await Promise.all(Array.from({ length: 8 }, () => browser.post(path, { name: "One of many" })));
      expect(replies.filter(({ status }) => status === 201)).toHaveLength(3);
      const refused = replies.filter(({ status }) => status === 409);
      expect(refused).toHaveLength(5);
      expect(refused[0]?.error().code).toBe("CONFLICT");
      expect(await unkeyKeysOf(standIns().unkey, user.userId)).toHaveLength(3);
      expect(await placesTaken()).toBe(100);
    });

    it("is refused for a disabled user", async () => {
      await setUserDisabled(user.userId, Date.now());
      expect((await browser.post(path, { name: "Too late" })).error().code).toBe("FORBIDDEN");
      expect(await unkeyKeysOf(standIns().unkey, user.userId)).toEqual([]);
    });
  });

  describe("making one, broken off", () => {
    it.each([
      ["was not written", denied],
      ["was written and the answer lost for good", { kind: "lose-answer" } as Fault],
    ])("leaves no key in Unkey and returns the place when our row %s", async (_name, fault) => {
      failTransactions((count) => count >= 2 && count <= (fault.kind === "lose-answer" ? 5 : 2), fault);
      const reply = await browser.post(path, { name: "Broken off" });
      standIns().dynamoDb.reset();
      expect(reply.status).toBeGreaterThanOrEqual(500);
      expect(reply.error().message).not.toMatch(/denied|dynamo/i);
      expect(await unkeyKeysOf(standIns().unkey, user.userId)).toEqual([]);
      expect(await placesTaken()).toBe(0);
      expect(await list()).toEqual([]);
    });

    it.each([
      ["is down", down],
      ["hangs up", { kind: "reset" } as Fault],
      ["refuses our root key", { kind: "answer", status: 401, body: "{}" } as Fault],
    ])("writes no row and returns the place when Unkey %s", async (_name, fault) => {
      standIns().unkey.intercept = unkeyCall("createKey", fault);
      const reply = await browser.post(path, { name: "Broken off" });
      expect(reply.error()).toMatchObject({ code: "SERVICE_UNAVAILABLE" });
      expect(reply.headers["retry-after"]).toBe("5");
      expect(await placesTaken()).toBe(0);
      expect(
        (await standIns().rows("keys")).filter(
          ({ pk, sk }) => pk === `USER#${user.userId}` && String(sk).startsWith("KEY#"),
        ),
      ).toEqual([]);
    });

    it("says what broke first when taking it back breaks too, and logs the key's id, never the key", async () => {
      failTransactions((count) => count >= 2, denied);
      standIns().unkey.intercept = unkeyCall("deleteKey", down);
      const reply = await browser.post(path, { name: "Broken off" });
      standIns().dynamoDb.reset();
      standIns().unkey.reset();
      expect(reply.error()).toMatchObject({ code: "INTERNAL_ERROR" });
      expect(log.text()).toContain("could not be taken back");
      expect(log.text()).toMatch(/key_\w+/);
      expect(log.text()).not.toMatch(/ck_[1-9A-HJ-NP-Za-km-z]{16}/);
      // What is left in Unkey is not listed, and nobody has its text.
      expect(await list()).toEqual([]);
    });

    it("makes one key when only the answers of its writes were lost", async () => {
      failTransactions((count) => count === 1 || count === 3, { kind: "lose-answer" });
      const made = await create();
      standIns().dynamoDb.reset();
      expect(await placesTaken()).toBe(1);
      expect((await use(made.key)).status).toBe(200);
    });
  });

  describe("changing", () => {
    it("changes exactly the fields that are named", async () => {
      const { keyId, key } = await create({ name: "Before", rateLimit: 70 });
      const renamed = await browser.patch(`${path}/${keyId}`, { name: "After" });
      expect(renamed.status).toBe(200);
      expect(renamed.data<View>()).toMatchObject({
        keyId,
        name: "After",
        rateLimit: 70,
        enabled: true,
        expiresAt: null,
      });
      const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
      expect((await browser.patch(`${path}/${keyId}`, { rateLimit: 80, expiresAt })).data<View>()).toMatchObject({
        name: "After",
        rateLimit: 80,
        expiresAt,
      });
      expect((await browser.patch(`${path}/${keyId}`, { expiresAt: null })).data<View>()).toMatchObject({
        rateLimit: 80,
        expiresAt: null,
      });
      expect((await list())[0]).toMatchObject({ name: "After", rateLimit: 80, expiresAt: null });
      expect(await readKeyMark(hashKey(key))).toMatchObject({ rateLimit: 80, enabled: true });
      expect((await use(key)).status).toBe(200);
    });

    it("keeps both changes of two clients who change different fields at once", async () => {
      const { keyId } = await create({ name: "Before", rateLimit: 70 });
      for (let round = 1; round <= 5; round++) {
        const [one, other] = await Promise.all([
          browser.patch(`${path}/${keyId}`, { name: `Name ${round}` }),
          browser.patch(`${path}/${keyId}`, { rateLimit: 100 + round }),
        ]);
        expect([one.status, other.status]).toEqual([200, 200]);
        expect((await list())[0]).toMatchObject({ name: `Name ${round}`, rateLimit: 100 + round });
      }
    });

    it("refuses a disabled key on the very next call though Unkey still says VALID, and takes it again once enabled", async () => {
      const made = await create();
      expect((await use(made.key)).status).toBe(200);
      expect((await browser.patch(`${path}/${made.keyId}`, { enabled: false })).data<View>().enabled).toBe(false);
      unkeyStillSaysValid(made);
      await expectRefused(made.key);
      standIns().unkey.reset();
      expect((await browser.patch(`${path}/${made.keyId}`, { enabled: true })).data<View>().enabled).toBe(true);
      expect((await use(made.key)).status).toBe(200);
    });

    it("refuses the key at once also when Unkey could not be told that it is disabled", async () => {
      const made = await create();
      standIns().unkey.intercept = unkeyCall("updateKey", down);
      expect((await browser.patch(`${path}/${made.keyId}`, { enabled: false })).error().code).toBe(
        "SERVICE_UNAVAILABLE",
      );
      standIns().unkey.reset();
      expect((await unkeyVerdict(standIns().unkey, made.key)).valid).toBe(true);
      await expectRefused(made.key);
    });

    it("does not enable a key of ours before Unkey has: nothing half given", async () => {
      const made = await create();
      await browser.patch(`${path}/${made.keyId}`, { enabled: false });
      standIns().unkey.intercept = unkeyCall("updateKey", down);
      expect((await browser.patch(`${path}/${made.keyId}`, { enabled: true })).status).toBe(503);
      standIns().unkey.reset();
      expect(await readKeyMark(hashKey(made.key))).toMatchObject({ enabled: false });
      await expectRefused(made.key);
    });

    it("takes no expiry that Unkey would not take, and then changes nothing else either", async () => {
      const made = await create();
      const expiresAt = "2100-01-02T00:00:00Z";
      const reply = await browser.patch(`${path}/${made.keyId}`, { enabled: false, name: "Half", expiresAt });
      expect(reply.error()).toMatchObject({ code: "BAD_REQUEST", param: "expiresAt" });
      expect((await browser.post(path, { name: "A key", expiresAt })).error().code).toBe("BAD_REQUEST");
      expect(await list()).toMatchObject([{ name: "A key", enabled: true, expiresAt: null }]);
      expect((await use(made.key)).status).toBe(200);
      expect(await placesTaken()).toBe(1);
    });

    it("refuses an expired key by our own clock though Unkey still says VALID", async () => {
      const made = await create({ expiresAt: new Date(Date.now() + 60_000).toISOString() });
      expect((await use(made.key)).status).toBe(200);
      unkeyStillSaysValid(made);
      expect((await use(made.key)).status).toBe(200);
      vi.setSystemTime(Date.now() + 61_000);
      await expectRefused(made.key);
    });
  });

  describe("revoking", () => {
    it("refuses the key on the very next call though Unkey still says VALID, and lists it no more", async () => {
      const made = await create();
      expect((await use(made.key)).status).toBe(200);
      const reply = await browser.delete(`${path}/${made.keyId}`);
      expect([reply.status, reply.text]).toEqual([204, ""]);
      unkeyStillSaysValid(made);
      await expectRefused(made.key);
      standIns().unkey.reset();
      expect(await list()).toEqual([]);
      expect(await unkeyKeysOf(standIns().unkey, user.userId)).toEqual([]);
      expect(await placesTaken()).toBe(0);
    });

    it("refuses it while Unkey is unavailable altogether: a mark beats trust", async () => {
      const made = await create();
      await use(made.key);
      standIns().unkey.intercept = ({ path: called }) =>
        called === "/v2/ratelimit.limit" ? undefined : { kind: "reset" };
      expect((await use(made.key)).status).toBe(200);
      await browser.delete(`${path}/${made.keyId}`);
      await expectRefused(made.key);
    });

    it.each(["deleteKey", "TransactWriteItems"] as const)(
      "refuses it at once when the rest broke off at %s, and can be asked again",
      async (at) => {
        const made = await create();
        if (at === "deleteKey") standIns().unkey.intercept = unkeyCall("deleteKey", down);
        else failTransactions(() => true, denied);
        expect((await browser.delete(`${path}/${made.keyId}`)).status).toBeGreaterThanOrEqual(500);
        standIns().unkey.reset();
        standIns().dynamoDb.reset();
        unkeyStillSaysValid(made);
        await expectRefused(made.key);
        standIns().unkey.reset();
        expect((await browser.delete(`${path}/${made.keyId}`)).status).toBe(204);
        expect(await list()).toEqual([]);
        expect(await placesTaken()).toBe(0);
        expect((await browser.delete(`${path}/${made.keyId}`)).status).toBe(404);
      },
    );

    it("revokes once when asked twice at once", async () => {
      const { keyId } = await create();
      const replies = await Promise.all([browser.delete(`${path}/${keyId}`), browser.delete(`${path}/${keyId}`)]);
      for (const { status } of replies) expect([204, 404]).toContain(status);
      expect(await placesTaken()).toBe(0);
    });
  });

  describe("another user's key", () => {
    it("is 404 for every change, as one that nobody has, and stays as it is", async () => {
      const { keyId, key } = await create({ name: "Mine" });
      const stranger = await new Browser().signIn(await standIns().createUser());
      for (const id of [keyId, "key_nobodys", randomUUID()]) {
        const replies = [
          await stranger.patch(`${path}/${id}`, { enabled: false }),
          await stranger.delete(`${path}/${id}`),
          await stranger.post(`${path}/${id}/rotate`, {}),
        ];
        for (const reply of replies) {
          expect(reply.error()).toMatchObject({ code: "NOT_FOUND", message: "No key has this id." });
        }
      }
      expect((await list())[0]).toMatchObject({ name: "Mine", enabled: true });
      expect((await use(key)).status).toBe(200);
      expect(await list(stranger)).toEqual([]);
    });
  });

  describe("rotating", () => {
    const rotate = (keyId: string, body?: object, who = browser): Promise<HttpReply> =>
      who.post(`${path}/${keyId}/rotate`, body);

    it("gives a new key of the same name and limit and refuses the old one at once", async () => {
      const old = await create({ name: "Rotated", rateLimit: 90 });
      await use(old.key);
      const reply = await rotate(old.keyId);
      expect(reply.status, reply.text).toBe(201);
      const made = reply.data<NewKey>();
      expect(made).toMatchObject({ name: "Rotated", rateLimit: 90, key: expect.stringMatching(/^ck_/) });
      expect(made.keyId).not.toBe(old.keyId);
      unkeyStillSaysValid(old);
      await expectRefused(old.key);
      standIns().unkey.reset();
      expect((await use(made.key)).status).toBe(200);
      expect((await list()).map(({ keyId }) => keyId)).toEqual([made.keyId]);
      expect(await placesTaken()).toBe(1);
    });

    it("lets the old key work until the end of the grace, then refuses it by our own mark", async () => {
      const old = await create();
      const made = (await rotate(old.keyId, { gracePeriodSeconds: 60 })).data<NewKey>();
      expect((await use(old.key)).status).toBe(200);
      expect((await use(made.key)).status).toBe(200);
      unkeyStillSaysValid(old);
      vi.setSystemTime(Date.now() + 59_000);
      expect((await use(old.key)).status).toBe(200);
      vi.setSystemTime(Date.now() + 2_000);
      await expectRefused(old.key);
    });

    it("does not let a key outlive its own expiry by a longer grace, nor the new one", async () => {
      const expiresAt = new Date(Date.now() + 30_000).toISOString();
      const old = await create({ expiresAt });
      const made = (await rotate(old.keyId, { gracePeriodSeconds: 3_600 })).data<NewKey>();
      expect(made.expiresAt).toBe(expiresAt);
      unkeyStillSaysValid(old);
      vi.setSystemTime(Date.now() + 31_000);
      await expectRefused(old.key);
      unkeyStillSaysValid(made);
      await expectRefused(made.key);
    });

    it("gives a disabled key a successor that is disabled too", async () => {
      const old = await create();
      await browser.patch(`${path}/${old.keyId}`, { enabled: false });
      const made = (await rotate(old.keyId)).data<NewKey>();
      expect(await list()).toMatchObject([{ keyId: made.keyId, enabled: false }]);
      unkeyStillSaysValid(made);
      await expectRefused(made.key);
    });

    it("remembers which key the new one replaced", async () => {
      const old = await create();
      const made = (await rotate(old.keyId, { gracePeriodSeconds: 60 })).data<NewKey>();
      const row = await getItem("keys", rowKeys.userKey(user.userId, made.keyId), { consistent: true });
      expect(row).toMatchObject({ rotatedFrom: old.keyId });
    });

    it.each([
      ["Unkey's reroll fails", "unkey"],
      ["our rows cannot be written", "table"],
    ] as const)("leaves the old key as it was when %s", async (_name, at) => {
      const old = await create();
      if (at === "unkey") standIns().unkey.intercept = unkeyCall("rerollKey", down);
      else failTransactions((count) => count === 2, denied);
      expect((await rotate(old.keyId)).status).toBeGreaterThanOrEqual(500);
      standIns().unkey.reset();
      standIns().dynamoDb.reset();
      expect((await use(old.key)).status).toBe(200);
      expect(await unkeyKeysOf(standIns().unkey, user.userId)).toHaveLength(1);
      expect(await list()).toMatchObject([{ keyId: old.keyId, expiresAt: null }]);
      expect(await placesTaken()).toBe(1);
      expect((await rotate(old.keyId)).status).toBe(201);
    });

    it("gives the new key also when the old one could not be ended in full: it is shown this once", async () => {
      const old = await create();
      standIns().unkey.intercept = unkeyCall("deleteKey", down);
      const reply = await rotate(old.keyId);
      standIns().unkey.reset();
      expect(reply.status).toBe(201);
      expect((await use(reply.data<NewKey>().key)).status).toBe(200);
      await expectRefused(old.key);
      expect(log.text()).toContain("could not be marked");
    });

    it("needs a place, which the old key frees when there is no grace", async () => {
      const old = await create();
      await updateItem("keys", rowKeys.admission(user.userId), "SET keyCount = :count", { values: { ":count": 100 } });
      expect((await rotate(old.keyId)).error().code).toBe("CONFLICT");
      expect((await use(old.key)).status).toBe(200);
    });
  });

  describe("a user who is disabled", () => {
    it("loses all keys at once, also while Unkey is unavailable", async () => {
      const keys = [await create(), await create(), await create()];
      for (const { key } of keys) expect((await use(key)).status).toBe(200);
      standIns().unkey.intercept = unkeyCall("updateKey", down);
      const nowMs = Date.now();
      await setUserDisabled(user.userId, nowMs);
      await expect(disableAllKeys(user.userId, nowMs)).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
      for (const { key } of keys) await expectRefused(key);
      standIns().unkey.reset();
      expect(await disableAllKeys(user.userId, nowMs)).toBe(3);
      expect((await unkeyKeysOf(standIns().unkey, user.userId)).map(({ enabled }) => enabled)).toEqual([
        false,
        false,
        false,
      ]);
    });

    it("cannot enable a key again, nor by lifting get revoked keys back", async () => {
      const { keyId, key } = await create();
      await setUserDisabled(user.userId, Date.now());
      await disableAllKeys(user.userId, Date.now());
      await browser.patch(`${path}/${keyId}`, { enabled: true });
      await expectRefused(key);
      await setUserDisabled(user.userId, undefined);
      await expectRefused(key);
    });

    it("is disabled in full though one of the keys is gone from Unkey", async () => {
      const gone = await create();
      const other = await create();
      await unkeyOperation(standIns().unkey, "keys.deleteKey", { keyId: gone.keyId });
      expect(await disableAllKeys(user.userId, Date.now())).toBe(2);
      await expectRefused(other.key);
    });
  });

  it("asks Unkey for nothing of another API or user", async () => {
    await create();
    await list();
    const listed = standIns().unkey.requests.filter(({ path: called }) => called === "/v2/apis.listKeys");
    expect(JSON.parse(listed[0]?.body ?? "{}")).toMatchObject({ apiId: "api_accounts", externalId: user.userId });
  });
});
