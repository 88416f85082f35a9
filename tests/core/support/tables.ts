import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { type TableId, tables } from "#core/tables.ts";
import { createTables } from "#infra/local/dynamodb/create-tables.ts";
import { type DynamoDbServer, startDynamoDb } from "#infra/local/dynamodb/server.ts";
import { hasTarget, targetName } from "#tests/infra/local/dynamodb/target.ts";
import { stopStreams } from "#tests/support/stop-streams.ts";
import { type Relay, startRelay } from "./relay.ts";

/** Whether there is a DynamoDB to test on. Skip otherwise: `describe.skipIf(!hasTables)`. */
export const hasTables = hasTarget;
/** For the name of a test: where its tables are, or why it has none. */
export const tablesName = `tables: ${targetName}`;

export interface TablesOptions {
  /** Whether tables have their streams. Most tests call the functions behind them by themselves, and each write takes longer. */
  readonly streams?: boolean;
}

/**
 * The real tables behind a relay that can break any call, for all tests of a file, with the environment pointing at them.
 * `config` reads each value once, so a file has one set.
 */
export const useTables = ({ streams = false }: TablesOptions = {}): (() => Relay) => {
  let server: DynamoDbServer | undefined;
  let relay: Relay | undefined;
  beforeAll(async () => {
    if (!hasTables) return;
    server = process.env.DYNAMODB_ENDPOINT === undefined ? await startDynamoDb() : undefined;
    const endpoint = server?.endpoint ?? process.env.DYNAMODB_ENDPOINT ?? "";
    const names = await createTables(endpoint, `unit-${randomUUID()}`);
    if (!streams) await stopStreams(endpoint, names);
    relay = await startRelay(endpoint);
    process.env.AWS_ENDPOINT_URL_DYNAMODB = relay.url;
    for (const id of Object.keys(tables) as TableId[]) {
      process.env[`SST_RESOURCE_${tables[id].resource}`] = JSON.stringify({ name: names[id] });
    }
  });
  beforeEach(() => relay?.reset());
  afterAll(async () => {
    await relay?.close();
    await server?.close();
  });
  return () => {
    if (relay === undefined) throw new Error("There are no tables.");
    return relay;
  };
};
