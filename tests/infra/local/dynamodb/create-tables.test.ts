import { randomUUID } from "node:crypto";
import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  PutItemCommand,
  QueryCommand,
} from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TableId, type TableSpec, tables } from "#core/tables.ts";
import { createTables, ensureTables, TableMismatch, tableNames } from "#infra/local/dynamodb/create-tables.ts";
import { hasTarget, key, openTarget, stringAttributes, type Target, targetName } from "./target.ts";

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

  describe("of an older list", () => {
    const thing = { resource: "ThingTable", recoverable: true } as const satisfies TableSpec;
    const withIndex = (hashKey: string) => ({
      ...thing,
      ttl: "expiresAt",
      stream: "new-image" as const,
      indexes: { open: { hashKey, rangeKey: "openUntil" } },
    });
    const made: string[] = [];
    afterAll(async () => {
      for (const TableName of made) await target.client.send(new DeleteTableCommand({ TableName }));
    });
    /** A new table with a row, and what brings it to another list. */
    const older = async (spec: TableSpec) => {
      const old = `old-${randomUUID()}`;
      const { thing: TableName } = await ensureTables(target.endpoint, old, { thing: spec });
      made.push(TableName);
      const Item = { ...key("row"), openShard: { S: "A" }, otherShard: { S: "B" }, openUntil: { S: "1" } };
      await target.client.send(new PutItemCommand({ TableName, Item }));
      return {
        TableName,
        Item,
        ensure: (next: TableSpec, more: Readonly<Record<string, TableSpec>> = {}) =>
          ensureTables<string>(target.endpoint, old, { thing: next, ...more }),
      };
    };
    const found = async (TableName: string, name: string, value: string) => {
      const { Items } = await target.client.send(
        new QueryCommand({
          TableName,
          IndexName: "open",
          KeyConditionExpression: "#name = :value",
          ExpressionAttributeNames: { "#name": name },
          ExpressionAttributeValues: { ":value": { S: value } },
        }),
      );
      return Items;
    };

    it("get the index, stream and time to live that they lack, and keep their rows", async () => {
      const { TableName, Item, ensure } = await older(thing);
      await ensure(withIndex("openShard"));
      expect(await found(TableName, "openShard", "A")).toEqual([Item]);
      const { Table } = await target.client.send(new DescribeTableCommand({ TableName }));
      expect(Table?.StreamSpecification?.StreamViewType).toBe("NEW_IMAGE");
      const { TimeToLiveDescription } = await target.client.send(new DescribeTimeToLiveCommand({ TableName }));
      expect(TimeToLiveDescription?.AttributeName).toBe("expiresAt");
    });

    it("get an index made again whose keys are others now", async () => {
      const { TableName, Item, ensure } = await older(withIndex("openShard"));
      await ensure(withIndex("otherShard"));
      expect(await found(TableName, "otherShard", "B")).toEqual([Item]);
    });

    it("get another attribute of time to live", async () => {
      const { TableName, ensure } = await older({ ...thing, ttl: "before" });
      await ensure({ ...thing, ttl: "after" });
      const { TimeToLiveDescription } = await target.client.send(new DescribeTimeToLiveCommand({ TableName }));
      expect(TimeToLiveDescription?.AttributeName).toBe("after");
    });

    it("are joined by tables that are new in the list", async () => {
      const { ensure } = await older(thing);
      const { added } = await ensure(thing, { added: { resource: "AddedTable", recoverable: true } });
      made.push(added ?? "");
      const { Table } = await target.client.send(new DescribeTableCommand({ TableName: added }));
      expect(Table?.TableStatus).toBe("ACTIVE");
    });

    it("keep what a newer list gave them, so that the older version runs on them again", async () => {
      const { TableName, Item, ensure } = await older(withIndex("openShard"));
      await ensure(thing);
      expect(await found(TableName, "openShard", "A")).toEqual([Item]);
    });

    it("are refused by name when no change of the table leads to the list", async () => {
      const { TableName, ensure } = await older(withIndex("openShard"));
      await expect(ensure({ ...withIndex("openShard"), stream: "new-and-old-images" })).rejects.toThrow(
        new TableMismatch(`the table ${TableName} has a stream of another kind`),
      );
      const old = `old-${randomUUID()}`;
      const foreign = `${old}-ThingTable`;
      made.push(foreign);
      await target.client.send(
        new CreateTableCommand({
          TableName: foreign,
          BillingMode: "PAY_PER_REQUEST",
          AttributeDefinitions: stringAttributes("pk"),
          KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
        }),
      );
      await expect(ensureTables(target.endpoint, old, { thing })).rejects.toThrow(
        new TableMismatch(`the table ${foreign} has another primary key`),
      );
    });
  });
});
