import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestUnkey, type TestUnkey, type Verdict } from "./unkey.ts";

const perMinute = (name: string, limit: number, autoApply = true) => ({ name, limit, duration: 60_000, autoApply });
const remaining = (verdict: Verdict) =>
  Object.fromEntries((verdict.ratelimits ?? []).map((limit) => [limit.name, limit.remaining]));

describe("keys.verifyKey", () => {
  let unkey: TestUnkey;
  beforeAll(async () => {
    unkey = await startTestUnkey();
  });
  afterAll(() => unkey.close());

  it("answers an unknown key with a 200 that says NOT_FOUND and nothing else", async () => {
    expect(await unkey.verify("ck_unknown")).toEqual({ valid: false, code: "NOT_FOUND" });
  });

  it("tells all that is known of a valid key", async () => {
    const expires = unkey.clock.nowMs + 1_000;
    const { key, keyId } = await unkey.createKey({
      prefix: "ck",
      name: "mine",
      externalId: "user-1",
      meta: { plan: "pro" },
      expires,
      permissions: ["chat.*"],
      roles: ["member"],
      credits: { remaining: 5 },
      ratelimits: [perMinute("requests", 3)],
    });
    expect(await unkey.verify(key, { tags: ["path=/chat"] })).toEqual({
      valid: true,
      code: "VALID",
      keyId,
      name: "mine",
      meta: { plan: "pro" },
      expires,
      credits: 4,
      enabled: true,
      permissions: ["chat.*"],
      roles: ["member"],
      identity: { id: expect.stringMatching(/^id_/), externalId: "user-1" },
      ratelimits: [
        {
          exceeded: false,
          id: expect.stringMatching(/^rl_/),
          name: "requests",
          limit: 3,
          duration: 60_000,
          reset: unkey.clock.nowMs + 60_000,
          remaining: 2,
          autoApply: true,
        },
      ],
    });
  });

  it("finds the first fault: disabled, then expired, then permissions, then limits, then credits", async () => {
    const { key, keyId } = await unkey.createKey({
      enabled: false,
      expires: 1,
      ratelimits: [perMinute("requests", 1)],
      credits: { remaining: 0 },
    });
    const code = async () =>
      (await unkey.verify(key, { permissions: "admin", ratelimits: [{ name: "requests", cost: 2 }] })).code;
    const update = (change: object) => unkey.call("keys.updateKey", { keyId, ...change });
    expect(await code()).toBe("DISABLED");
    await update({ enabled: true });
    expect(await code()).toBe("EXPIRED");
    await update({ expires: null });
    expect(await code()).toBe("INSUFFICIENT_PERMISSIONS");
    await update({ permissions: ["admin"] });
    expect(await code()).toBe("RATE_LIMITED");
    await update({ ratelimits: [perMinute("requests", 2)] });
    expect(await code()).toBe("USAGE_EXCEEDED");
    await update({ credits: null });
    expect(await code()).toBe("VALID");
    await unkey.call("keys.deleteKey", { keyId });
    expect(await code()).toBe("NOT_FOUND");
  });

  it("expires a key at the very millisecond", async () => {
    const { key } = await unkey.createKey({ expires: unkey.clock.nowMs + 1 });
    expect((await unkey.verify(key)).code).toBe("VALID");
    unkey.clock.nowMs += 1;
    expect((await unkey.verify(key)).code).toBe("EXPIRED");
    unkey.clock.nowMs -= 1;
  });

  describe("rate limits", () => {
    it("charge nothing when one of several is exceeded, however often the caller tries", async () => {
      const { key } = await unkey.createKey({ ratelimits: [perMinute("wide", 10), perMinute("narrow", 1)] });
      expect(remaining(await unkey.verify(key))).toEqual({ wide: 9, narrow: 0 });
      for (let attempt = 0; attempt < 5; attempt++) {
        const refused = await unkey.verify(key);
        expect(refused).toMatchObject({ valid: false, code: "RATE_LIMITED" });
        expect(refused.ratelimits?.map(({ name, exceeded }) => [name, exceeded])).toEqual([
          ["wide", false],
          ["narrow", true],
        ]);
        expect(remaining(refused)).toEqual({ wide: 9, narrow: 0 });
      }
    });

    it("charge nothing when credits are short", async () => {
      const { key } = await unkey.createKey({ ratelimits: [perMinute("requests", 2)], credits: { remaining: 0 } });
      await unkey.verify(key);
      expect(remaining(await unkey.verify(key))).toEqual({ requests: 2 });
    });

    it("apply only when asked for, unless they apply by themselves; a cost may be given", async () => {
      const { key } = await unkey.createKey({ ratelimits: [perMinute("always", 10), perMinute("tokens", 100, false)] });
      expect(remaining(await unkey.verify(key))).toEqual({ always: 9 });
      const asked = {
        ratelimits: [
          { name: "tokens", cost: 30 },
          { name: "always", cost: 0 },
        ],
      };
      expect(remaining(await unkey.verify(key, asked))).toEqual({ always: 9, tokens: 70 });
    });

    it("may come with the request: then they have no id, and count by key and name", async () => {
      const { key } = await unkey.createKey();
      const other = await unkey.createKey();
      const ratelimits = [{ name: "chat-completions", limit: 2, duration: 60_000 }];
      expect((await unkey.verify(key, { ratelimits })).ratelimits).toEqual([
        expect.objectContaining({ id: "", name: "chat-completions", limit: 2, remaining: 1, autoApply: false }),
      ]);
      await unkey.verify(key, { ratelimits });
      expect((await unkey.verify(key, { ratelimits })).code).toBe("RATE_LIMITED");
      expect((await unkey.verify(other.key, { ratelimits })).code).toBe("VALID");
    });

    it("combine the key's own and the endpoint's in one call", async () => {
      const { key } = await unkey.createKey({ ratelimits: [perMinute("requests", 5)] });
      const ratelimits = [{ name: "chat-completions", limit: 2, duration: 10_000 }];
      expect(remaining(await unkey.verify(key, { ratelimits }))).toEqual({ requests: 4, "chat-completions": 1 });
    });

    it("are refused with 412 when nobody knows their name and no numbers are given", async () => {
      const { key } = await unkey.createKey();
      const response = await unkey.post("keys.verifyKey", { key, ratelimits: [{ name: "unknown" }] });
      expect(response.status).toBe(412);
      expect(await response.json()).toMatchObject({ error: { status: 412, title: "Precondition Failed" } });
    });

    it("of an identity are shared by its keys; a key's own of the same name comes first", async () => {
      await unkey.call("identities.createIdentity", { externalId: "shared", ratelimits: [perMinute("requests", 2)] });
      const first = await unkey.createKey({ externalId: "shared" });
      const second = await unkey.createKey({ externalId: "shared" });
      const own = await unkey.createKey({ externalId: "shared", ratelimits: [perMinute("requests", 9)] });
      expect(remaining(await unkey.verify(first.key))).toEqual({ requests: 1 });
      expect(remaining(await unkey.verify(second.key))).toEqual({ requests: 0 });
      expect((await unkey.verify(first.key)).code).toBe("RATE_LIMITED");
      expect(remaining(await unkey.verify(own.key))).toEqual({ requests: 8 });
    });

    it("slide: early in a window most of the last one still counts, later less", async () => {
      const { key } = await unkey.createKey({ ratelimits: [perMinute("requests", 10)] });
      const start = unkey.clock.nowMs;
      const code = async () => (await unkey.verify(key)).code;
      for (let request = 0; request < 10; request++) expect(await code()).toBe("VALID");
      expect(await code()).toBe("RATE_LIMITED");
      unkey.clock.nowMs = start + 60_000;
      expect(await code()).toBe("RATE_LIMITED");
      unkey.clock.nowMs = start + 90_000;
      expect(remaining(await unkey.verify(key))).toEqual({ requests: 4 });
      unkey.clock.nowMs = start + 180_000;
      expect(remaining(await unkey.verify(key))).toEqual({ requests: 9 });
      unkey.clock.nowMs = start;
    });

    it("admit exactly the limit out of 50 at once", async () => {
      const { key } = await unkey.createKey({ ratelimits: [perMinute("requests", 20)] });
      const verdicts = await Promise.all(Array.from({ length: 50 }, () => unkey.verify(key)));
      expect(verdicts.filter(({ valid }) => valid)).toHaveLength(20);
    });

    it("keep their count when the limit is changed", async () => {
      const { key, keyId } = await unkey.createKey({ ratelimits: [perMinute("requests", 5)] });
      await unkey.verify(key);
      await unkey.call("keys.updateKey", { keyId, ratelimits: [perMinute("requests", 3)] });
      expect(remaining(await unkey.verify(key))).toEqual({ requests: 1 });
    });
  });

  describe("credits", () => {
    it("are spent by 1, or by the cost given, and never below zero", async () => {
      const { key } = await unkey.createKey({ credits: { remaining: 3 } });
      expect(await unkey.verify(key)).toMatchObject({ code: "VALID", credits: 2 });
      expect(await unkey.verify(key, { credits: { cost: 3 } })).toMatchObject({ code: "USAGE_EXCEEDED", credits: 2 });
      expect(await unkey.verify(key, { credits: { cost: 2 } })).toMatchObject({ code: "VALID", credits: 0 });
    });

    it("are unlimited when null", async () => {
      const { key } = await unkey.createKey({ credits: { remaining: null } });
      expect(await unkey.verify(key)).not.toHaveProperty("credits");
    });
  });

  it.each([
    ["chat.read", "VALID"],
    ["chat.write", "VALID"],
    ["billing", "INSUFFICIENT_PERMISSIONS"],
    ["billing OR chat.read", "VALID"],
    ["billing AND chat.read OR admin", "VALID"],
    ["(admin OR chat.read) AND billing", "INSUFFICIENT_PERMISSIONS"],
  ])("judges the permissions query %s as %s", async (permissions, code) => {
    const { key } = await unkey.createKey({ permissions: ["chat.*", "admin"] });
    expect((await unkey.verify(key, { permissions })).code).toBe(code);
  });

  it.each(["AND", "(a", "a b", "a OR", "a)", "a & b"])("refuses the permissions query %s", async (permissions) => {
    const { key } = await unkey.createKey();
    expect((await unkey.post("keys.verifyKey", { key, permissions })).status).toBe(400);
  });
});
