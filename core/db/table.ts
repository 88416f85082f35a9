import { AwsError, callAws } from "#core/aws/json-call.ts";
import { config } from "#core/config.ts";
import type { TableId } from "#core/tables.ts";

/**
 * The narrow port to DynamoDB for what runs with every request: four operations over plain values. What is not on the
 * hot path uses `core/db/document-client.ts`.
 */

export type Plain = string | number | bigint | boolean | null | readonly Plain[] | { readonly [name: string]: Plain };
export type PlainItem = { readonly [name: string]: Plain | undefined };
type Attribute = Readonly<Record<string, unknown>>;
export type AttributeMap = Readonly<Record<string, Attribute>>;

export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

const toAttribute = (value: Plain): Attribute => {
  if (typeof value === "string") return { S: value };
  if (typeof value === "number" || typeof value === "bigint") return { N: String(value) };
  if (typeof value === "boolean") return { BOOL: value };
  if (value === null) return { NULL: true };
  if (Array.isArray(value)) return { L: value.map(toAttribute) };
  return { M: toAttributes(value as PlainItem) };
};

/** Plain values in DynamoDB's typed form; `undefined` members are left out. */
export const toAttributes = (item: PlainItem): AttributeMap => {
  const attributes: Record<string, Attribute> = {};
  for (const name in item) {
    const value = item[name];
    if (value !== undefined) attributes[name] = toAttribute(value);
  }
  return attributes;
};

const wholeDigits = /^-?\d+$/;

/** A number as DynamoDB wrote it: a bigint where a double would lose digits. */
const toNumber = (text: string): number | bigint => {
  const value = Number(text);
  return Number.isSafeInteger(value) || !wholeDigits.test(text) ? value : BigInt(text);
};

const fromAttribute = (attribute: unknown): Plain => {
  const typed = attribute as {
    S?: string;
    N?: string;
    BOOL?: boolean;
    M?: AttributeMap;
    L?: readonly unknown[];
  };
  if (typed.S !== undefined) return typed.S;
  if (typed.N !== undefined) return toNumber(typed.N);
  if (typed.BOOL !== undefined) return typed.BOOL;
  if (typed.M !== undefined) return fromAttributes(typed.M);
  if (typed.L !== undefined) return typed.L.map(fromAttribute);
  return null;
};

/** DynamoDB's typed form as plain values. Repositories validate what comes out with zod. */
export const fromAttributes = (attributes: AttributeMap): { readonly [name: string]: Plain } => {
  const item: Record<string, Plain> = {};
  for (const name in attributes) item[name] = fromAttribute(attributes[name]);
  return item;
};

export interface Expression {
  /** `#name` to attribute name. */
  readonly names?: Readonly<Record<string, string>>;
  /** `:value` to plain value. */
  readonly values?: PlainItem;
  readonly condition?: string;
}

const expressionInput = ({ names, values, condition }: Expression): Record<string, unknown> => ({
  ...(condition === undefined
    ? {}
    : { ConditionExpression: condition, ReturnValuesOnConditionCheckFailure: "ALL_OLD" }),
  ...(names === undefined ? {} : { ExpressionAttributeNames: names }),
  ...(values === undefined ? {} : { ExpressionAttributeValues: toAttributes(values) }),
});

/** Whether a write was refused by its own condition, and the row that refused it (undefined when there is none). */
export const failedCondition = (error: unknown): { readonly item: PlainItem | undefined } | undefined => {
  if (!(error instanceof AwsError) || error.type !== "ConditionalCheckFailedException") return undefined;
  const item = error.members.Item;
  return { item: typeof item === "object" && item !== null ? fromAttributes(item as AttributeMap) : undefined };
};

/** Whether a conditional write succeeded: of several, only the first does. @throws AwsError */
export const won = async (write: Promise<void>): Promise<boolean> => {
  try {
    await write;
    return true;
  } catch (error) {
    if (failedCondition(error) === undefined) throw error;
    return false;
  }
};

/** One row, or undefined. @throws AwsError */
export const getItem = async (
  table: TableId,
  key: ItemKey,
  options: { readonly consistent?: boolean; readonly signal?: AbortSignal } = {},
): Promise<PlainItem | undefined> => {
  const answer = await callAws({
    service: "dynamodb",
    operation: "GetItem",
    input: {
      TableName: config.tableName(table),
      Key: toAttributes({ ...key }),
      ConsistentRead: options.consistent ?? false,
    },
    signal: options.signal,
  });
  const item = answer.Item;
  return item === undefined ? undefined : fromAttributes(item as AttributeMap);
};

/** Writes one row whole. @throws AwsError */
export const putItem = async (
  table: TableId,
  item: ItemKey & PlainItem,
  expression: Expression = {},
): Promise<void> => {
  await callAws({
    service: "dynamodb",
    operation: "PutItem",
    input: { TableName: config.tableName(table), Item: toAttributes(item), ...expressionInput(expression) },
  });
};

/** Changes one row by an update expression. @throws AwsError */
export const updateItem = async (
  table: TableId,
  key: ItemKey,
  update: string,
  expression: Expression = {},
): Promise<void> => {
  await callAws({
    service: "dynamodb",
    operation: "UpdateItem",
    input: {
      TableName: config.tableName(table),
      Key: toAttributes({ ...key }),
      UpdateExpression: update,
      ...expressionInput(expression),
    },
  });
};

/** The same, and the row as it is afterwards, or of it what the expression names. @throws AwsError */
export const updateAndRead = async (
  table: TableId,
  key: ItemKey,
  update: string,
  expression: Expression = {},
  returned: "ALL_NEW" | "UPDATED_NEW" = "ALL_NEW",
): Promise<PlainItem> => {
  const { Attributes } = await callAws({
    service: "dynamodb",
    operation: "UpdateItem",
    input: {
      TableName: config.tableName(table),
      Key: toAttributes({ ...key }),
      UpdateExpression: update,
      ReturnValues: returned,
      ...expressionInput(expression),
    },
  });
  return fromAttributes((Attributes ?? {}) as AttributeMap);
};

/** Deletes one row. @throws AwsError */
export const deleteItem = async (table: TableId, key: ItemKey, expression: Expression = {}): Promise<void> => {
  await callAws({
    service: "dynamodb",
    operation: "DeleteItem",
    input: { TableName: config.tableName(table), Key: toAttributes({ ...key }), ...expressionInput(expression) },
  });
};

/** All rows of a partition whose sort key begins with a prefix, in order; at most `limit`. @throws AwsError */
export const queryPrefix = async (
  table: TableId,
  pk: string,
  prefix: string,
  options: { readonly limit: number; readonly descending?: boolean; readonly consistent?: boolean },
): Promise<readonly PlainItem[]> => {
  const answer = await callAws({
    service: "dynamodb",
    operation: "Query",
    input: {
      TableName: config.tableName(table),
      KeyConditionExpression: "pk = :pk AND begins_with(sk, :prefix)",
      ExpressionAttributeValues: toAttributes({ ":pk": pk, ":prefix": prefix }),
      ScanIndexForward: options.descending !== true,
      ConsistentRead: options.consistent ?? false,
      Limit: options.limit,
    },
  });
  const items = answer.Items;
  return Array.isArray(items) ? items.map((item) => fromAttributes(item as AttributeMap)) : [];
};

/** A part of a partition, in the order of its sort keys. */
export interface Page {
  readonly items: readonly PlainItem[];
  /** Where the next page begins; undefined at the end. */
  readonly next: ItemKey | undefined;
  /** Read units that the page took; 0 unless asked for. */
  readonly units: number;
}

export interface PageOptions {
  /** What the sort keys begin with. */
  readonly prefix?: string;
  /** Names of the attributes that are wanted; all unless given. */
  readonly attributes?: readonly string[];
  /** The `next` of the page before. */
  readonly start?: ItemKey | undefined;
  /** Rows of the page; as many as fit into 1 MB unless given. */
  readonly limit?: number;
  readonly consistent?: boolean;
  /** Asks for the read units. */
  readonly measured?: boolean;
}

/** The next rows of a partition. For walks through many partitions, each call a third of the SDK's work. @throws AwsError */
export const queryPage = async (
  table: TableId,
  pk: string,
  { prefix, attributes, start, limit, consistent = false, measured = false }: PageOptions,
): Promise<Page> => {
  const answer = await callAws({
    service: "dynamodb",
    operation: "Query",
    input: {
      TableName: config.tableName(table),
      KeyConditionExpression: prefix === undefined ? "pk = :pk" : "pk = :pk AND begins_with(sk, :prefix)",
      ExpressionAttributeValues: toAttributes({ ":pk": pk, ":prefix": prefix }),
      ConsistentRead: consistent,
      ...(attributes === undefined ? {} : { ProjectionExpression: attributes.join(", ") }),
      ...(start === undefined ? {} : { ExclusiveStartKey: toAttributes({ ...start }) }),
      ...(limit === undefined ? {} : { Limit: limit }),
      ...(measured ? { ReturnConsumedCapacity: "TOTAL" } : {}),
    },
  });
  const { Items, LastEvaluatedKey, ConsumedCapacity } = answer as {
    readonly Items?: readonly AttributeMap[];
    readonly LastEvaluatedKey?: AttributeMap;
    readonly ConsumedCapacity?: { readonly CapacityUnits?: number };
  };
  return {
    items: (Items ?? []).map(fromAttributes),
    next: LastEvaluatedKey === undefined ? undefined : (fromAttributes(LastEvaluatedKey) as unknown as ItemKey),
    units: ConsumedCapacity?.CapacityUnits ?? 0,
  };
};
