import { setTimeout as pause } from "node:timers/promises";
import {
  type AttributeDefinition,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  UpdateTableCommand,
  type UpdateTableCommandInput,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import type { Alterations } from "./table-shape.ts";

const timeoutMs = 30_000;
const pollMs = 50;

/** Brings a table to its shape, one change at a time: DynamoDB takes no second one before the first has ended. */
export const alterTable = async (
  client: DynamoDBClient,
  TableName: string,
  AttributeDefinitions: AttributeDefinition[] | undefined,
  { drop, create, stream }: Alterations,
): Promise<void> => {
  const update = async (change: Omit<UpdateTableCommandInput, "TableName">): Promise<void> => {
    await client.send(new UpdateTableCommand({ TableName, ...change }));
    await untilActive(client, TableName);
  };
  for (const IndexName of drop) await update({ GlobalSecondaryIndexUpdates: [{ Delete: { IndexName } }] });
  for (const { IndexName, KeySchema, Projection } of create) {
    await update({
      AttributeDefinitions,
      GlobalSecondaryIndexUpdates: [{ Create: { IndexName, KeySchema, Projection } }],
    });
  }
  if (stream !== undefined) await update({ StreamSpecification: stream });
};

const untilActive = async (client: DynamoDBClient, TableName: string): Promise<void> => {
  const endMs = Date.now() + timeoutMs;
  for (;;) {
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    const parts = [Table?.TableStatus, ...(Table?.GlobalSecondaryIndexes ?? []).map((index) => index.IndexStatus)];
    if (parts.every((status) => status === "ACTIVE")) return;
    if (Date.now() > endMs) throw new Error(`The change of the table ${TableName} did not end within ${timeoutMs} ms`);
    await pause(pollMs);
  }
};

/** Names the attribute by which rows expire. DynamoDB refuses to enable what is enabled, so it is asked first. */
export const ensureTimeToLive = async (client: DynamoDBClient, TableName: string, attribute: string): Promise<void> => {
  const { TimeToLiveDescription: now } = await client.send(new DescribeTimeToLiveCommand({ TableName }));
  const isEnabled = now?.TimeToLiveStatus?.startsWith("ENABL") === true;
  if (isEnabled && now?.AttributeName === attribute) return;
  const set = (AttributeName: string | undefined, Enabled: boolean) =>
    client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification: { AttributeName, Enabled } }));
  if (isEnabled) await set(now?.AttributeName, false);
  await set(attribute, true);
};
