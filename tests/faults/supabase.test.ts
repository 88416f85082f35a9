import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { Browser } from "#tests/accounts/support/gateway.ts";
import type { TestUser } from "#tests/accounts/support/stand-ins.ts";
import { headerOf, sessionOf } from "#tests/accounts/support/tokens.ts";
import { muteLog } from "#tests/core/support/lambda.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { expectBooked, keyCountOf, useFaultyGateway } from "./support/gateway.ts";

muteLog();

const uncached = { "X-Cache": "no-cache" };
const ok = { status: "ok", inputTokens: 10, outputTokens: 5 };
const providerKey = { provider: "openai", slug: "main", displayName: "Main", apiKey: "sk-of-the-caller-0000" };

describe.skipIf(!hasTables)(`faults of Supabase (${tablesName})`, () => {
  // What it keeps over an outage.
  const folder = mkdtempSync(join(tmpdir(), "concurred-faults-"));
  const gateway = useFaultyGateway({ dataFile: join(folder, "supabase.json") });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  let user: TestUser;
  beforeEach(async () => {
    user = await gateway().createUser();
  });

  it("down: signing in and what makes a secret are a 503 that leaves nothing behind; reading and API keys go on", async () => {
    const browser = await new Browser().signIn(user);
    const { key, keyId } = (await browser.post("/api/v1/keys", { name: "Before" })).data<{
      key: string;
      keyId: string;
    }>();
    const caller = { key, keyId, userId: user.userId };
    await gateway().supabase.stop();
    try {
      for (const reply of [
        await new Browser().post("/api/auth/sign-in", { email: user.email, password: user.password }),
        await browser.post("/api/v1/keys", { name: "During" }),
        await browser.post("/api/v1/provider-keys", providerKey),
      ]) {
        expect(reply.error().code).toBe("SERVICE_UNAVAILABLE");
        expect(reply.headers["retry-after"]).toBe("5");
      }
      expect((await browser.get("/api/v1/keys")).data<readonly unknown[]>()).toHaveLength(1);
      expect((await browser.get("/api/v1/provider-keys")).data<readonly unknown[]>()).toEqual([]);
      expect((await browser.get("/api/v1/usage")).status).toBe(200);
      for (const stream of [false, true]) {
        expect((await gateway().ask(caller, { stream }, uncached)).status).toBe(200);
      }
    } finally {
      await gateway().supabase.start();
    }
    expect(await keyCountOf(user)).toBe(1);
    expect((await browser.post("/api/v1/keys", { name: "After" })).status).toBe(201);
    expect((await browser.post("/api/v1/provider-keys", providerKey)).status).toBe(201);
    await expectBooked(caller, [ok, ok]);
  });

  it("JWKS rotated: sessions of the old and of the new key both go on, at once", async () => {
    const before = await new Browser().signIn(user);
    expect((await before.get("/api/v1/keys")).status).toBe(200);
    gateway().supabase.server.rotateSigningKey();
    const after = await new Browser().signIn(user);
    expect(headerOf(sessionOf(after).access_token).kid).not.toBe(headerOf(sessionOf(before).access_token).kid);
    for (const browser of [after, before]) {
      expect((await browser.get("/api/v1/keys")).status).toBe(200);
      expect((await browser.post("/api/v1/keys", { name: "After" })).status).toBe(201);
    }
  });

  it("JWKS rotated and then down: a token of a key never seen is a 503, not a 401 that would sign its user out", async () => {
    const before = await new Browser().signIn(user);
    expect((await before.get("/api/v1/keys")).status).toBe(200);
    gateway().supabase.server.rotateSigningKey();
    const after = await new Browser().signIn(user);
    await gateway().supabase.stop();
    try {
      const reply = await after.get("/api/v1/keys");
      expect(reply.error().code).toBe("SERVICE_UNAVAILABLE");
      expect(reply.setCookies).toEqual([]);
      expect((await before.get("/api/v1/keys")).status).toBe(200);
    } finally {
      await gateway().supabase.start();
    }
    expect((await after.get("/api/v1/keys")).status).toBe(200);
  });
});
