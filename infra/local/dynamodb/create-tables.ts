import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  ResourceNotFoundException,
  type TableDescription,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import { type TableId, type TableSpec, tables } from "#core/tables.ts";
import { localDynamoDbClient } from "./clients.ts";

const tableIds = Object.keys(tables) as TableId[];
const createTimeoutSeconds = 30;
const createPollSeconds = { minDelay: 0.05, maxDelay: 1 };

/** The real name of each table, by its id in `core/tables.ts`. */
export type TableNames = Readonly<Record<TableId, string>>;

/** The names that `createTables` gives, such as `local-UsageTable`. */
export const tableNames = (prefix: string): TableNames =>
  Object.fromEntries(tableIds.map((id) => [id, `${prefix}-${tables[id].resource}`])) as Record<TableId, string>;

/**
 * Creates every table of `core/tables.ts` behind `endpoint` that is not there yet, with its indexes, stream and TTL.
 * Existing tables keep their rows, so it runs at every start.
 * @throws Error when a table exists with other keys, indexes or another stream than the list says now.
 */
export const createTables = async (endpoint: string, prefix: string): Promise<TableNames> => {
  const client = localDynamoDbClient(endpoint);
  const names = tableNames(prefix);
  try {
    await Promise.all(tableIds.map((id) => ensureTable(client, names[id], tables[id])));
  } finally {
    client.destroy();
  }
  return names;
};

const ensureTable = async (client: DynamoDBClient, name: string, spec: TableSpec): Promise<void> => {
  const wanted = createInput(name, spec);
  const found = await describe(client, name);
  if (found === undefined) {
    await client.send(new CreateTableCommand(wanted));
    const waiter = { client, maxWaitTime: createTimeoutSeconds, ...createPollSeconds };
    await waitUntilTableExists(waiter, { TableName: name });
  } else if (shapeOf(found) !== shapeOf(wanted)) {
    throw new Error(
      `The table ${name} was created from an older list of tables. Remove the data directory (LOCAL_DATA_DIR) and start again.`,
    );
  }
  if (spec.ttl !== undefined) await ensureTimeToLive(client, name, spec.ttl);
};

const describe = async (client: DynamoDBClient, name: string): Promise<TableDescription | undefined> => {
  try {
    return (await client.send(new DescribeTableCommand({ TableName: name }))).Table;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
};

/** DynamoDB refuses to enable what is enabled, so it is asked first. */
const ensureTimeToLive = async (client: DynamoDBClient, name: string, attribute: string): Promise<void> => {
  const { TimeToLiveDescription: now } = await client.send(new DescribeTimeToLiveCommand({ TableName: name }));
  if (now?.AttributeName === attribute && now.TimeToLiveStatus?.startsWith("ENABL")) return;
  const TimeToLiveSpecification = { AttributeName: attribute, Enabled: true };
  await client.send(new UpdateTimeToLiveCommand({ TableName: name, TimeToLiveSpecification }));
};

const streamViews = { "new-image": "NEW_IMAGE", "new-and-old-images": "NEW_AND_OLD_IMAGES" } as const;

const keySchema = (hashKey: string, rangeKey: string): NonNullable<CreateTableCommandInput["KeySchema"]> => [
  { AttributeName: hashKey, KeyType: "HASH" },
  { AttributeName: rangeKey, KeyType: "RANGE" },
];

const createInput = (name: string, spec: TableSpec): CreateTableCommandInput => {
  const indexes = Object.entries(spec.indexes ?? {});
  const keyAttributes = new Set(["pk", "sk", ...indexes.flatMap(([, index]) => [index.hashKey, index.rangeKey])]);
  return {
    TableName: name,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [...keyAttributes].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
    KeySchema: keySchema("pk", "sk"),
    ...(indexes.length > 0 && {
      GlobalSecondaryIndexes: indexes.map(([IndexName, index]) => ({
        IndexName,
        KeySchema: keySchema(index.hashKey, index.rangeKey),
        Projection: { ProjectionType: "ALL" },
      })),
    }),
    ...(spec.stream && {
      StreamSpecification: { StreamEnabled: true, StreamViewType: streamViews[spec.stream] },
    }),
  };
};

/** What of a table cannot change under its rows, in a form that compares. */
const shapeOf = (table: TableDescription | CreateTableCommandInput): string =>
  JSON.stringify([
    table.KeySchema?.map((key) => `${key.KeyType} ${key.AttributeName}`).sort(),
    (table.GlobalSecondaryIndexes ?? [])
      .map((index) => [index.IndexName, ...(index.KeySchema ?? []).map((key) => `${key.KeyType} ${key.AttributeName}`)])
      .map(String)
      .sort(),
    table.StreamSpecification?.StreamViewType ?? "none",
  ]);
