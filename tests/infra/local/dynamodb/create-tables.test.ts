import { randomUUID } from "node:crypto";
import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  ResourceNotFoundException,
} from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TableId, type TableSpec, tables } from "#core/tables.ts";
import { createTables, tableNames } from "#infra/local/dynamodb/create-tables.ts";
import { hasTarget, openTarget, stringAttributes, type Target, targetName } from "./target.ts";

const specs = Object.entries(tables) as [TableId, TableSpec][];

describe.skipIf(!hasTarget)(`createTables (${targetName})`, () => {
  const prefix = `tables-${randomUUID()}`;
  const names = tableNames(prefix);
  let target: Target;
  beforeAll(async () => {
    target = await openTarget();
    await createTables(target.endpoint, prefix);
  });
  afterAll(async () => {
    for (const TableName of Object.values(names)) await target.client.send(new DeleteTableCommand({ TableName }));
    await target.close();
  });

  it.each(specs)("gives %s the keys, indexes, stream and time to live of the list", async (id, spec) => {
    const TableName = names[id];
    const { Table } = await target.client.send(new DescribeTableCommand({ TableName }));
    expect(Table?.TableStatus).toBe("ACTIVE");
    expect(Table?.KeySchema?.map((part) => part.AttributeName)).toEqual(["pk", "sk"]);
    expect(Table?.BillingModeSummary?.BillingMode).toBe("PAY_PER_REQUEST");
    const views = { "new-image": "NEW_IMAGE", "new-and-old-images": "NEW_AND_OLD_IMAGES" };
    expect(Table?.StreamSpecification?.StreamViewType).toBe(spec.stream && views[spec.stream]);
    const indexes = (Table?.GlobalSecondaryIndexes ?? []).map((index) => [
      index.IndexName,
      { hashKey: index.KeySchema?.[0]?.AttributeName, rangeKey: index.KeySchema?.[1]?.AttributeName },
    ]);
    expect(Object.fromEntries(indexes)).toEqual(spec.indexes ?? {});
    const { TimeToLiveDescription } = await target.client.send(new DescribeTimeToLiveCommand({ TableName }));
    expect(TimeToLiveDescription?.AttributeName).toBe(spec.ttl);
  });

  it("runs again over its own tables without touching them", async () => {
    const stream = async () => {
      const { Table } = await target.client.send(new DescribeTableCommand({ TableName: names.usage }));
      return Table?.LatestStreamArn;
    };
    const before = await stream();
    expect(await createTables(target.endpoint, prefix)).toEqual(names);
    expect(await stream()).toBe(before);
  });

  it("says what to do about a table of an older list", async () => {
    const old = `old-${randomUUID()}`;
    const TableName = tableNames(old).usage;
    await target.client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: stringAttributes("pk"),
        KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      }),
    );
    await expect(createTables(target.endpoint, old)).rejects.toThrow(/UsageTable.*LOCAL_DATA_DIR/);
    for (const name of Object.values(tableNames(old))) {
      await target.client.send(new DeleteTableCommand({ TableName: name })).catch(ignoreMissing);
    }
  });
});

/** The other tables may not have been made yet when the first failed. */
const ignoreMissing = (error: unknown): void => {
  if (!(error instanceof ResourceNotFoundException)) throw error;
};
