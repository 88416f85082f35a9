import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { checkDependencies } from "#core/health.ts";
import { type Relay, startRelay } from "#tests/core/support/relay.ts";

/** One server stands for all four dependencies; they are told apart by their paths. */
const dependencyOf = (path: string, target: unknown): string =>
  path.startsWith("/v2/")
    ? "unkey"
    : path.startsWith("/auth/")
      ? "supabase"
      : String(target).startsWith("Trent")
        ? "kms"
        : "dynamodb";

describe("checkDependencies", () => {
  let relay: Relay;
  // Each test looks at another time, since what is known is kept for 10 s.
  let nowMs = 1_000_000;
  beforeAll(async () => {
    relay = await startRelay();
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_DYNAMODB: relay.url,
      AWS_ENDPOINT_URL_KMS: relay.url,
      UNKEY_URL: relay.url,
      SUPABASE_URL: relay.url,
      SST_RESOURCE_KeysTable: JSON.stringify({ name: "keys" }),
      SST_RESOURCE_UnkeyRootKey: JSON.stringify({ value: "root" }),
      SST_RESOURCE_SupabaseAnonKey: JSON.stringify({ value: "anon" }),
    });
  });
  beforeEach(() => {
    relay.reset();
    nowMs += 1_000_000;
  });
  afterAll(() => relay.close());

  const answering = (down: readonly string[] = []) => {
    relay.intercept = ({ path, headers }) =>
      down.includes(dependencyOf(path, headers["x-amz-target"]))
        ? { kind: "answer", status: 400, body: "{}" }
        : { kind: "answer", status: 200, body: "{}" };
  };
  const states = async () =>
    Object.fromEntries(Object.entries(await checkDependencies(nowMs)).map(([name, { status }]) => [name, status]));

  it("says down, and does not fail, where what a check needs is not linked", async () => {
    answering();
    expect(await states()).toEqual({ dynamodb: "ok", kms: "down", unkey: "ok", supabase: "ok" });
    // SST reads the links once; from here on there is one.
    process.env.SST_RESOURCE_EncryptionKey = JSON.stringify({ arn: "arn:aws:kms:key" });
  });

  it.each(["dynamodb", "unkey", "supabase"])("tells which one is down: %s", async (down) => {
    answering([down]);
    expect((await states())[down]).toBe("down");
    expect(Object.values(await states()).filter((status) => status === "down").length).toBeLessThanOrEqual(2);
  });

  it("asks each once in 10 s, however often it is asked", async () => {
    answering();
    await Promise.all([checkDependencies(nowMs), checkDependencies(nowMs + 5), checkDependencies(nowMs + 10_000)]);
    const asked = relay.requests.length;
    await checkDependencies(nowMs + 10_000);
    expect(relay.requests).toHaveLength(asked);
    await checkDependencies(nowMs + 10_001);
    expect(relay.requests.length).toBeGreaterThan(asked);
  });

  it("says nothing of why: no address, no key, no message", async () => {
    relay.intercept = () => ({ kind: "answer", status: 500, body: '{"message":"secret"}' });
    expect(JSON.stringify(await checkDependencies(nowMs))).not.toMatch(/secret|127\.0\.0\.1|root|anon/);
  });
});
