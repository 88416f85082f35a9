import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { UsageEvent } from "#core/db/usage-events.ts";
import { chat, openChat, readRest, readUntil, send, textParts, user } from "#tests/e2e/client.ts";
import { eventually, TestCloud, type TestKey } from "#tests/support/cloud.ts";
import { functionPids } from "./support/function-pids.ts";

const model = "gpt-4o-mini";
/** Twelve seconds of frames, or an answer after a minute. */
const slowly = (stream: boolean) => ({
  model,
  stream,
  messages: [
    user(stream ? "Hello [[simulate: chunks=300 chunk-delay-ms=40]]" : "Later [[simulate: first-delay-ms=60000]]"),
  ],
});

describe.skipIf(process.platform !== "linux")("functions that are killed in the middle of their requests", () => {
  let cloud: TestCloud;
  let key: TestKey;
  beforeAll(async () => {
    cloud = await TestCloud.start({ flags: ["--processes"], env: { RATE_LIMIT_SCALE: "100" } });
    key = await cloud.createKey();
    // The sweeper's own code, in this process, on the cloud's tables.
    process.env.AWS_ENDPOINT_URL_DYNAMODB = cloud.ready.local.dynamoDbEndpoint;
    process.env.SST_RESOURCE_KeysTable = JSON.stringify({ name: cloud.ready.local.tableNames.keys });
    process.env.SST_RESOURCE_UsageTable = JSON.stringify({ name: cloud.ready.local.tableNames.usage });
  });
  afterAll(() => cloud?.stop());

  const eventsOf = async (): Promise<readonly UsageEvent[]> =>
    (await cloud.rows("usage")).filter(({ userId }) => userId === key.userId) as unknown as UsageEvent[];

  it("break a stream, answer the rest with 502, leave rows and places open, and the sweeper settles each exactly once", async () => {
    const { sweepAbandoned } = await import("#core/usage/sweep.ts");
    const response = await openChat(cloud, slowly(true), key.key);
    const parts = textParts(response);
    await readUntil(parts, (text) => text.includes('"content"'));
    const unstreamed = chat(cloud, slowly(false), key.key);
    await eventually(async () => expect(await eventsOf()).toHaveLength(2));
    await eventually(async () => expect(await cloud.providerRequests("Later")).toHaveLength(1));
    const pids = await functionPids(cloud.ready.pid, "ChatCompletions");
    expect(pids).toHaveLength(2);
    for (const pid of pids) process.kill(pid, "SIGKILL");
    // A broken connection, never a short whole answer.
    await expect(readRest(parts)).rejects.toThrow();
    const reply = await unstreamed;
    expect({ status: reply.status, code: reply.error().code }).toEqual({ status: 502, code: "INTERNAL_ERROR" });

    const open = await eventsOf();
    expect(open).toMatchObject(Array.from({ length: 2 }, () => ({ status: "open", keyId: key.keyId, model })));
    const reserved = open.reduce((sum, { reservedPicoUsd }) => sum + BigInt(reservedPicoUsd), 0n);
    const places = open.map(({ requestId }) => requestId).toSorted();
    const before = await cloud.admission(key.userId);
    expect({ ...before, open: before.open.toSorted() }).toEqual({ open: places, spentPicoUsd: reserved });

    // While the functions might still be running nothing is touched.
    expect(await sweepAbandoned(Date.now())).toBe(0);
    expect((await cloud.admission(key.userId)).open).toHaveLength(2);

    const later = Date.now() + 400_000;
    const settled = await Promise.all([sweepAbandoned(later), sweepAbandoned(later), sweepAbandoned(later)]);
    expect(settled.reduce((sum, count) => sum + count)).toBe(2);
    expect(await sweepAbandoned(later)).toBe(0);
    for (const event of await eventsOf()) {
      expect(event).toMatchObject({ status: "abandoned", estimated: true, costPicoUsd: event.reservedPicoUsd });
    }
    // The reservations stay charged as the estimates; the places are free.
    expect(await cloud.admission(key.userId)).toEqual({ open: [], spentPicoUsd: reserved });
  });

  it("serve the next request by a new one, and every request is counted once in GET /api/v1/usage", async () => {
    const reply = await chat(cloud, { model, messages: [user("Hello")] }, key.key);
    expect(reply.status).toBe(200);
    await cloud.settledUsage(key.userId, reply.requestId);
    await eventually(async () => expect(await functionPids(cloud.ready.pid, "ChatCompletions")).toHaveLength(1));
    const counted = () =>
      send(`${cloud.baseUrl}/usage`, { headers: { authorization: `Bearer ${key.key}` } }).then(
        (usage) => (usage.json() as { data: { totalRequests: number; errors: number } }).data,
      );
    await eventually(async () => expect(await counted()).toMatchObject({ totalRequests: 3, errors: 2 }));
  });
});
