import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  type DynamoDBClient,
  ResourceNotFoundException,
  type TableDescription,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import { type TableId, type TableSpec, tables } from "#core/tables.ts";
import { alterTable, ensureTimeToLive } from "./alter-table.ts";
import { localDynamoDbClient } from "./clients.ts";
import { compare, createInput } from "./table-shape.ts";

const createTimeoutSeconds = 30;
const createPollSeconds = { minDelay: 0.05, maxDelay: 1 };

/** The real name of each table, by its id in `core/tables.ts`. */
export type TableNames = Readonly<Record<TableId, string>>;

/** The names that `createTables` gives, such as `local-UsageTable`. */
export const tableNames = (prefix: string): TableNames => namesOf(prefix, tables);

const namesOf = <Id extends string>(prefix: string, specs: Readonly<Record<Id, TableSpec>>): Record<Id, string> => {
  const names: Partial<Record<Id, string>> = {};
  for (const id in specs) names[id] = `${prefix}-${specs[id].resource}`;
  return names as Record<Id, string>;
};

/** A table of another version that no alteration brings to this version's shape. */
export class TableMismatch extends Error {
  override readonly name = "TableMismatch";
}

/**
 * Creates every table of `core/tables.ts` behind `endpoint` that is missing, with its indexes, stream and TTL. Tables of an
 * older version keep their rows and get what they lack, so it runs at every start.
 * @throws TableMismatch for a table that cannot be altered to the list's shape
 */
export const createTables = (endpoint: string, prefix: string): Promise<TableNames> =>
  ensureTables(endpoint, prefix, tables);

/** `createTables` for any list of tables. */
export const ensureTables = async <Id extends string>(
  endpoint: string,
  prefix: string,
  specs: Readonly<Record<Id, TableSpec>>,
): Promise<Record<Id, string>> => {
  const client = localDynamoDbClient(endpoint);
  const names = namesOf(prefix, specs);
  try {
    const ids = Object.keys(specs) as Id[];
    // All are compared before the first is changed.
    const changes = await Promise.all(ids.map((id) => planTable(client, names[id], specs[id])));
    await Promise.all(changes.map((change) => change()));
  } finally {
    client.destroy();
  }
  return names;
};

/** What brings a table to its shape in the list. @throws TableMismatch */
const planTable = async (client: DynamoDBClient, name: string, spec: TableSpec): Promise<() => Promise<void>> => {
  const wanted = createInput(name, spec);
  const found = await describe(client, name);
  const alterations = found === undefined ? undefined : compare(found, wanted);
  if (typeof alterations === "string") throw new TableMismatch(`the table ${name} ${alterations}`);
  return async () => {
    if (alterations === undefined) await createTable(client, wanted);
    else await alterTable(client, name, wanted.AttributeDefinitions, alterations);
    if (spec.ttl !== undefined) await ensureTimeToLive(client, name, spec.ttl);
  };
};

const createTable = async (client: DynamoDBClient, wanted: CreateTableCommandInput): Promise<void> => {
  await client.send(new CreateTableCommand(wanted));
  const waiter = { client, maxWaitTime: createTimeoutSeconds, ...createPollSeconds };
  await waitUntilTableExists(waiter, { TableName: wanted.TableName });
};

const describe = async (client: DynamoDBClient, name: string): Promise<TableDescription | undefined> => {
  try {
    return (await client.send(new DescribeTableCommand({ TableName: name }))).Table;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
};
