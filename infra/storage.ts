import { type TableId, type TableSpec, tables } from "#core/tables.ts";
import type { EncryptionKey } from "./encryption.ts";
import type { StageSettings } from "./stage.ts";

/** Days that a recoverable table can be taken back: the most that DynamoDB offers. */
const recoveryDays = 35;

const createTable = (spec: TableSpec, { key }: EncryptionKey, { keepsData }: StageSettings) => {
  const indexes = spec.indexes ?? {};
  const indexFields = Object.values(indexes).flatMap(({ hashKey, rangeKey }) => [hashKey, rangeKey]);
  const fields = Object.fromEntries(["pk", "sk", ...indexFields].map((name) => [name, "string" as const]));
  // SST names the table itself `<component>Table`; the link below has the name that functions read.
  const table = new sst.aws.Dynamo(spec.resource.replace(/Table$/, ""), {
    fields,
    primaryIndex: { hashKey: "pk", rangeKey: "sk" },
    globalIndexes: { ...indexes },
    ...(spec.ttl === undefined ? {} : { ttl: spec.ttl }),
    ...(spec.stream === undefined ? {} : { stream: spec.stream }),
    deletionProtection: keepsData,
    transform: {
      table: {
        serverSideEncryption: { enabled: true, kmsKeyArn: key.arn },
        pointInTimeRecovery: spec.recoverable
          ? { enabled: true, recoveryPeriodInDays: recoveryDays }
          : { enabled: false },
      },
    },
  });
  // Linking the table itself would allow `dynamodb:*` on it. A Linkable gives the name and nothing else.
  const link = new sst.Linkable(spec.resource, { properties: { name: table.name } });
  return { table, link };
};

export type Table = ReturnType<typeof createTable>;

/** Every table of core/tables.ts: on demand, encrypted by our key, recoverable where the list says so. */
export const createTables = (key: EncryptionKey, settings: StageSettings): Readonly<Record<TableId, Table>> =>
  Object.fromEntries(Object.entries(tables).map(([id, spec]) => [id, createTable(spec, key, settings)])) as Record<
    TableId,
    Table
  >;
