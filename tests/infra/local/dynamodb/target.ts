import { randomUUID } from "node:crypto";
import {
  type AttributeValue,
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteTableCommand,
  type DynamoDBClient,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import type { DynamoDBStreamsClient } from "@aws-sdk/client-dynamodb-streams";
import { localDynamoDbClient, localStreamsClient } from "#infra/local/dynamodb/clients.ts";
import { startDynamoDb } from "#infra/local/dynamodb/server.ts";

const external = process.env.DYNAMODB_ENDPOINT;

/** Whether there is a DynamoDB to test; the embedded one runs on Linux x64 only. */
export const hasTarget = external !== undefined || (process.platform === "linux" && process.arch === "x64");

/** For the name of a test: which DynamoDB it runs on, or why on none. */
export const targetName =
  external !== undefined ? "at DYNAMODB_ENDPOINT" : hasTarget ? "embedded" : "needs Linux x64 or DYNAMODB_ENDPOINT";

/** The DynamoDB under test: the one of `DYNAMODB_ENDPOINT`, else the embedded one. */
export interface Target {
  readonly endpoint: string;
  readonly client: DynamoDBClient;
  readonly streams: DynamoDBStreamsClient;
  /** Makes a table with `pk` and `sk` under a name of its own; `close` deletes it again. */
  readonly createTable: (extra?: Partial<CreateTableCommandInput>) => Promise<string>;
  readonly close: () => Promise<void>;
}

export const openTarget = async (): Promise<Target> => {
  const server = external === undefined ? await startDynamoDb() : undefined;
  const endpoint = server?.endpoint ?? external ?? "";
  const client = localDynamoDbClient(endpoint);
  const streams = localStreamsClient(endpoint);
  const made: string[] = [];
  return {
    endpoint,
    client,
    streams,
    createTable: async (extra = {}) => {
      const TableName = `probe-${randomUUID()}`;
      const attributes = [...stringAttributes("pk", "sk"), ...(extra.AttributeDefinitions ?? [])];
      const input: CreateTableCommandInput = { ...tableKeys, ...extra, TableName, AttributeDefinitions: attributes };
      await client.send(new CreateTableCommand(input));
      made.push(TableName);
      await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 0.05, maxDelay: 1 }, { TableName });
      return TableName;
    },
    close: async () => {
      for (const TableName of made) await client.send(new DeleteTableCommand({ TableName }));
      client.destroy();
      streams.destroy();
      await server?.close();
    },
  };
};

export const stringAttributes = (...names: string[]) =>
  names.map((AttributeName) => ({ AttributeName, AttributeType: "S" as const }));

const tableKeys = {
  BillingMode: "PAY_PER_REQUEST",
  KeySchema: [
    { AttributeName: "pk", KeyType: "HASH" },
    { AttributeName: "sk", KeyType: "RANGE" },
  ],
} satisfies Partial<CreateTableCommandInput>;

export const key = (pk: string, sk = "row"): Record<string, AttributeValue> => ({ pk: { S: pk }, sk: { S: sk } });
export const n = (value: number): AttributeValue.NMember => ({ N: String(value) });
