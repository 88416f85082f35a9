import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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
});
