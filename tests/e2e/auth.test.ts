import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { hashKey } from "#core/db/key-marks.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import { eventually, type TestKey, useCloud } from "#tests/support/cloud.ts";
import { withinOneMinute } from "#tests/support/one-minute.ts";
import { chat, type Reply, send, user } from "./client.ts";
import { startUnkeyProxy, type UnkeyProxy } from "./unkey-proxy.ts";

let proxy: UnkeyProxy;
// Tenths of the contract's limits: 6 chats and 12 looks at the models a minute.
const cloud = useCloud(async () => {
  proxy = await startUnkeyProxy();
  return { env: { UNKEY_URL: proxy.url, RATE_LIMIT_SCALE: "0.1" } };
});
afterAll(() => proxy.close());
afterEach(() => proxy.setMode("up"));

const models = (headers: Readonly<Record<string, string>>): Promise<Reply> =>
  send(`${cloud().baseUrl}/models`, { headers });
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const asked = (key: string): number => proxy.verified.filter((verified) => verified === key).length;

const invalid = {
  code: "INVALID_API_KEY",
  message: "The API key is invalid. Create one in the dashboard under Keys.",
  type: "authentication_error",
  param: null,
  details: {},
};

describe("no key", () => {
  it.each([
    ["no header", {}],
    ["an empty X-API-Key", { "x-api-key": "" }],
    ["another scheme", { authorization: "Basic Y2s6Y2s=" }],
    ["Bearer without a key", { authorization: "Bearer" }],
  ])("with %s is UNAUTHORIZED", async (_, headers) => {
    const reply = await models(headers);
    expect(reply.status).toBe(401);
    expect(reply.error()).toMatchObject({ code: "UNAUTHORIZED", type: "authentication_error" });
  });
});

describe("what cannot be a key", () => {
  it.each([
    ["too short", "ck_short"],
    ["over-long", `ck_${"a".repeat(2_000)}`],
    ["with another prefix", "sk_4kDn5Yw8Zp2Qm7Xb3Rt6Vc"],
    ["with letters outside of the alphabet", "ck_0OIl0OIl0OIl0OIl0OIl"],
  ])("%s is INVALID_API_KEY and Unkey is not asked", async (_, key) => {
    const before = proxy.verified.length;
    for (const headers of [bearer(key), { "x-api-key": key }]) {
      const reply = await models(headers);
      expect(reply.status).toBe(401);
      expect(reply.error()).toEqual(invalid);
    }
    expect(proxy.verified).toHaveLength(before);
  });
});

describe("two headers", () => {
  it("with two different keys are a 400, and Unkey is not asked", async () => {
    const [one, other] = [await cloud().createKey(), await cloud().createKey()];
    const reply = await models({ ...bearer(one.key), "x-api-key": other.key });
    expect(reply.status).toBe(400);
    expect(reply.error()).toMatchObject({ code: "BAD_REQUEST", param: "X-API-Key" });
    expect(asked(one.key) + asked(other.key)).toBe(0);
  });

  it("with the same key are fine, as is each alone", async () => {
    const { key } = await cloud().createKey();
    for (const headers of [{ ...bearer(key), "x-api-key": key }, bearer(key), { "x-api-key": key }])
      expect((await models(headers)).status).toBe(200);
    expect(asked(key)).toBe(3);
  });
});

describe("a key that may not pass", () => {
  const refusedKeys: readonly (readonly [string, () => Promise<string>])[] = [
    ["unknown", async () => "ck_4kDn5Yw8Zp2Qm7Xb3Rt6Vc"],
    [
      "deleted",
      async () => {
        const { key, keyId } = await cloud().createKey();
        await cloud().unkey.keys.deleteKey({ keyId, permanent: false });
        return key;
      },
    ],
    [
      "disabled",
      async () => {
        const { key, keyId } = await cloud().createKey();
        await cloud().unkey.keys.updateKey({ keyId, enabled: false });
        return key;
      },
    ],
    ["expired", async () => (await cloud().createKey({ expires: Date.now() + 40 })).key],
  ];

  it.each(refusedKeys)("since it is %s gets one and the same answer", async (_, make) => {
    const key = await make();
    // An expiry has to lie in the future when the key is made.
    const reply = await eventually(async () => {
      const answer = await models(bearer(key));
      expect(answer.status).toBe(401);
      return answer;
    });
    expect(reply.error()).toEqual(invalid);
  });

  it.each([
    ["revoked", "revokedAt", Date.now()],
    ["disabled", "enabled", false],
    ["expired", "expiresAtMs", Date.now() - 1],
  ])("by our own mark (%s) is refused on the very next call, whatever Unkey still says", async (_, name, value) => {
    const { key } = await cloud().createKey();
    expect((await models(bearer(key))).status).toBe(200);
    const mark = rowKeys.keyMark(hashKey(key));
    await eventually(async () => expect(await cloud().row("keys", mark)).toBeDefined());
    await cloud().setAttribute("keys", mark, name, value);
    const reply = await models(bearer(key));
    expect(reply.status).toBe(401);
    expect(reply.error()).toEqual(invalid);
    // Nor does it come back while Unkey is unavailable.
    proxy.setMode("reset");
    expect((await models(bearer(key))).status).toBe(401);
  });

  it("since its user is disabled generates nothing", async () => {
    const { key, userId } = await cloud().createKey();
    const hello = { model: "gpt-4o-mini", messages: [user("Hello")] };
    expect((await chat(cloud(), hello, key)).status).toBe(200);
    await cloud().setAttribute("keys", rowKeys.admission(userId), "disabledAt", Date.now());
    const reply = await chat(cloud(), hello, key);
    expect(reply.status).toBe(401);
    expect(reply.error()).toEqual(invalid);
  });

  it("since it is unknown is not asked about again for a while", async () => {
    const key = "ck_7Xb3Rt6Vc4kDn5Yw8Zp2Qm";
    for (let times = 0; times < 5; times++) expect((await models(bearer(key))).status).toBe(401);
    // Each environment remembers for itself, and one after another they are nearly always served by one.
    expect(asked(key)).toBeLessThanOrEqual(2);
  });

  it("with a broken body learns nothing about its body", async () => {
    for (const body of ["{ not json", JSON.stringify({ model: "no-such-model" })]) {
      const reply = await chat(cloud(), body, "ck_4kDn5Yw8Zp2Qm7Xb3Rt6Vd");
      expect(reply.status).toBe(401);
      expect(reply.error()).toEqual(invalid);
    }
  });
});

describe("limits", () => {
  it("of the key: 429 with Retry-After, details.retryAfter and the three headers", async () => {
    const { key } = await cloud().createKey({ rateLimit: 2 });
    const first = await models(bearer(key));
    expect(first.headers.get("x-ratelimit-limit")).toBe("2");
    expect(first.headers.get("x-ratelimit-remaining")).toBe("1");
    expect((await models(bearer(key))).status).toBe(200);
    const refused = await models(bearer(key));
    expect(refused.status).toBe(429);
    const { code, type, details } = refused.error();
    expect({ code, type }).toEqual({ code: "RATE_LIMIT_EXCEEDED", type: "rate_limit_error" });
    const retryAfter = Number(refused.headers.get("retry-after"));
    expect(retryAfter).toBeGreaterThanOrEqual(1);
    expect(retryAfter).toBeLessThanOrEqual(60);
    expect(details.retryAfter).toBe(retryAfter);
    expect(refused.headers.get("x-ratelimit-limit")).toBe("2");
    expect(refused.headers.get("x-ratelimit-remaining")).toBe("0");
    const reset = Number(refused.headers.get("x-ratelimit-reset"));
    expect(Math.abs(reset - Date.now() / 1_000)).toBeLessThanOrEqual(61);
  });

  it("of the endpoint: counted in the same one call to Unkey, apart for each endpoint", async () => {
    const { key, replies } = await withinOneMinute(async () => {
      const { key } = await cloud().createKey();
      const replies: Reply[] = [];
      for (let times = 0; times < 13; times++) replies.push(await models(bearer(key)));
      return { key, replies };
    });
    expect(replies.map(({ status }) => status)).toEqual([...Array<number>(12).fill(200), 429]);
    expect(replies[0]?.headers.get("x-ratelimit-limit")).toBe("12");
    expect(replies[0]?.headers.get("x-ratelimit-remaining")).toBe("11");
    expect(asked(key)).toBe(13);
    const other = await chat(cloud(), { model: "gpt-4o-mini", messages: [user("Hi")] }, key);
    expect(other.status).toBe(200);
    expect(other.headers.get("x-ratelimit-limit")).toBe("6");
  });

  it("refuse before the body is looked at", async () => {
    const { key } = await cloud().createKey({ rateLimit: 1 });
    await models(bearer(key));
    expect((await chat(cloud(), "{ not json", key)).status).toBe(429);
  });
});

describe("while Unkey is down", () => {
  const markOf = (key: string) => cloud().row("keys", rowKeys.keyMark(hashKey(key)));

  /** A key that the gateway has seen, once its verification is noted. */
  const knownKey = async (rateLimit?: number): Promise<TestKey> => {
    const made = await cloud().createKey(rateLimit === undefined ? {} : { rateLimit });
    expect((await models(bearer(made.key))).status).toBe(200);
    await eventually(async () => expect(await markOf(made.key)).toMatchObject({ verifiedAt: expect.any(Number) }));
    return made;
  };

  it.each(["reset", "error-500", "silent"] as const)(
    "(%s) a known key goes on and an unknown one gets 503 with Retry-After, never 401",
    async (mode) => {
      const known = await knownKey();
      const fresh = await cloud().createKey();
      proxy.setMode(mode);
      const served = await models(bearer(known.key));
      expect(served.status).toBe(200);
      expect(served.headers.get("x-ratelimit-limit")).toBe("12");
      for (const key of [fresh.key, "ck_9Zp2Qm7Xb3Rt6Vc4kDn5Yw"]) {
        const refused = await models(bearer(key));
        expect(refused.status).toBe(503);
        expect(refused.error().code).toBe("SERVICE_UNAVAILABLE");
        expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      }
      proxy.setMode("up");
      expect((await models(bearer(fresh.key))).status).toBe(200);
    },
  );

  it("a known key generates, and its usage is metered", async () => {
    const known = await knownKey();
    proxy.setMode("reset");
    const reply = await chat(cloud(), { model: "gpt-4o-mini", messages: [user("Hi")] }, known.key);
    expect(reply.status).toBe(200);
    expect(await cloud().settledUsage(known.userId, reply.requestId)).toMatchObject({
      status: "ok",
      keyId: known.keyId,
    });
  });

  it("a known key is held to its own limit by the local limiter", async () => {
    const known = await knownKey(4);
    proxy.setMode("reset");
    const statuses: number[] = [];
    let refused: Reply | undefined;
    // Each environment counts for itself; one after another they are all served by one.
    for (let times = 0; times < 12; times++) {
      const reply = await models(bearer(known.key));
      statuses.push(reply.status);
      if (reply.status === 429) refused = reply;
    }
    expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(8);
    expect(refused?.error().code).toBe("RATE_LIMIT_EXCEEDED");
    expect(Number(refused?.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(refused?.headers.get("x-ratelimit-limit")).toBe("4");
  });
});

describe("keys", () => {
  it("are nowhere in the functions' logs, nor in the tables", async () => {
    const { key } = await cloud().createKey();
    await models(bearer(key));
    await chat(cloud(), "{ broken", key);
    await eventually(async () => expect(await cloud().log()).toContain('"route":"Models"'));
    expect(await cloud().log()).not.toContain(key);
  });
});

beforeAll(async () => {
  // The first call of a function starts it; a slow start must not look like a slow Unkey.
  await models(bearer(cloud().apiKey));
});
