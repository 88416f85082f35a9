import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetItemCommand, PutItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, describe, expect, it } from "vitest";
import { localDynamoDbClient } from "#infra/local/dynamodb/clients.ts";
import { createTables, tableNames } from "#infra/local/dynamodb/create-tables.ts";
import { startDynamoDb } from "#infra/local/dynamodb/server.ts";

const embeddable = process.platform === "linux" && process.arch === "x64";

describe.skipIf(!embeddable)("the embedded DynamoDB (only on Linux x64)", async () => {
  const folder = await mkdtemp(join(tmpdir(), "dynamodb-"));
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("keeps its rows in the data file over a restart", async () => {
    const dataFile = join(folder, "new-folder", "tables.db");
    const Item = { pk: { S: "a" }, sk: { S: "1" } };
    const TableName = tableNames("keep").usage;

    const first = await startDynamoDb({ dataFile });
    await createTables(first.endpoint, "keep");
    const writer = localDynamoDbClient(first.endpoint);
    await writer.send(new PutItemCommand({ TableName, Item }));
    writer.destroy();
    await first.close();

    const second = await startDynamoDb({ dataFile });
    await createTables(second.endpoint, "keep");
    const reader = localDynamoDbClient(second.endpoint);
    expect((await reader.send(new GetItemCommand({ TableName, Key: Item }))).Item).toEqual(Item);
    reader.destroy();
    await second.close();
  });

  it("keeps what it answered, and its log's size, over kills", async () => {
    const dataFile = join(folder, "killed", "tables.db");
    const TableName = tableNames("killed").usage;
    const logBytes = async () => (await stat(`${dataFile}-wal`)).size;
    const rows = 5;
    for (let start = 0; start < 3; start++) {
      const server = await startDynamoDb({ dataFile });
      const whole = await logBytes();
      await createTables(server.endpoint, "killed");
      const client = localDynamoDbClient(server.endpoint);
      const { Count } = await client.send(new ScanCommand({ TableName, Select: "COUNT" }));
      expect(Count).toBe(start * rows);
      for (let row = 0; row < rows; row++) {
        await client.send(new PutItemCommand({ TableName, Item: { pk: { S: `${start}` }, sk: { S: `${row}` } } }));
      }
      // A log that grows makes each commit wait for more than its pages.
      expect(await logBytes()).toBe(whole);
      expect(whole).toBeGreaterThan(4_000_000);
      client.destroy();
      server.kill();
      await server.close();
    }
  });

  it("adds nothing to a file that is no database", async () => {
    const dataFile = join(folder, "no-database.db");
    await writeFile(dataFile, "not a database, but long enough to be one");
    await expect(startDynamoDb({ dataFile })).rejects.toThrow();
    expect((await readdir(folder)).filter((name) => name.startsWith("no-database"))).toEqual(["no-database.db"]);
  });

  it("accepts connections once started and none once closed; closing again is harmless", async () => {
    const server = await startDynamoDb();
    expect(await accepts(server.endpoint)).toBe(true);
    await server.close();
    expect(await accepts(server.endpoint)).toBe(false);
    await server.close();
  });

  it("refuses a port that is in use, naming it", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    await expect(startDynamoDb({ port })).rejects.toThrow(`port ${port} is already in use`);
    other.close();
  });

  it("dies with its parent, even when that is killed outright", async () => {
    const module = new URL("../../../../infra/local/dynamodb/server.ts", import.meta.url).href;
    const script = `import { startDynamoDb } from ${JSON.stringify(module)};
      console.log((await startDynamoDb()).endpoint); setInterval(() => {}, 1_000);`;
    const parent = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = await once(parent.stdout.setEncoding("utf8"), "data");
    const endpoint = String(line).trim();
    expect(await accepts(endpoint)).toBe(true);
    parent.kill("SIGKILL");
    await expect.poll(() => accepts(endpoint), { timeout: 10_000 }).toBe(false);
  });
});

const accepts = (endpoint: string): Promise<boolean> => {
  const { hostname, port } = new URL(endpoint);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
};
