import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateTableCommand, DeleteTableCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { rowKeys } from "#core/db/row-keys.ts";
import { localDynamoDbClient } from "#infra/local/dynamodb/clients.ts";
import { startDynamoDb } from "#infra/local/dynamodb/server.ts";
import { Browser } from "#tests/accounts/support/gateway.ts";
import { TestCloud } from "#tests/support/cloud.ts";
import { startScriptedXai } from "./record/scripted-xai.ts";
import { type Exchange, localFolder, part, type Recording, readRecording, readTable, versions } from "./recording.ts";

const dayMs = 86_400_000;
const hourMs = 3_600_000;

/** The sweeper, the poller and the stream's function start first, on a machine that may be busy. */
const settling = { timeout: 60_000, interval: 100 } as const;
/** The request whose answer is too long to keep. */
const tooLong = "chat-too-long";

/** A copy of a recorded data folder, which goes with the tests. */
const copyOf = async (version: string): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "concurred-upgrade-"));
  await cp(localFolder(version), folder, { recursive: true });
  return folder;
};

describe.each(versions)("npm start on a data folder of %s", (version) => {
  const recording: Recording = readRecording(version);
  const { day, apiKeys, usage: before } = recording;
  const openRows = readTable(version, "usage").filter(({ status }) => status?.S === "open");
  const openModels = new Set(openRows.map(({ model }) => model?.S));
  /** One for each route that takes an `Idempotency-Key`: its schema has a part in the fingerprint. */
  const onceExchanges = Object.entries(recording.exchanges).filter(
    ([name, { headers }]) => "idempotency-key" in headers && name !== tooLong,
  );
  let dataDir: string;
  let cloud: TestCloud;
  let xai: Awaited<ReturnType<typeof startScriptedXai>>;

  beforeAll(async () => {
    dataDir = await copyOf(version);
    xai = await startScriptedXai();
    const env = {
      RATE_LIMIT_SCALE: "100",
      SCHEDULE_SCALE: "60",
      XAI_BASE_URL: `${xai.url}/v1`,
      XAI_API_KEY: "platform",
    };
    cloud = await TestCloud.start({ dataDir, env });
    // Rows that live for a day or less are given another, and jobs their two hours: a test may run years later.
    const expiresAt = Math.floor((Date.now() + dayMs) / 1_000);
    for (const { pk, sk, state, format } of await cloud.rows("cache")) {
      const key = { pk: String(pk), sk: String(sk) };
      if (format !== undefined || state === "done" || state === "not-kept") {
        await cloud.setAttribute("cache", key, "expiresAt", expiresAt);
      }
      if (state === "done" || state === "not-kept") await cloud.setAttribute("cache", key, "leaseUntil", expiresAt);
    }
    for (const { userId, id } of await cloud.rows("jobs")) {
      const key = rowKeys.job(String(userId), String(id));
      await cloud.setAttribute("jobs", key, "createdAt", recording.recordedAtMs - 3 * hourMs);
      await cloud.setAttribute("jobs", key, "expiresAt", expiresAt);
    }
  });
  afterAll(async () => {
    await cloud?.stop();
    xai.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  const authorization = (name: string) => ({ authorization: `Bearer ${part(apiKeys, name).key}` });
  const send = async ({ path, headers, body }: Pick<Exchange, "path" | "headers" | "body">) => {
    const response = await fetch(`${cloud.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...authorization("plain"), ...headers },
      body: JSON.stringify(body),
    });
    return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) };
  };
  const get = (path: string, name = "plain") =>
    fetch(`${cloud.baseUrl}${path}`, { headers: { ...authorization(name) } });
  const usage = async () => {
    const answer = (await (await get(`/usage?from=${day}&to=${day}`)).json()) as { data: Recording["usage"] };
    return answer.data;
  };
  const exchange = (name: string): Exchange => part(recording.exchanges, name);

  it("has the account and the key that it showed before", () => {
    const { email, password } = recording.owner;
    expect(cloud.ready.user).toEqual({ email, password });
    expect(cloud.apiKey).toBe(part(apiKeys, "unkeyOnly").key);
  });

  it.each(["unkeyOnly", "plain", "expiring", "rotated", "replacement"])("serves the API key %s", async (name) => {
    expect((await get("/models", name)).status).toBe(200);
  });

  it.each(["disabled", "revoked", "replaced", "banned"])("refuses the API key %s", async (name) => {
    expect((await get("/models", name)).status).toBe(401);
  });

  it("settles what was left open, adds it to the sums of before, and frees its places", {
    timeout: 90_000,
  }, async () => {
    // A look at the list makes the jobs due.
    expect((await get("/jobs")).status).toBe(200);
    await vi.waitFor(async () => {
      const left = (await cloud.rows("usage")).filter((row) => row.day === day && row.status === "open");
      expect(left).toEqual([]);
      const { totalRequests, errors } = await usage();
      expect([totalRequests, errors]).toEqual([
        before.totalRequests + openRows.length,
        before.errors + openRows.length,
      ]);
    }, settling);
    const { byModel } = await usage();
    for (const [model, sums] of Object.entries(before.byModel)) {
      if (!openModels.has(model)) expect(byModel[model]).toMatchObject(sums);
    }
    const { open = {} } = (await cloud.row("keys", rowKeys.admission(recording.owner.userId))) ?? {};
    expect(open).toEqual({});
  });

  it.each(onceExchanges)(
    "runs %s again, whose answer has a fingerprint of an older version, and replays the new one",
    async (_, made) => {
      const first = await send(made);
      expect([first.status, first.headers.get("x-idempotent-replay")]).toEqual([made.status, null]);
      const again = await send(made);
      expect([again.status, again.headers.get("x-idempotent-replay")]).toEqual([made.status, "true"]);
      expect(again.bytes.equals(first.bytes)).toBe(true);
    },
  );

  it.each(["chat-completion", "chat-stream"])("finds the answer to %s in the cache", async (name) => {
    const { path, body } = exchange(name);
    const { status, headers } = await send({ path, headers: {}, body });
    expect([status, headers.get("x-cache")]).toEqual([200, "HIT"]);
  });

  it("calls the provider with the provider key that was stored", async () => {
    const { status } = await send(exchange("own-key"));
    expect(status).toBe(200);
    expect(xai.authorizations.at(-1)).toBe(`Bearer ${part(recording.providerKeys, "x-ai").apiKey}`);
  });

  it("fills in the operator's prompt", async () => {
    const { status, headers } = await send({ ...exchange("prompt"), headers: { "x-cache": "no-cache" } });
    expect(status).toBe(200);
    expect(headers.get("x-prompt-used")).toContain("greeting");
  });

  it("signs its user in, who deletes an API key and a provider key", async () => {
    const dashboard = await Browser.of(cloud.url).signIn(recording.owner);
    const { id } = part(recording.providerKeys, "x-ai");
    expect((await dashboard.delete(`/api/v1/provider-keys/${id}`)).status).toBe(204);
    expect((await send(exchange("own-key"))).status).toBe(400);
    expect((await dashboard.delete(`/api/v1/keys/${part(apiKeys, "expiring").keyId}`)).status).toBe(204);
    expect((await get("/models", "expiring")).status).toBe(401);
  });

  it("logs no unreadable row and no programming error", async () => {
    const lines = (await cloud.log()).split("\n");
    expect(lines.filter((line) => /"level":"ERROR"|"(?:Type|Zod|Reference)Error"/.test(line))).toEqual([]);
  });
});

describe("npm start on a data folder that it cannot use", () => {
  const [version = ""] = versions;
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await copyOf(version);
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  const expectRefusal = async (reason: string): Promise<void> => {
    const { exitCode, stderr } = await TestCloud.startInVain({ dataDir });
    expect(stderr).toBe(
      `This version cannot use the data in ${dataDir} (${reason}): move that folder away, or run npm start -- --ephemeral.\n`,
    );
    expect(exitCode).toBe(1);
  };

  it.each(["kms.json", "demo-account.json", "dynamodb.db"])(
    "says in one sentence what to do when %s is not readable",
    async (file) => {
      await writeFile(join(dataDir, file), '{"of": "another version"}');
      await expectRefusal(`${file} is not readable`);
    },
  );

  it("says the same of a table that has other keys", async () => {
    const TableName = "concurred-local-UsageTable";
    const database = await startDynamoDb({ dataFile: join(dataDir, "dynamodb.db") });
    const client = localDynamoDbClient(database.endpoint);
    await client.send(new DeleteTableCommand({ TableName }));
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      }),
    );
    client.destroy();
    await database.close();
    await expectRefusal(`the table ${TableName} has another primary key`);
  });
});
