import { beforeEach, describe, expect, it } from "vitest";
import { forgetUnknownKeys } from "#core/auth/api-key.ts";
import { Browser } from "#tests/accounts/support/gateway.ts";
import type { Caller } from "#tests/core/support/chat-gateway.ts";
import { muteLog } from "#tests/core/support/lambda.ts";
import type { Fault } from "#tests/core/support/relay.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { errorOf, expectBooked, keyCountOf, mend, useFaultyGateway } from "./support/gateway.ts";

muteLog();

const uncached = { "X-Cache": "no-cache" };
const ok = { status: "ok", inputTokens: 10, outputTokens: 5 };

/** Slow is an answer that comes after the 800 ms that a verification may take: like one that never comes. */
const faults: readonly (readonly [string, Fault])[] = [
  ["down", { kind: "reset" }],
  ["slow", { kind: "hang" }],
  ["answering 500", { kind: "answer", status: 500, body: "{}" }],
  ["answering wrong JSON", { kind: "answer", status: 200, body: '{"data":{"valid":"yes"}}' }],
  ["answering no JSON", { kind: "answer", status: 200, body: "<html>" }],
  ["limiting us", { kind: "answer", status: 429, body: "{}" }],
];

describe.skipIf(!hasTables)(`faults of Unkey (${tablesName})`, () => {
  const gateway = useFaultyGateway();
  let caller: Caller;
  beforeEach(async () => {
    forgetUnknownKeys();
    caller = await gateway().createCaller();
  });

  describe.each(faults)("while it is %s", (_, fault) => {
    it("a key verified before goes on, streamed and not, each request metered once", async () => {
      expect((await gateway().ask(caller, {}, uncached)).status).toBe(200);
      gateway().unkey.intercept = () => fault;
      for (const stream of [false, true]) {
        const answer = await gateway().ask(caller, { stream }, uncached);
        expect(answer.status).toBe(200);
        expect(answer.headers["x-ratelimit-limit"]).toBeDefined();
      }
      mend(gateway());
      expect((await gateway().ask(caller, {}, uncached)).status).toBe(200);
      await expectBooked(caller, [ok, ok, ok, ok]);
    });

    it("a key that nobody knows is a 503 with Retry-After, never a 401; no provider is asked, nothing is metered", async () => {
      gateway().unkey.intercept = () => fault;
      for (const stream of [false, true]) {
        const answer = await gateway().ask(caller, { stream }, uncached);
        expect({ status: answer.status, code: errorOf(answer).code }).toEqual({
          status: 503,
          code: "SERVICE_UNAVAILABLE",
        });
        expect(answer.headers["retry-after"]).toBe("5");
      }
      expect(gateway().asked).toBe(0);
      mend(gateway());
      expect((await gateway().ask(caller, {}, uncached)).status).toBe(200);
      await expectBooked(caller, [ok]);
    });
  });

  it("while it is down the dashboard's other pages work on, and making, changing and listing keys are a 503 that leaves nothing behind", async () => {
    const user = await gateway().createUser();
    const browser = await new Browser().signIn(user);
    const made = (await browser.post("/api/v1/keys", { name: "Before" })).data<{ keyId: string }>();
    for (const [, fault] of faults.filter(([name]) => name !== "slow")) {
      gateway().unkey.intercept = () => fault;
      for (const reply of [
        await browser.post("/api/v1/keys", { name: "During" }),
        await browser.get("/api/v1/keys"),
        await browser.patch(`/api/v1/keys/${made.keyId}`, { name: "Renamed" }),
        await browser.post(`/api/v1/keys/${made.keyId}/rotate`, {}),
      ]) {
        expect(reply.error().code).toBe("SERVICE_UNAVAILABLE");
        expect(reply.headers["retry-after"]).toBe("5");
      }
      expect((await browser.get("/api/v1/provider-keys")).status).toBe(200);
      expect((await browser.get("/api/v1/usage")).status).toBe(200);
      mend(gateway());
      expect(await keyCountOf(user)).toBe(1);
    }
    expect((await browser.post("/api/v1/keys", { name: "After" })).status).toBe(201);
    expect((await browser.get("/api/v1/keys")).data<readonly unknown[]>()).toHaveLength(2);
  });

  it("while it is slow a session's calls end in its 4 s, counted by ourselves or as a 503", async () => {
    const browser = await new Browser().signIn(await gateway().createUser());
    gateway().unkey.intercept = ({ path }) => (path.includes("ratelimit") ? undefined : { kind: "hang" });
    const [made, listed, usage] = await Promise.all([
      browser.post("/api/v1/keys", { name: "During" }),
      browser.get("/api/v1/keys"),
      browser.get("/api/v1/usage"),
    ]);
    expect(made.error().code).toBe("SERVICE_UNAVAILABLE");
    expect(listed.error().code).toBe("SERVICE_UNAVAILABLE");
    expect(usage.status).toBe(200);
    mend(gateway());
    expect((await browser.post("/api/v1/keys", { name: "After" })).status).toBe(201);
  });

  it("while it is down a revoked key stays revoked", async () => {
    const { userId, ...account } = await gateway().createUser();
    const browser = await new Browser().signIn(account);
    const { keyId, key } = (await browser.post("/api/v1/keys", { name: "Key" })).data<{ keyId: string; key: string }>();
    const mine = { key, keyId, userId };
    expect((await gateway().ask(mine, {}, uncached)).status).toBe(200);
    expect((await browser.delete(`/api/v1/keys/${keyId}`)).status).toBe(204);
    gateway().unkey.intercept = () => ({ kind: "reset" });
    expect((await gateway().ask(mine, {}, uncached)).json().error.code).toBe("INVALID_API_KEY");
    await expectBooked(mine, [ok]);
  });
});
