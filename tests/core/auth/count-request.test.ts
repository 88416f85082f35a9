import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { countRequest } from "#core/auth/count-request.ts";
import { unkey } from "#core/auth/unkey-client.ts";
import { logger } from "#core/observability/logger.ts";
import type { RateLimit } from "#core/routes.ts";
import { type Fault, type Relay, startRelay } from "#tests/core/support/relay.ts";
import { rootKey, startTestUnkey, type TestUnkey } from "#tests/infra/local/unkey/unkey.ts";

const minuteMs = 60_000;
const limit: RateLimit = { name: "sign-in", limit: 2, durationMs: minuteMs, scope: "address" };
const down: readonly (readonly [string, Fault])[] = [
  ["resets the connection", { kind: "reset" }],
  ["answers 500", { kind: "answer", status: 500, body: "{}" }],
  ["answers 429 to us", { kind: "answer", status: 429, body: "{}" }],
  ["answers what is no JSON", { kind: "answer", status: 200, body: "<html>" }],
  ["answers JSON of another shape", { kind: "answer", status: 200, body: "{}" }],
];

describe("countRequest", () => {
  let server: TestUnkey;
  let relay: Relay;

  beforeAll(async () => {
    server = await startTestUnkey();
    relay = await startRelay(server.url);
    process.env.UNKEY_URL = relay.url;
    process.env.SST_RESOURCE_UnkeyRootKey = JSON.stringify({ value: rootKey });
  });
  beforeEach(() => relay.reset());
  afterEach(() => {
    vi.restoreAllMocks();
  });
  afterAll(async () => {
    await relay.close();
    await server.close();
  });

  const count = (identifier: string, wanted: RateLimit | undefined = limit) =>
    countRequest(wanted, identifier, server.clock.nowMs);
  const refused = { code: "RATE_LIMIT_EXCEEDED", status: 429 };

  it("lets the limit through over all environments, then refuses and says when to come back", async () => {
    const identifier = randomUUID();
    const reset = server.clock.nowMs + minuteMs;
    expect(await count(identifier)).toEqual({ allowed: true, limit: 2, remaining: 1, reset });
    expect(await count(identifier)).toMatchObject({ remaining: 0 });
    await expect(count(identifier)).rejects.toMatchObject({ ...refused, retryAfterSeconds: 60 });
  });

  it("is one call to Unkey, under a name of the gateway's own", async () => {
    const identifier = randomUUID();
    await count(identifier);
    expect(relay.requests.map(({ path, body }) => [path, JSON.parse(body)])).toEqual([
      ["/v2/ratelimit.limit", { namespace: "concurred.sign-in", identifier, cost: 1, limit: 2, duration: minuteMs }],
    ]);
    expect(unkey()).toBe(unkey());
  });

  it("counts nothing where a route has no limit", async () => {
    expect(await countRequest(undefined, randomUUID(), server.clock.nowMs)).toBeUndefined();
    expect(relay.requests).toEqual([]);
  });

  it("keeps Unkey's verdict however long our own event loop was busy meanwhile", async () => {
    const identifier = randomUUID();
    await count(identifier);
    await count(identifier);
    const counting = count(identifier);
    const until = performance.now() + 4_200;
    // Longer than Unkey may be silent.
    while (performance.now() < until);
    await expect(counting).rejects.toMatchObject(refused);
  });

  it.each(down)(
    "counts in this environment while Unkey %s, without asking it again but where a kept connection broke",
    async (_name, fault) => {
      relay.intercept = () => fault;
      const warn = vi.spyOn(logger, "warn").mockImplementation(() => undefined);
      const [identifier, other] = [randomUUID(), randomUUID()];
      expect(await count(identifier)).toMatchObject({ limit: 2, remaining: 1 });
      expect(relay.requests).toHaveLength(fault.kind === "reset" ? 2 : 1);
      expect(warn.mock.calls).toEqual([
        ["Unkey could not count a request", { limit: "sign-in", reason: expect.stringMatching(/^\w+Error/) }],
      ]);
      await count(identifier);
      await expect(count(identifier)).rejects.toMatchObject(refused);
      // Neither another address nor another limit pays for it.
      expect(await count(other)).toMatchObject({ remaining: 1 });
      expect(await count(identifier, { ...limit, name: "sign-up" })).toMatchObject({ remaining: 1 });
    },
  );
});
