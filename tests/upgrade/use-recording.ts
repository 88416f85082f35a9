import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BatchWriteItemCommand, type DynamoDBClient, ScanCommand, type WriteRequest } from "@aws-sdk/client-dynamodb";
import { afterAll, afterEach, beforeAll, beforeEach, vi } from "vitest";
import { config } from "#core/config.ts";
import type { TableId } from "#core/tables.ts";
import { localDynamoDbClient } from "#infra/local/dynamodb/clients.ts";
import { type LocalKms, startKms } from "#infra/local/kms/server.ts";
import { startUnkey, type UnkeyServer } from "#infra/local/unkey/server.ts";
import type { Relay } from "#tests/core/support/relay.ts";
import { startRelay } from "#tests/core/support/relay.ts";
import { useTables } from "#tests/core/support/tables.ts";
import { localFolder, type Recording, type Row, readRecording, readTable } from "./recording.ts";

/** Of the stand-ins of `npm start`, whose stage and keys the recorded values are bound to. */
const kmsKeyArn = "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-4000-8000-000000000001";
const unkeyRootKey = "unkey_local_root";
const unkeyApiId = "api_local";
const stage = "local";

const batchSize = 25;

export interface Recorded {
  readonly recording: Recording;
  /** The relay to Unkey, which knows the recorded keys. */
  readonly unkey: Relay;
  /** All rows of a table as they are now, in DynamoDB's typed form. */
  rows(table: TableId): Promise<readonly Row[]>;
  /** Deletes every row of a table. */
  clear(table: TableId): Promise<void>;
}

/**
 * A recorded version as today's code finds it: before each test the named tables hold its rows, KMS and Unkey its keys, and
 * the clock shows the moment of the recording. Call it in a `describe` that is skipped where there are no tables.
 */
export const useRecording = (version: string, loaded: readonly TableId[]): (() => Recorded) => {
  const recording = readRecording(version);
  const dynamoDb = useTables();
  let folder: string;
  let kms: LocalKms;
  let unkey: UnkeyServer;
  let unkeyRelay: Relay;
  let client: DynamoDBClient;

  const rows = async (table: TableId): Promise<readonly Row[]> => {
    const scan = new ScanCommand({ TableName: config.tableName(table), ConsistentRead: true });
    return (await client.send(scan)).Items ?? [];
  };
  const write = async (table: TableId, writes: readonly WriteRequest[]): Promise<void> => {
    for (let index = 0; index < writes.length; index += batchSize) {
      const RequestItems = { [config.tableName(table)]: writes.slice(index, index + batchSize) };
      await client.send(new BatchWriteItemCommand({ RequestItems }));
    }
  };
  const clear = async (table: TableId): Promise<void> => {
    const deletes = (await rows(table)).flatMap(({ pk, sk }) =>
      pk === undefined || sk === undefined ? [] : [{ DeleteRequest: { Key: { pk, sk } } }],
    );
    await write(table, deletes);
  };
  const load = async (table: TableId): Promise<void> => {
    await clear(table);
    await write(
      table,
      readTable(version, table).map((row) => ({ PutRequest: { Item: { ...row } } })),
    );
  };

  beforeAll(async () => {
    process.env.STAGE = stage;
    process.env.SST_RESOURCE_EncryptionKey = JSON.stringify({ arn: kmsKeyArn });
    process.env.UNKEY_API_ID = unkeyApiId;
    process.env.SST_RESOURCE_UnkeyRootKey = JSON.stringify({ value: unkeyRootKey });
    process.env.RATE_LIMIT_SCALE = "1000";
    folder = await mkdtemp(join(tmpdir(), "concurred-upgrade-"));
    await cp(localFolder(version), folder, { recursive: true });
    const [kmsFile, unkeyFile] = [join(folder, "kms.json"), join(folder, "unkey.json")];
    kms = await startKms({ dataFile: kmsFile, keys: [] });
    process.env.AWS_ENDPOINT_URL_KMS = kms.url;
    unkey = await startUnkey({
      dataFile: unkeyFile,
      rootKey: unkeyRootKey,
      apiId: unkeyApiId,
      nowMs: () => Date.now(),
    });
    unkeyRelay = await startRelay(unkey.url);
    process.env.UNKEY_URL = unkeyRelay.url;
    client = localDynamoDbClient(dynamoDb().url);
  });
  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: recording.recordedAtMs });
    unkeyRelay.reset();
    await Promise.all(loaded.map(load));
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  afterAll(async () => {
    client.destroy();
    await unkeyRelay.close();
    await unkey.close();
    await kms.close();
    await rm(folder, { recursive: true, force: true });
  });
  return () => ({ recording, unkey: unkeyRelay, rows, clear });
};
