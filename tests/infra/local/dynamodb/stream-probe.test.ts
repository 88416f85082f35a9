import {
  DeleteItemCommand,
  DescribeTableCommand,
  PutItemCommand,
  type StreamViewType,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import {
  DescribeStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type ShardIteratorType,
  type _Record as StreamRecord,
} from "@aws-sdk/client-dynamodb-streams";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasTarget, key, n, openTarget, type Target, targetName } from "./target.ts";

describe.skipIf(!hasTarget)(`DynamoDB Streams (${targetName})`, () => {
  let target: Target;
  beforeAll(async () => {
    target = await openTarget();
  });
  afterAll(() => target.close());

  const tableWithStream = async (StreamViewType: StreamViewType) => {
    const TableName = await target.createTable({ StreamSpecification: { StreamEnabled: true, StreamViewType } });
    const { Table } = await target.client.send(new DescribeTableCommand({ TableName }));
    const StreamArn = Table?.LatestStreamArn ?? "";
    expect(StreamArn).not.toBe("");
    const read = async (ShardIteratorType: ShardIteratorType, SequenceNumber?: string) => {
      const { StreamDescription } = await target.streams.send(new DescribeStreamCommand({ StreamArn }));
      const records: StreamRecord[] = [];
      for (const { ShardId } of StreamDescription?.Shards ?? []) {
        const position = { StreamArn, ShardId, ShardIteratorType, SequenceNumber };
        const { ShardIterator } = await target.streams.send(new GetShardIteratorCommand(position));
        const page = await target.streams.send(new GetRecordsCommand({ ShardIterator }));
        expect(page.NextShardIterator).toBeDefined();
        records.push(...(page.Records ?? []));
      }
      return records;
    };
    return { TableName, read };
  };

  const write = async (TableName: string) => {
    await target.client.send(new PutItemCommand({ TableName, Item: { ...key("a"), v: n(1) } }));
    await target.client.send(
      new UpdateItemCommand({
        TableName,
        Key: key("a"),
        UpdateExpression: "ADD v :v",
        ExpressionAttributeValues: { ":v": n(1) },
      }),
    );
    await target.client.send(new DeleteItemCommand({ TableName, Key: key("a") }));
  };

  it("records insert, change and removal of a row in order, with the images of NEW_AND_OLD_IMAGES", async () => {
    const { TableName, read } = await tableWithStream("NEW_AND_OLD_IMAGES");
    await write(TableName);
    await expect.poll(async () => (await read("TRIM_HORIZON")).length).toBe(3);
    const records = await read("TRIM_HORIZON");
    expect(records.map((record) => record.eventName)).toEqual(["INSERT", "MODIFY", "REMOVE"]);
    expect(records.map((record) => record.dynamodb?.NewImage?.v)).toEqual([n(1), n(2), undefined]);
    expect(records.map((record) => record.dynamodb?.OldImage?.v)).toEqual([undefined, n(1), n(2)]);
    expect(records.every((record) => record.dynamodb?.Keys?.pk?.S === "a")).toBe(true);
    const numbers = records.map((record) => BigInt(record.dynamodb?.SequenceNumber ?? 0));
    expect(numbers).toEqual(numbers.toSorted((left, right) => (left < right ? -1 : 1)));
    expect(new Set(records.map((record) => record.eventID)).size).toBe(3);
  });

  it("has no old image with NEW_IMAGE", async () => {
    const { TableName, read } = await tableWithStream("NEW_IMAGE");
    await write(TableName);
    await expect.poll(async () => (await read("TRIM_HORIZON")).length).toBe(3);
    const records = await read("TRIM_HORIZON");
    expect(records.map((record) => record.dynamodb?.NewImage?.v)).toEqual([n(1), n(2), undefined]);
    expect(records.some((record) => record.dynamodb?.OldImage !== undefined)).toBe(false);
  });

  it("reads on after a sequence number", async () => {
    const { TableName, read } = await tableWithStream("NEW_IMAGE");
    await write(TableName);
    await expect.poll(async () => (await read("TRIM_HORIZON")).length).toBe(3);
    const [first] = await read("TRIM_HORIZON");
    const rest = await read("AFTER_SEQUENCE_NUMBER", first?.dynamodb?.SequenceNumber);
    expect(rest.map((record) => record.eventName)).toEqual(["MODIFY", "REMOVE"]);
  });

  it("records each row of a transaction, and nothing of a refused one", async () => {
    const { TableName, read } = await tableWithStream("NEW_IMAGE");
    const Put = (pk: string) => ({
      Put: { TableName, Item: key(pk), ConditionExpression: "attribute_not_exists(pk)" },
    });
    await target.client.send(new TransactWriteItemsCommand({ TransactItems: [Put("a"), Put("b")] }));
    const refused = target.client.send(new TransactWriteItemsCommand({ TransactItems: [Put("c"), Put("b")] }));
    await expect(refused).rejects.toMatchObject({ name: "TransactionCanceledException" });
    await target.client.send(new PutItemCommand({ TableName, Item: key("last") }));
    const keys = async () => (await read("TRIM_HORIZON")).map((record) => record.dynamodb?.Keys?.pk?.S).sort();
    await expect.poll(keys).toEqual(["a", "b", "last"]);
  });
});
