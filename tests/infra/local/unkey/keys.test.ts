import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiId, startTestUnkey, type TestUnkey } from "./unkey.ts";

const base58 = "[1-9A-HJ-NP-Za-km-z]";

describe("keys", () => {
  let unkey: TestUnkey;
  beforeAll(async () => {
    unkey = await startTestUnkey();
  });
  afterAll(() => unkey.close());

  const get = (keyId: string) => unkey.call("keys.getKey", { keyId });

  it("are made of the prefix and base58, and shown again by prefix and 4 characters only", async () => {
    const { key, keyId } = await unkey.createKey({ prefix: "ck", byteLength: 24 });
    expect(key).toMatch(new RegExp(`^ck_${base58}{28,33}$`));
    const record = await get(keyId);
    expect(record).toEqual({ keyId, start: key.slice(0, 7), enabled: true, createdAt: unkey.clock.nowMs });
    expect(JSON.stringify(record)).not.toContain(key);
    expect(await unkey.call("keys.whoami", { key })).toEqual(record);
  });

  it("have no prefix when none is asked for", async () => {
    const { key, keyId } = await unkey.createKey();
    expect(key).toMatch(new RegExp(`^${base58}+$`));
    expect(await get(keyId)).toMatchObject({ start: key.slice(0, 4) });
  });

  it("remember when they were last used", async () => {
    const { key, keyId } = await unkey.createKey();
    unkey.clock.nowMs += 5;
    await unkey.verify(key);
    expect(await get(keyId)).toMatchObject({ lastUsedAt: unkey.clock.nowMs });
  });

  it("share the identity of their external id", async () => {
    const first = await unkey.createKey({ externalId: "together" });
    const second = await unkey.createKey({ externalId: "together" });
    const identity = await unkey.call("identities.getIdentity", { identity: "together" });
    expect(await get(first.keyId)).toMatchObject({ identity });
    expect(await get(second.keyId)).toMatchObject({ identity });
  });

  it("keep by an update what is absent from it, and lose what is null", async () => {
    const full = { name: "a", meta: { a: 1 }, expires: 4_000_000_000_000, externalId: "me", credits: { remaining: 1 } };
    const { keyId } = await unkey.createKey(full);
    const before = await get(keyId);
    unkey.clock.nowMs += 1;
    await unkey.call("keys.updateKey", { keyId, name: "b" });
    expect(await get(keyId)).toEqual({ ...(before as object), name: "b", updatedAt: unkey.clock.nowMs });
    const cleared = { name: null, meta: null, expires: null, externalId: null, credits: null };
    expect(await unkey.call("keys.updateKey", { keyId, ...cleared })).toEqual({});
    const kept = ["createdAt", "enabled", "keyId", "start", "updatedAt"];
    expect(Object.keys((await get(keyId)) as object).sort()).toEqual(kept);
  });

  it("are gone once deleted, permanently or not", async () => {
    for (const permanent of [true, false]) {
      const { keyId, key } = await unkey.createKey();
      await unkey.call("keys.deleteKey", { keyId, permanent });
      expect((await unkey.verify(key)).code).toBe("NOT_FOUND");
      for (const path of ["keys.getKey", "keys.deleteKey"]) {
        expect((await unkey.post(path, { keyId })).status).toBe(404);
      }
    }
  });

  it("cannot be recoverable, since only hashes are kept", async () => {
    expect((await unkey.post("keys.createKey", { apiId, recoverable: true })).status).toBe(412);
  });

  describe("rerolled", () => {
    const settings = {
      prefix: "ck",
      name: "mine",
      externalId: "roller",
      meta: { a: 1 },
      permissions: ["chat"],
      roles: ["member"],
      credits: { remaining: 9 },
      ratelimits: [{ name: "requests", limit: 2, duration: 60_000, autoApply: true }],
    };

    it("give a new key with the old one's configuration, and both work until the old one's time is up", async () => {
      const old = await unkey.createKey(settings);
      const rerolled = (await unkey.call("keys.rerollKey", { keyId: old.keyId, expiration: 1_000 })) as typeof old;
      expect(rerolled.keyId).not.toBe(old.keyId);
      expect(rerolled.key).toMatch(/^ck_/);
      const record = await get(rerolled.keyId);
      const { prefix: _, externalId, ratelimits, ...same } = settings;
      expect(record).toMatchObject({ ...same, identity: { externalId }, ratelimits, start: rerolled.key.slice(0, 7) });
      expect(record).not.toHaveProperty("expires");
      expect((await unkey.verify(old.key)).code).toBe("VALID");
      expect((await unkey.verify(rerolled.key)).code).toBe("VALID");
      unkey.clock.nowMs += 1_000;
      expect((await unkey.verify(old.key)).code).toBe("EXPIRED");
      expect((await unkey.verify(rerolled.key)).code).toBe("VALID");
    });

    it("end at once with an expiration of 0, and never later than they would have", async () => {
      const now = await unkey.createKey();
      await unkey.call("keys.rerollKey", { keyId: now.keyId, expiration: 0 });
      expect((await unkey.verify(now.key)).code).toBe("EXPIRED");
      const expires = unkey.clock.nowMs + 10;
      const soon = await unkey.createKey({ expires });
      await unkey.call("keys.rerollKey", { keyId: soon.keyId, expiration: 60_000 });
      expect(await get(soon.keyId)).toMatchObject({ expires });
    });

    it("count from zero", async () => {
      const old = await unkey.createKey(settings);
      await unkey.verify(old.key);
      await unkey.verify(old.key);
      const rerolled = (await unkey.call("keys.rerollKey", { keyId: old.keyId, expiration: 1_000 })) as typeof old;
      expect((await unkey.verify(old.key)).code).toBe("RATE_LIMITED");
      expect((await unkey.verify(rerolled.key)).code).toBe("VALID");
    });
  });

  describe("listed", () => {
    interface Page {
      readonly data: { readonly keyId: string }[];
      readonly pagination: { readonly cursor?: string; readonly hasMore: boolean };
    }
    const list = async (body: object) => {
      const response = await unkey.post("apis.listKeys", { apiId, ...body });
      return (await response.json()) as Page;
    };

    it("come in pages, each key once, also when one is deleted between two pages", async () => {
      const keys = [];
      for (let index = 0; index < 5; index++) keys.push(await unkey.createKey({ externalId: "lister" }));
      const query = { externalId: "lister", limit: 2 };
      const first = await list(query);
      expect(first.pagination).toEqual({ hasMore: true, cursor: expect.any(String) });
      const [deleted] = first.data;
      await unkey.call("keys.deleteKey", { keyId: deleted?.keyId });
      const second = await list({ ...query, cursor: first.pagination.cursor });
      const third = await list({ ...query, cursor: second.pagination.cursor });
      expect(third.pagination).toEqual({ hasMore: false });
      const seen = [first, second, third].flatMap((page) => page.data.map(({ keyId }) => keyId));
      expect(seen.toSorted()).toEqual(keys.map(({ keyId }) => keyId).toSorted());
    });

    it("are only those of the external id, and none for one that nobody has", async () => {
      const mine = await unkey.createKey({ externalId: "only-me" });
      await unkey.createKey();
      expect((await list({ externalId: "only-me" })).data.map(({ keyId }) => keyId)).toEqual([mine.keyId]);
      expect(await list({ externalId: "nobody" })).toMatchObject({ data: [], pagination: { hasMore: false } });
    });
  });

  it.each(["keys.createKey", "apis.listKeys", "apis.getApi"])("%s does not know another API", async (path) => {
    expect((await unkey.post(path, { apiId: "api_other" })).status).toBe(404);
  });
});

describe("identities", () => {
  let unkey: TestUnkey;
  beforeAll(async () => {
    unkey = await startTestUnkey();
  });
  afterAll(() => unkey.close());

  it("are found by both ids, changed, listed and searched", async () => {
    const created = (await unkey.call("identities.createIdentity", { externalId: "User-1", meta: { a: 1 } })) as {
      identityId: string;
    };
    const identity = { id: created.identityId, externalId: "User-1", meta: { a: 1 } };
    expect(await unkey.call("identities.getIdentity", { identity: "User-1" })).toEqual(identity);
    expect(await unkey.call("identities.getIdentity", { identity: created.identityId })).toEqual(identity);
    const changed = { ...identity, meta: {} };
    expect(await unkey.call("identities.updateIdentity", { identity: "User-1", meta: {} })).toEqual(changed);
    await unkey.call("identities.createIdentity", { externalId: "other" });
    expect(await unkey.call("identities.listIdentities", { search: "user" })).toEqual([changed]);
    expect(await unkey.call("identities.listIdentities", {})).toHaveLength(2);
  });

  it("cannot be created twice", async () => {
    await unkey.call("identities.createIdentity", { externalId: "twice" });
    expect((await unkey.post("identities.createIdentity", { externalId: "twice" })).status).toBe(409);
  });

  it("leave their keys working when deleted, and free their external id", async () => {
    const { key } = await unkey.createKey({ externalId: "gone" });
    const response = await unkey.post("identities.deleteIdentity", { identity: "gone" });
    expect(await response.json()).toEqual({ meta: { requestId: expect.stringMatching(/^req_/) } });
    const verdict = await unkey.verify(key);
    expect(verdict.code).toBe("VALID");
    expect(verdict).not.toHaveProperty("identity");
    expect((await unkey.post("identities.getIdentity", { identity: "gone" })).status).toBe(404);
    await unkey.call("identities.createIdentity", { externalId: "gone" });
  });
});

describe("ratelimit", () => {
  let unkey: TestUnkey;
  beforeAll(async () => {
    unkey = await startTestUnkey();
  });
  afterAll(() => unkey.close());

  const limit = { namespace: "sign-in", identifier: "192.0.2.1", limit: 2, duration: 60_000 };

  it("counts by namespace and identifier, and charges no refused request", async () => {
    const check = (change: object = {}) => unkey.call("ratelimit.limit", { ...limit, ...change });
    const reset = unkey.clock.nowMs + 60_000;
    expect(await check()).toEqual({ limit: 2, remaining: 1, reset, success: true });
    expect(await check({ cost: 2 })).toEqual({ limit: 2, remaining: 1, reset, success: false });
    expect(await check()).toEqual({ limit: 2, remaining: 0, reset, success: true });
    expect(await check()).toMatchObject({ success: false });
    expect(await check({ identifier: "192.0.2.2" })).toMatchObject({ success: true });
    expect(await check({ namespace: "sign-up" })).toMatchObject({ success: true });
  });

  it("judges several limits each by itself", async () => {
    const first = { ...limit, namespace: "first", limit: 1 };
    const second = { ...limit, namespace: "second", limit: 5 };
    await unkey.call("ratelimit.multiLimit", [first, second]);
    expect(await unkey.call("ratelimit.multiLimit", [first, second])).toMatchObject({
      passed: false,
      limits: [
        { namespace: "first", identifier: limit.identifier, passed: false, remaining: 0 },
        { namespace: "second", identifier: limit.identifier, passed: true, remaining: 3 },
      ],
    });
  });
});
