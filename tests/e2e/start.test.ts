import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isInUse } from "#infra/local/data-folder.ts";
import { eventually, TestCloud } from "#tests/support/cloud.ts";
import { chat, send, user } from "./client.ts";

/** Two starts and two ends, on a machine that may be busy. */
const twoStartsMs = 120_000;

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "concurred-start-"));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const readyFile = () => join(dataDir, "ready.json");
const linesOf = (text: string): readonly string[] => text.trim().split("\n");

describe("npm start", { timeout: twoStartsMs }, () => {
  it("refuses bad settings before it touches anything, one sentence each", async () => {
    const { exitCode, stderr } = await TestCloud.startInVain({
      dataDir: join(dataDir, "not-made"),
      env: {
        DAILY_SPEND_CAP_USD: "x",
        RATE_LIMIT_SCALE: "-1",
        SIGN_UP_POLICY: "foo",
        OPENAI_BASE_URL: "notaurl",
        PORT: "http",
        HOST: "a b",
      },
    });
    expect(exitCode).toBe(1);
    expect(linesOf(stderr).toSorted()).toEqual([
      'DAILY_SPEND_CAP_USD must be a number of 0 or more, not "x".',
      'HOST must be an IP address or a host name, such as 127.0.0.1, not "a b".',
      "OPENAI_BASE_URL must be a plain URL such as https://example.com/v1.",
      'PORT must be a whole number from 0 to 65535, not "http".',
      'RATE_LIMIT_SCALE must be a number of 0 or more, not "-1".',
      'SIGN_UP_POLICY must be one of open, domains, closed, not "foo".',
    ]);
    expect(existsSync(join(dataDir, "not-made"))).toBe(false);
  });

  it.each(["taken", "taken/below"])("refuses the data folder %s where a file is, in one sentence", async (path) => {
    await writeFile(join(dataDir, "taken"), "a file");
    const { exitCode, stderr } = await TestCloud.startInVain({ dataDir: join(dataDir, path) });
    expect(exitCode).toBe(1);
    expect(stderr.trim()).toBe(
      `LOCAL_DATA_DIR must be a folder that can be written; ${join(dataDir, path)} cannot be: a file is in its place.`,
    );
  });

  it("refuses an address that is not of this machine, in one sentence", async () => {
    const { exitCode, stderr } = await TestCloud.startInVain({ dataDir, env: { HOST: "192.0.2.1" } });
    expect(exitCode).toBe(1);
    expect(stderr.trim()).toBe("HOST must be an address of this machine; 192.0.2.1 is not.");
  });

  it("takes empty settings as not set", async () => {
    const cloud = await TestCloud.start({
      dataDir,
      env: { HOST: "", SIGN_UP_POLICY: "", DAILY_SPEND_CAP_USD: " ", UNKEY_ROOT_KEY: "", SUPABASE_ANON_KEY: "" },
    });
    expect((await chat(cloud, { model: "gpt-4o-mini", messages: [user("Hello")] })).status).toBe(200);
    expect(await cloud.stop()).toBe(0);
  });
});

describe("a data folder", { timeout: twoStartsMs }, () => {
  it("belongs to one process: a second start says who has it, exits 1 and leaves everything as it was", async () => {
    const first = await TestCloud.start({ dataDir });
    try {
      const announced = readFileSync(readyFile(), "utf8");
      const { exitCode, stderr } = await TestCloud.startInVain({ dataDir });
      expect(exitCode).toBe(1);
      expect(linesOf(stderr)).toHaveLength(1);
      expect(stderr).toContain(
        `The data folder ${dataDir} is in use by process ${first.ready.pid} (${first.url}, since 20`,
      );
      expect(stderr).toContain("LOCAL_DATA_DIR=");
      expect(readFileSync(readyFile(), "utf8")).toBe(announced);
      expect((await send(`${first.url}/api/health`)).status).toBe(200);
    } finally {
      expect(await first.stop()).toBe(0);
    }
    expect(isInUse(dataDir)).toBe(false);
    expect(existsSync(readyFile())).toBe(false);
  });

  it("is taken over from a process that was killed, also when its id is another process's now", async () => {
    const first = await TestCloud.start({ dataDir });
    const { apiKey } = first;
    await first.stop("SIGKILL");
    expect(existsSync(readyFile())).toBe(true);
    // The runner of this test lives: what lock.json says of it does not count.
    await writeFile(join(dataDir, "lock.json"), JSON.stringify({ pid: process.pid, since: new Date().toISOString() }));
    const second = await TestCloud.start({ dataDir });
    expect(second.apiKey).toBe(apiKey);
    expect(second.ready.pid).not.toBe(first.ready.pid);
    expect(await second.stop()).toBe(0);
  });

  it("keeps the ready.json of whoever has it now", async () => {
    const first = await TestCloud.start({ dataDir });
    const moved = `${dataDir}-moved`;
    await rename(dataDir, moved);
    try {
      const second = await TestCloud.start({ dataDir });
      const announced = readFileSync(readyFile(), "utf8");
      await first.stop();
      expect(readFileSync(readyFile(), "utf8")).toBe(announced);
      expect(await second.stop()).toBe(0);
    } finally {
      await rm(moved, { recursive: true, force: true });
    }
  });

  it("without a gateway is a sentence for an operator's command", () => {
    const { status, stderr } = spawnSync(process.execPath, ["infra/commands/rotate-provider-keys.ts", "--local"], {
      env: { PATH: process.env.PATH, LOCAL_DATA_DIR: dataDir },
      encoding: "utf8",
    });
    expect(status).toBe(1);
    expect(stderr.trim()).toBe(
      `npm start does not run on the data folder ${dataDir}: start it, or name its folder with LOCAL_DATA_DIR.`,
    );
  });
});

/** A disk without room, as far as one file is concerned. */
const fill = (name: string): void => symlinkSync("/dev/full", join(dataDir, name));

describe.skipIf(!existsSync("/dev/full"))("a full disk", { timeout: twoStartsMs }, () => {
  it("costs lines of the log and a line that says so, not the gateway", async () => {
    fill("functions.log");
    const cloud = await TestCloud.start({ dataDir });
    const ask = () => chat(cloud, { model: "gpt-4o-mini", messages: [user("Hello")] });
    expect((await ask()).status).toBe(200);
    await eventually(() => {
      expect(cloud.errors()).toContain("functions.log takes no more lines: the disk is full (ENOSPC).");
    });
    expect((await ask()).status).toBe(200);
    expect(cloud.errors().match(/takes no more lines/g)).toHaveLength(1);
    expect(await cloud.stop()).toBe(0);
  });

  it("costs the change that cannot be saved and a line that says so, not the gateway", async () => {
    const cloud = await TestCloud.start({ dataDir });
    fill("unkey.json.new");
    await expect(cloud.createKey()).rejects.toThrow();
    expect(cloud.errors()).toContain("The Unkey stand-in could not save its data: the disk is full (ENOSPC).");
    expect(cloud.errors()).not.toMatch(/^\s+at /m);
    expect((await chat(cloud, { model: "gpt-4o-mini", messages: [user("Hello")] })).status).toBe(200);
    await rm(join(dataDir, "unkey.json.new"));
    expect((await cloud.createKey()).key).toMatch(/^ck_/);
    expect(await cloud.stop()).toBe(0);
  });

  it("ends a start in one sentence", async () => {
    fill("operator-environment.json");
    const { exitCode, stderr } = await TestCloud.startInVain({ dataDir });
    expect(exitCode).toBe(1);
    expect(stderr.trim()).toBe(`The data folder ${dataDir} cannot be written: the disk is full (ENOSPC).`);
    expect(isInUse(dataDir)).toBe(false);
  });
});
