import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rowKeys } from "#core/db/row-keys.ts";
import { chat, user } from "#tests/e2e/client.ts";
import { TestCloud } from "#tests/support/cloud.ts";
import { Browser } from "./support/gateway.ts";

interface ListedKey {
  readonly keyId: string;
  readonly name: string;
  readonly rateLimit: number;
}

/** Two starts and two ends, on a machine that may be busy. */
const twoStartsMs = 120_000;

describe("the key that npm start prints", { timeout: twoStartsMs }, () => {
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "concurred-demo-key-"));
  });
  afterAll(() => rm(dataDir, { recursive: true, force: true }));

  it("is listed and can be revoked like any other, and the next start prints another that works", async () => {
    const first = await TestCloud.start({ dataDir });
    const keysOf = async (cloud: TestCloud) => {
      const browser = await Browser.of(cloud.url).signIn(cloud.ready.user);
      return { browser, keys: (await browser.get("/api/v1/keys")).data<readonly ListedKey[]>() };
    };
    const { browser, keys } = await keysOf(first);
    expect(keys).toMatchObject([{ keyId: first.ready.local.keyId, name: "Demo key", rateLimit: 10_000 }]);
    expect(first.errors()).not.toContain("demo key");
    expect((await browser.delete(`/api/v1/keys/${first.ready.local.keyId}`)).status).toBe(204);
    expect(await first.stop()).toBe(0);

    const second = await TestCloud.start({ dataDir });
    expect(second.apiKey).not.toBe(first.apiKey);
    expect(second.ready.user).toEqual(first.ready.user);
    expect((await chat(second, { model: "gpt-4o-mini", messages: [user("Hello")] })).status).toBe(200);
    expect((await keysOf(second)).keys.map(({ keyId }) => keyId)).toEqual([second.ready.local.keyId]);
    expect(await second.stop()).toBe(0);
  });

  it.each([
    ["under a stage prefix", { flags: ["--stage", "prod"] }],
    ["when every address is listened on", { env: { HOST: "0.0.0.0" } }],
    ["when sign-up is closed", { env: { SIGN_UP_POLICY: "closed" } }],
  ] as const)("is made through the gateway %s, too", async (_, options) => {
    const cloud = await TestCloud.start(options);
    expect(cloud.errors()).not.toContain("demo key");
    expect(await cloud.row("keys", rowKeys.userKey(cloud.userId, cloud.ready.local.keyId))).toBeDefined();
    await cloud.stop();
  });

  it("works without being listed when the demo user has another password by now", async () => {
    const folder = await mkdtemp(join(tmpdir(), "concurred-demo-password-"));
    const file = join(folder, "demo-account.json");
    try {
      await (await TestCloud.start({ dataDir: folder })).stop();
      const account = JSON.parse(await readFile(file, "utf8")) as object;
      await writeFile(file, JSON.stringify({ ...account, password: "another", keyId: "key_gone" }));
      const cloud = await TestCloud.start({ dataDir: folder });
      expect(cloud.errors()).toContain("The demo key is not listed in the dashboard: /api/auth/sign-in answered 4");
      expect((await chat(cloud, { model: "gpt-4o-mini", messages: [user("Hello")] })).status).toBe(200);
      await cloud.stop();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
