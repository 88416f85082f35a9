import type { CreateTableCommandInput, TableDescription } from "@aws-sdk/client-dynamodb";
import type { TableSpec } from "#core/tables.ts";

/** Tables as DynamoDB's API describes them, made from the list in `core/tables.ts`. */

const streamViews = { "new-image": "NEW_IMAGE", "new-and-old-images": "NEW_AND_OLD_IMAGES" } as const;

type KeySchema = NonNullable<CreateTableCommandInput["KeySchema"]>;
export type Index = NonNullable<CreateTableCommandInput["GlobalSecondaryIndexes"]>[number];

const keySchema = (hashKey: string, rangeKey: string): KeySchema => [
  { AttributeName: hashKey, KeyType: "HASH" },
  { AttributeName: rangeKey, KeyType: "RANGE" },
];

const indexesOf = ({ indexes = {} }: TableSpec): Index[] =>
  Object.entries(indexes).map(([IndexName, { hashKey, rangeKey }]) => ({
    IndexName,
    KeySchema: keySchema(hashKey, rangeKey),
    Projection: { ProjectionType: "ALL" },
  }));

/** What creates the table with its indexes and stream. */
export const createInput = (name: string, spec: TableSpec): CreateTableCommandInput => {
  const indexes = indexesOf(spec);
  const keys = [...keySchema("pk", "sk"), ...indexes.flatMap((index) => index.KeySchema ?? [])];
  const keyAttributes = new Set(keys.map(({ AttributeName }) => AttributeName));
  return {
    TableName: name,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [...keyAttributes].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
    KeySchema: keySchema("pk", "sk"),
    ...(indexes.length > 0 && { GlobalSecondaryIndexes: indexes }),
    ...(spec.stream && {
      StreamSpecification: { StreamEnabled: true, StreamViewType: streamViews[spec.stream] },
    }),
  };
};

/** A key schema in a form that compares. */
const keyText = (keys: TableDescription["KeySchema"]): string =>
  (keys ?? [])
    .map(({ KeyType, AttributeName }) => `${KeyType} ${AttributeName}`)
    .sort()
    .join(", ");

/** What brings a table to its shape in the list. Nothing in it touches a row. */
export interface Alterations {
  /** Indexes to drop, since they have other keys now. They are made again from the rows. */
  readonly drop: readonly string[];
  readonly create: readonly Index[];
  readonly stream: CreateTableCommandInput["StreamSpecification"];
}

/**
 * Compares a table with the list. Indexes and streams that the list does not have are left alone: another version may use
 * them. Resolves to the reason where no alteration leads there.
 */
export const compare = (found: TableDescription, wanted: CreateTableCommandInput): Alterations | string => {
  if (keyText(found.KeySchema) !== keyText(wanted.KeySchema)) return "has another primary key";
  const view = found.StreamSpecification?.StreamViewType;
  const wantedView = wanted.StreamSpecification?.StreamViewType;
  // DynamoDB would end the old stream, and what nobody has read of it would be lost.
  if (view !== undefined && wantedView !== undefined && view !== wantedView) return "has a stream of another kind";
  const known = new Map((found.GlobalSecondaryIndexes ?? []).map((index) => [index.IndexName, index.KeySchema]));
  const create = (wanted.GlobalSecondaryIndexes ?? []).filter(
    ({ IndexName, KeySchema }) => keyText(known.get(IndexName)) !== keyText(KeySchema),
  );
  return {
    drop: create.flatMap(({ IndexName }) => (IndexName !== undefined && known.has(IndexName) ? [IndexName] : [])),
    create,
    stream: view === undefined ? wanted.StreamSpecification : undefined,
  };
};
