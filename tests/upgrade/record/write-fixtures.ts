import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { dynamoDbAt, readRows, rowsText } from "./dump.ts";

/** State of the data folder. The rest is made at every start: functions, logs, where the parts listen. */
const stateFiles = [
  "dynamodb.db",
  "kms.json",
  "unkey.json",
  "supabase.json",
  "langfuse.json",
  "demo-account.json",
  "stream-usage.json",
];

interface DatabaseModule {
  startDynamoDb(options: { readonly dataFile: string }): Promise<{ readonly endpoint: string; close(): Promise<void> }>;
}

/** The database alone, as that version starts it: it also puts its write-ahead log into the file when it is closed. */
const startDatabase = async (checkout: string, dataFile: string) => {
  const module = pathToFileURL(join(checkout, "infra/local/dynamodb/server.ts")).href;
  const { startDynamoDb }: DatabaseModule = await import(module);
  return startDynamoDb({ dataFile });
};

export interface Fixtures {
  readonly checkout: string;
  /** Of a gateway that has ended. */
  readonly dataDir: string;
  readonly output: string;
  readonly tableNames: Readonly<Record<string, string>>;
  readonly recording: object;
}

/** Replaces the fixtures of a version. */
export const writeFixtures = async ({ checkout, dataDir, output, tableNames, recording }: Fixtures): Promise<void> => {
  await rm(output, { recursive: true, force: true });
  await mkdir(join(output, "tables"), { recursive: true });
  await mkdir(join(output, "local"));
  const database = await startDatabase(checkout, join(dataDir, "dynamodb.db"));
  const client = dynamoDbAt(database.endpoint);
  for (const [table, name] of Object.entries(tableNames)) {
    await writeFile(join(output, "tables", `${table}.json`), rowsText(await readRows(client, name)));
  }
  client.destroy();
  await database.close();
  for (const file of stateFiles) await cp(join(dataDir, file), join(output, "local", file));
  await writeFile(join(output, "recording.json"), `${JSON.stringify(recording, null, 2)}\n`);
};
