import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { type TableId, tables } from "#core/tables.ts";
import { Browser, overHttp } from "#tests/accounts/support/gateway.ts";
import { eventually, useCloud } from "#tests/support/cloud.ts";
import { chat, send, user } from "./client.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
// Every minute is two seconds.
const cloud = useCloud({ env: { RATE_LIMIT_SCALE: "100", SCHEDULE_SCALE: "30" } });

const command = async (...parameters: readonly string[]): Promise<Record<string, unknown>> => {
  const { stdout } = await run(process.execPath, ["infra/commands/delete-user.ts", "--local", ...parameters], {
    cwd: root,
    env: { PATH: process.env.PATH, LOCAL_DATA_DIR: cloud().dataDir },
  });
  return JSON.parse(stdout) as Record<string, unknown>;
};

const rowsOf = async (userId: string): Promise<readonly string[]> => {
  const found: string[] = [];
  for (const table of Object.keys(tables) as TableId[]) {
    for (const row of await cloud().rows(table)) {
      const text = `${table} ${row.pk}/${row.sk}`;
      if (JSON.stringify(row, (_, value) => (typeof value === "bigint" ? String(value) : value)).includes(userId)) {
        found.push(text);
      }
    }
  }
  return found;
};

describe("operator -- delete-user", () => {
  it("refuses the user's keys at once and leaves only the marks that refuse them, which expire", async () => {
    const account = await cloud().createUser();
    const { userId } = account;
    const browser = await new Browser({ host: new URL(cloud().url).host, transport: overHttp(cloud().url) }).signIn(
      account,
    );
    const { key } = (await browser.post("/api/v1/keys", { name: "Mine" })).data<{ key: string }>();
    await browser.post("/api/v1/exports", { kind: "otlp", url: `${cloud().ready.local.collector}/v1/traces` });
    const body = { model: "gpt-4o-mini", metadata: { team: "search" }, messages: [user("Hello")] };
    const reply = await chat(cloud(), body, key);
    expect(reply.status, reply.text).toBe(200);
    await cloud().settledUsage(userId, reply.requestId);
    const asked = { message: "Hello", models: ["gpt", "claude"] };
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const battle = await send(`${cloud().url}/api/v1/battle`, {
      method: "POST",
      headers,
      body: JSON.stringify(asked),
    });
    const { data } = JSON.parse(battle.text) as { data: { id: string } };
    await browser.post(`/api/v1/runs/${data.id}/vote`, { winner: "agent-1" });
    await browser.patch("/api/v1/leaderboard", { share: true });
    const stage = async () => (await cloud().rows("rollups")).filter(({ pk }) => pk === "STAGE");
    expect(await stage()).toMatchObject([{ people: 1, sharers: 1 }]);
    expect((await rowsOf(userId)).length).toBeGreaterThan(4);
    await expect(command(userId)).rejects.toThrow(/Add --yes/);
    expect(await command(userId, "--yes")).toMatchObject({ userId, keysRevoked: 1 });
    expect((await chat(cloud(), body, key)).status).toBe(401);
    // What the stream brought meanwhile goes with a second run.
    await command(userId, "--yes");
    const left = await rowsOf(userId);
    expect(left.filter((row) => !/^keys KEY#[0-9a-f]{64}\/MARK$/.test(row))).toEqual([]);
    expect(await stage()).toMatchObject([{ people: 0, pairs: [expect.stringMatching(/ 0 0 0 0$/)] }]);
    const marks = (await cloud().rows("keys")).filter((row) => row.userId === userId && row.sk === "MARK");
    expect(marks).toMatchObject([{ expiresAt: expect.any(Number), revokedAt: expect.any(Number) }]);
  }, 60_000);
});

describe("an account's own data", () => {
  const signedIn = async () => {
    const account = await cloud().createUser();
    const browser = await Browser.of(cloud().url).signIn(account);
    const { key } = (await browser.post("/api/v1/keys", { name: "Mine" })).data<{ key: string }>();
    const body = { model: "gpt-4o-mini", messages: [user("Hello")] };
    const reply = await chat(cloud(), body, key);
    await cloud().settledUsage(account.userId, reply.requestId);
    return { account, browser, key, body, requestId: reply.requestId };
  };

  it("is exported to its session alone, as JSON lines", async () => {
    const { browser, key, requestId } = await signedIn();
    const reply = await browser.get("/api/v1/account/export");
    expect([reply.status, reply.headers["content-type"]]).toEqual([200, "application/x-ndjson; charset=utf-8"]);
    const lines = reply.text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; id?: string });
    expect(lines.map(({ type }) => type)).toEqual(expect.arrayContaining(["account", "api_key", "next"]));
    expect(reply.text).not.toContain(key);
    expect((await browser.get("/api/v1/account/export?cursor=x")).status).toBe(400);
    expect((await browser.get("/api/v1/account/export?cursor=")).status).toBe(400);
    const byKey = { headers: { authorization: `Bearer ${key}` } };
    expect((await overHttp(cloud().url)({ path: "/api/v1/account/export", ...byKey })).status).toBe(401);
    let cursor = lines.at(-1) as { type: string; cursor?: string; id?: string } | undefined;
    const ids = lines.map(({ id }) => id);
    while (cursor?.cursor !== undefined) {
      const { text } = await browser.get(`/api/v1/account/export?cursor=${cursor.cursor}`);
      const more = text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as { type: string; id?: string; cursor?: string });
      ids.push(...more.map(({ id }) => id));
      cursor = more.at(-1);
    }
    expect(ids.filter((id) => id === requestId)).toHaveLength(1);
  });

  it("goes with the account: its keys at once, its rows soon, and nobody else's", async () => {
    const { account, browser, key, body } = await signedIn();
    const other = await signedIn();
    const del = (sent: object | undefined, from = browser) =>
      from.send({ method: "DELETE", path: "/api/v1/account", ...(sent === undefined ? {} : { body: sent }) });
    expect((await del({ password: "wrong" })).status).toBe(403);
    expect((await del({ passwort: "x" })).status).toBe(400);
    const foreign = { method: "DELETE", path: "/api/v1/account", headers: { origin: "https://evil.example" } };
    expect((await browser.clone().send(foreign)).status).toBe(403);
    const byKey = { method: "DELETE", path: "/api/v1/account", headers: { authorization: `Bearer ${key}` } };
    expect((await overHttp(cloud().url)(byKey)).status).toBe(401);
    expect((await chat(cloud(), body, key)).status).toBe(200);
    const copy = browser.clone();
    const deleted = await del({ password: account.password });
    expect([deleted.status, deleted.text]).toEqual([202, '{"success":true,"data":{"status":"deleting"}}']);
    expect((await chat(cloud(), body, key)).status).toBe(401);
    // Its sessions have ended too.
    expect((await copy.post("/api/v1/keys", { name: "Again" })).status).toBe(401);
    await eventually(async () => {
      const left = (await rowsOf(account.userId)).map((row) => row.replace(/KEY#[0-9a-f]{64}/, "KEY#"));
      expect([...new Set(left)].sort()).toEqual([
        `jobs DELETION#${account.userId}/ACCOUNT`,
        "keys KEY#/MARK",
        `keys USER#${account.userId}/ADMISSION`,
      ]);
    });
    // Whoever signs in again finds an account that may do nothing.
    const again = await Browser.of(cloud().url).signIn(account);
    expect((await again.post("/api/v1/keys", { name: "Again" })).status).toBe(403);
    expect((await again.get("/api/v1/requests")).data<{ requests: unknown[] }>().requests).toEqual([]);
    expect((await chat(cloud(), other.body, other.key)).status).toBe(200);
  }, 60_000);
});
