import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { UsageEvent } from "#core/db/usage-events.ts";
import { send } from "#tests/e2e/client.ts";
import { TestCloud } from "#tests/support/cloud.ts";
import { type FakeProvider, startFakeProvider } from "#tests/support/fake-provider.ts";
import {
  baseUrls,
  bookedOf,
  check,
  formsOf,
  kindOfKill,
  modelsOfBattle,
  newText,
  Plays,
  rows,
} from "./support/booked-table.ts";
import { functionPids } from "./support/function-pids.ts";
import type { PaidWork } from "./support/paid-work.ts";

/** The row of the table "What is booked" whose end needs processes to kill. */

vi.setConfig({ testTimeout: 300_000 });

/** A process starts slowly on a busy machine, ms. */
const waitMs = 60_000;
const laterMs = 4 * 3_600_000;

describe.skipIf(process.platform !== "linux")("what is booked where", () => {
  const plays = new Plays();
  let provider: FakeProvider;
  let cloud: TestCloud;
  beforeAll(async () => {
    provider = await startFakeProvider((asked, response) => plays.play(response, asked));
    cloud = await TestCloud.start({
      flags: ["--processes"],
      env: { RATE_LIMIT_SCALE: "100", ...Object.fromEntries(baseUrls.map((name) => [name, provider.url])) },
    });
    // The sweeper's own code, in this process, on the cloud's tables.
    process.env.AWS_ENDPOINT_URL_DYNAMODB = cloud.ready.local.dynamoDbEndpoint;
    process.env.SST_RESOURCE_KeysTable = JSON.stringify({ name: cloud.ready.local.tableNames.keys });
    process.env.SST_RESOURCE_UsageTable = JSON.stringify({ name: cloud.ready.local.tableNames.usage });
  });
  afterAll(async () => {
    await cloud?.stop();
    await provider?.close();
  });

  it.each(rows.filter(({ kind }) => kind === kindOfKill))("$kind", async (row) => {
    const { sweepAbandoned } = await import("#core/usage/sweep.ts");
    const killed: { readonly work: PaidWork; readonly text: string; readonly userId: string }[] = [];
    // One after the other: a machine that starts all processes at once takes long for each.
    for (const work of formsOf(row.work)) {
      const { key, userId } = await cloud.createKey();
      const text = newText();
      plays.set(text, () => undefined);
      const replied = send(`${cloud.url}${work.path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify(work.body(text)),
      }).catch(() => undefined);
      const calls = work.name === "arena" ? modelsOfBattle : 1;
      await vi.waitFor(() => expect(plays.askedFor(text)).toBe(calls), { timeout: waitMs, interval: 25 });
      for (const pid of await functionPids(cloud.ready.pid)) process.kill(pid, "SIGKILL");
      await replied;
      killed.push({ work, text, userId });
    }
    await sweepAbandoned(Date.now() + laterMs);
    const all = (await cloud.rows("usage")) as unknown as readonly UsageEvent[];
    for (const { work, text, userId } of killed) {
      const { open, spentPicoUsd } = await cloud.admission(userId);
      expect(open).toEqual([]);
      const own = all
        .filter((event) => event.userId === userId)
        .map((event) => ({
          ...event,
          reservedPicoUsd: BigInt(event.reservedPicoUsd),
          costPicoUsd: BigInt(event.costPicoUsd ?? 0),
        }));
      check(row, bookedOf(work, text, own, spentPicoUsd), `${row.kind}, ${work.name} ${work.form ?? ""}`);
    }
  });
});
