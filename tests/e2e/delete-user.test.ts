import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { type TableId, tables } from "#core/tables.ts";
import { Browser, overHttp } from "#tests/accounts/support/gateway.ts";
import { useCloud } from "#tests/support/cloud.ts";
import { chat, send, user } from "./client.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const cloud = useCloud({ env: { RATE_LIMIT_SCALE: "100" } });

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
