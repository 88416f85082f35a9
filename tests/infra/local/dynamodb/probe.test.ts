import { randomUUID } from "node:crypto";
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
  QueryCommand,
  ResourceNotFoundException,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  type TransactWriteItemsCommandInput,
  UpdateItemCommand,
  type UpdateItemCommandInput,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasTarget, key, n, openTarget, stringAttributes, type Target, targetName } from "./target.ts";

/** What the gateway asks of any DynamoDB. `DYNAMODB_ENDPOINT=… npx vitest run <this file>` puts another one to the test. */
describe.skipIf(!hasTarget)(`DynamoDB (${targetName})`, () => {
  let target: Target;
  let table: string;

  beforeAll(async () => {
    target = await openTarget();
    table = await target.createTable({
      AttributeDefinitions: stringAttributes("indexPk", "indexSk"),
      GlobalSecondaryIndexes: [
        {
          IndexName: "byIndex",
          KeySchema: [
            { AttributeName: "indexPk", KeyType: "HASH" },
            { AttributeName: "indexSk", KeyType: "RANGE" },
          ],
          Projection: { ProjectionType: "ALL" },
        },
      ],
    });
  });
  afterAll(() => target.close());

  const put = (Item: PutItemCommandInput["Item"], extra: Partial<PutItemCommandInput> = {}) =>
    target.client.send(new PutItemCommand({ TableName: table, Item, ...extra }));
  const update = (pk: string, extra: Omit<UpdateItemCommandInput, "TableName" | "Key">) =>
    target.client.send(new UpdateItemCommand({ TableName: table, Key: key(pk), ReturnValues: "ALL_NEW", ...extra }));
  const get = async (pk: string, sk?: string) =>
    (await target.client.send(new GetItemCommand({ TableName: table, Key: key(pk, sk), ConsistentRead: true }))).Item;
  const transact = (TransactItems: TransactWriteItemsCommandInput["TransactItems"], ClientRequestToken?: string) =>
    target.client.send(new TransactWriteItemsCommand({ TransactItems, ClientRequestToken }));

  describe("conditional writes", () => {
    it("refuses a second create and hands back the row that is there", async () => {
      const ifNew = { ConditionExpression: "attribute_not_exists(pk)" } as const;
      await put({ ...key("create"), v: n(1) }, ifNew);
      const refused = put({ ...key("create"), v: n(2) }, { ...ifNew, ReturnValuesOnConditionCheckFailure: "ALL_OLD" });
      const error = await refused.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ConditionalCheckFailedException);
      expect((error as ConditionalCheckFailedException).Item).toEqual({ ...key("create"), v: n(1) });
      expect(await get("create")).toMatchObject({ v: n(1) });
    });

    it("hands back nothing where the row is missing", async () => {
      const refused = update("absent", {
        UpdateExpression: "SET v = :v",
        ConditionExpression: "attribute_exists(pk)",
        ExpressionAttributeValues: { ":v": n(1) },
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      });
      const error = await refused.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ConditionalCheckFailedException);
      expect((error as ConditionalCheckFailedException).Item).toBeUndefined();
      expect(await get("absent")).toBeUndefined();
    });

    it("deletes only what the condition allows", async () => {
      await put({ ...key("delete"), v: n(1) });
      const remove = (value: number) =>
        target.client.send(
          new DeleteItemCommand({
            TableName: table,
            Key: key("delete"),
            ConditionExpression: "v = :v",
            ExpressionAttributeValues: { ":v": n(value) },
          }),
        );
      await expect(remove(2)).rejects.toThrow(ConditionalCheckFailedException);
      await remove(1);
      expect(await get("delete")).toBeUndefined();
    });

    it.each([
      ["v BETWEEN :low AND :high", { ":low": n(1), ":high": n(10) }],
      ["v IN (:low, :high)", { ":low": n(5), ":high": n(10) }],
      ["begins_with(t, :low) AND contains(t, :high)", { ":low": { S: "he" }, ":high": { S: "ll" } }],
      ["attribute_type(t, :low) AND NOT v = :high", { ":low": { S: "S" }, ":high": n(6) }],
      ["size(t) = :low AND (v < :high OR v > :high)", { ":low": n(5), ":high": n(6) }],
    ])("understands %s", async (ConditionExpression, ExpressionAttributeValues) => {
      await put({ ...key("operators"), v: n(5), t: { S: "hello" } });
      await put({ ...key("operators") }, { ConditionExpression, ExpressionAttributeValues });
    });
  });

  describe("admission of a request", () => {
    const names = { "#open": "open", "#spend": "spend" };
    const newUser = async (): Promise<string> => {
      const pk = `user-${randomUUID()}`;
      await put({ ...key(pk), open: { M: {} } });
      return pk;
    };
    const admit = (pk: string, requestId: string, { max = 2, cap = 100, estimate = 10 } = {}) =>
      update(pk, {
        ConditionExpression: "size(#open) < :max AND (attribute_not_exists(#spend) OR #spend <= :cap)",
        UpdateExpression: "SET #open.#rid = :lease ADD #spend :estimate",
        ExpressionAttributeNames: { ...names, "#rid": requestId },
        ExpressionAttributeValues: { ":max": n(max), ":cap": n(cap), ":estimate": n(estimate), ":lease": n(1_700_000) },
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      });
    const release = (pk: string, requestId: string, delta: number) =>
      update(pk, {
        ConditionExpression: "attribute_exists(#open.#rid)",
        UpdateExpression: "REMOVE #open.#rid ADD #spend :delta",
        ExpressionAttributeNames: { ...names, "#rid": requestId },
        ExpressionAttributeValues: { ":delta": n(delta) },
      });

    it("opens requests up to the limit, reserving spend with each, and says with the refusal what is open", async () => {
      const pk = await newUser();
      await admit(pk, "req_a-1");
      const { Attributes } = await admit(pk, "req_b.2");
      const open = { M: { "req_a-1": n(1_700_000), "req_b.2": n(1_700_000) } };
      expect(Attributes).toEqual({ ...key(pk), open, spend: n(20) });
      const error = await admit(pk, "req_c").catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ConditionalCheckFailedException);
      expect((error as ConditionalCheckFailedException).Item).toEqual({ ...key(pk), open, spend: n(20) });
    });

    it("refuses above the spending cap", async () => {
      const pk = await newUser();
      await admit(pk, "a", { estimate: 101 });
      await expect(admit(pk, "b", { max: 9 })).rejects.toThrow(ConditionalCheckFailedException);
    });

    it("releases once: the second release changes nothing", async () => {
      const pk = await newUser();
      await admit(pk, "a");
      expect((await release(pk, "a", -4)).Attributes).toEqual({ ...key(pk), open: { M: {} }, spend: n(6) });
      await expect(release(pk, "a", -4)).rejects.toThrow(ConditionalCheckFailedException);
      expect(await get(pk)).toMatchObject({ spend: n(6) });
    });

    it("refuses by the condition, not as a malformed request, where the row or its map is missing", async () => {
      await expect(admit(`user-${randomUUID()}`, "a")).rejects.toThrow(ConditionalCheckFailedException);
      const pk = `user-${randomUUID()}`;
      await put({ ...key(pk), spend: n(1) });
      await expect(admit(pk, "a")).rejects.toThrow(ConditionalCheckFailedException);
      await expect(release(pk, "a", -1)).rejects.toThrow(ConditionalCheckFailedException);
    });

    it("admits exactly the limit out of 200 at once", async () => {
      const pk = await newUser();
      const results = await Promise.allSettled(
        Array.from({ length: 200 }, (_, index) => admit(pk, `r${index}`, { max: 20, cap: 1_000_000 })),
      );
      const refusals = results.filter((result) => result.status === "rejected");
      expect(results.length - refusals.length).toBe(20);
      expect(refusals.every(({ reason }) => reason instanceof ConditionalCheckFailedException)).toBe(true);
      const row = await get(pk);
      expect(Object.keys(row?.open?.M ?? {})).toHaveLength(20);
      expect(row?.spend).toEqual(n(200));
    });
  });

  describe("update expressions", () => {
    it("adds to what is there or to zero, exactly, with 38 digits", async () => {
      const add = (value: string) =>
        update("sum", { UpdateExpression: "ADD amount :v", ExpressionAttributeValues: { ":v": { N: value } } });
      await add("0.1");
      await add("0.2");
      expect((await add("12345678901234567890123456789012345")).Attributes).toMatchObject({
        amount: { N: "12345678901234567890123456789012345.3" },
      });
    });

    it("counts 100 concurrent ADDs as 100", async () => {
      const values = { UpdateExpression: "ADD amount :v", ExpressionAttributeValues: { ":v": n(1) } };
      await Promise.all(Array.from({ length: 100 }, () => update("counter", values)));
      expect(await get("counter")).toMatchObject({ amount: n(100) });
    });

    it("sets what is missing only once (if_not_exists) and computes from old values", async () => {
      const visit = (now: number) =>
        update("visit", {
          UpdateExpression: "SET firstAt = if_not_exists(firstAt, :now), visits = if_not_exists(visits, :zero) + :one",
          ExpressionAttributeValues: { ":now": n(now), ":zero": n(0), ":one": n(1) },
        });
      await visit(7);
      expect((await visit(9)).Attributes).toMatchObject({ firstAt: n(7), visits: n(2) });
    });

    it("appends to lists, adds to and deletes from sets, removes attributes", async () => {
      await put({ ...key("kinds"), l: { L: [{ S: "a" }] }, s: { SS: ["x", "y"] }, gone: n(1) });
      const { Attributes } = await update("kinds", {
        UpdateExpression: "SET l = list_append(l, :l) ADD s :add REMOVE gone",
        ExpressionAttributeValues: { ":l": { L: [{ S: "b" }] }, ":add": { SS: ["z"] } },
      });
      expect(Attributes).toMatchObject({ l: { L: [{ S: "a" }, { S: "b" }] } });
      expect(Attributes?.s?.SS?.toSorted()).toEqual(["x", "y", "z"]);
      expect(Attributes).not.toHaveProperty("gone");
    });

    it.each([
      ["an existing row", true],
      ["a missing row", false],
    ])("refuses to set inside a map that is not there, in %s", async (_, exists) => {
      const pk = `nested-${randomUUID()}`;
      if (exists) await put(key(pk));
      const write = update(pk, {
        UpdateExpression: "SET #open.#rid = :v",
        ExpressionAttributeNames: { "#open": "open", "#rid": "r" },
        ExpressionAttributeValues: { ":v": n(1) },
      });
      await expect(write).rejects.toMatchObject({ name: "ValidationException" });
    });

    it.each([
      ["a reserved word without a name", { UpdateExpression: "SET status = :v" }],
      ["overlapping paths", { UpdateExpression: "SET a = :v, a.b = :v" }],
      ["arithmetic in a condition", { UpdateExpression: "SET a = :v", ConditionExpression: "a + :v < :v" }],
      ["a change of the key", { UpdateExpression: "SET sk = :v" }],
    ])("refuses %s", async (_, expressions) => {
      const write = update("invalid", { ...expressions, ExpressionAttributeValues: { ":v": n(1) } });
      await expect(write).rejects.toMatchObject({ name: "ValidationException" });
    });

    it("refuses a value that no expression uses", async () => {
      const values = { ":v": n(1), ":unused": n(1) };
      const write = update("invalid", { UpdateExpression: "SET a = :v", ExpressionAttributeValues: values });
      await expect(write).rejects.toMatchObject({ name: "ValidationException" });
    });
  });

  describe("limits of a row", () => {
    it("takes 399 KB and refuses more than 400 KB", async () => {
      await put({ ...key("large"), v: { S: "x".repeat(399 * 1024) } });
      const tooLarge = put({ ...key("large"), v: { S: "x".repeat(400 * 1024) } });
      await expect(tooLarge).rejects.toMatchObject({ name: "ValidationException" });
    });

    it("refuses an empty key, takes empty values and keeps bytes", async () => {
      await expect(put(key(""))).rejects.toMatchObject({ name: "ValidationException" });
      const bytes = Uint8Array.from([0, 255, 128]);
      await put({ ...key("values"), text: { S: "" }, bytes: { B: bytes }, list: { L: [] }, none: { NULL: true } });
      const row = await get("values");
      expect(row).toMatchObject({ text: { S: "" }, list: { L: [] }, none: { NULL: true } });
      expect(Buffer.from(row?.bytes?.B ?? [])).toEqual(Buffer.from(bytes));
    });

    it("names a table that is not there", async () => {
      const read = target.client.send(new GetItemCommand({ TableName: `none-${randomUUID()}`, Key: key("a") }));
      await expect(read).rejects.toThrow(ResourceNotFoundException);
    });
  });

  describe("transactions", () => {
    const putNew = (pk: string) => ({
      Put: {
        TableName: table,
        Item: { ...key(pk), v: n(1) },
        ConditionExpression: "attribute_not_exists(pk)",
        ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const,
      },
    });
    const add = (pk: string) => ({
      Update: {
        TableName: table,
        Key: key(pk),
        UpdateExpression: "ADD v :v",
        ExpressionAttributeValues: { ":v": n(1) },
      },
    });

    it("writes puts, updates, deletes and checks together", async () => {
      await put(key("tx-old"));
      await transact([
        putNew("tx-new"),
        add("tx-sum"),
        { Delete: { TableName: table, Key: key("tx-old") } },
        { ConditionCheck: { TableName: table, Key: key("tx-none"), ConditionExpression: "attribute_not_exists(pk)" } },
      ]);
      expect(await get("tx-new")).toMatchObject({ v: n(1) });
      expect(await get("tx-sum")).toMatchObject({ v: n(1) });
      expect(await get("tx-old")).toBeUndefined();
    });

    it("writes nothing when one condition fails, and says which, with the row", async () => {
      await put({ ...key("tx-there"), v: n(9) });
      const error = await transact([add("tx-rolled-back"), putNew("tx-there")]).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(TransactionCanceledException);
      const reasons = (error as TransactionCanceledException).CancellationReasons;
      expect(reasons?.map((reason) => reason.Code)).toEqual(["None", "ConditionalCheckFailed"]);
      expect(reasons?.[1]?.Item).toEqual({ ...key("tx-there"), v: n(9) });
      expect(await get("tx-rolled-back")).toBeUndefined();
    });

    it("does the work of one token once, and refuses the token with other work", async () => {
      const token = randomUUID();
      await transact([add("tx-token")], token);
      await transact([add("tx-token")], token);
      expect(await get("tx-token")).toMatchObject({ v: n(1) });
      const reused = transact([add("tx-other")], token);
      await expect(reused).rejects.toMatchObject({ name: "IdempotentParameterMismatchException" });
    });

    it("takes 100 actions, as the usage rollup needs, and refuses 101 and two on one row", async () => {
      const marks = (count: number) => Array.from({ length: count }, (_, index) => putNew(`tx-${count}-${index}`));
      await transact(marks(100));
      expect(await get("tx-100-99")).toMatchObject({ v: n(1) });
      await expect(transact(marks(101))).rejects.toMatchObject({ name: "ValidationException" });
      await expect(transact([add("tx-same"), add("tx-same")])).rejects.toMatchObject({ name: "ValidationException" });
    });
  });

  describe("reading", () => {
    const rows = Array.from({ length: 25 }, (_, index) => ({
      pk: { S: "many" },
      sk: { S: String(index).padStart(3, "0") },
      indexPk: { S: "index" },
      indexSk: { S: String(100 - index) },
      v: n(index),
    }));
    const write = (items: typeof rows) =>
      target.client.send(
        new BatchWriteItemCommand({ RequestItems: { [table]: items.map((Item) => ({ PutRequest: { Item } })) } }),
      );
    beforeAll(async () => {
      const { UnprocessedItems } = await write(rows);
      expect(UnprocessedItems ?? {}).toEqual({});
    });

    it("writes 25 rows at once and refuses 26", async () => {
      const tooMany = [
        ...rows,
        { pk: { S: "many" }, sk: { S: "025" }, indexPk: { S: "x" }, indexSk: { S: "1" }, v: n(1) },
      ];
      await expect(write(tooMany)).rejects.toMatchObject({ name: "ValidationException" });
    });

    it("reads 100 rows at once, the missing left out, and refuses 101", async () => {
      const read = (count: number) => {
        const Keys = Array.from({ length: count }, (_, index) => key("many", String(index).padStart(3, "0")));
        return target.client.send(new BatchGetItemCommand({ RequestItems: { [table]: { Keys } } }));
      };
      expect((await read(100)).Responses?.[table]).toHaveLength(25);
      await expect(read(101)).rejects.toMatchObject({ name: "ValidationException" });
    });

    it("pages a query with a filter: every match once, in order", async () => {
      const found: (string | undefined)[] = [];
      let pages = 0;
      let ExclusiveStartKey: Record<string, { S: string }> | undefined;
      do {
        const page = await target.client.send(
          new QueryCommand({
            TableName: table,
            KeyConditionExpression: "pk = :pk AND sk BETWEEN :from AND :to",
            FilterExpression: "v >= :least",
            ExpressionAttributeValues: {
              ":pk": { S: "many" },
              ":from": { S: "000" },
              ":to": { S: "020" },
              ":least": n(5),
            },
            Limit: 10,
            ExclusiveStartKey,
          }),
        );
        found.push(...(page.Items ?? []).map((item) => item.sk?.S));
        ExclusiveStartKey = page.LastEvaluatedKey as typeof ExclusiveStartKey;
        pages++;
      } while (ExclusiveStartKey !== undefined);
      expect(found).toEqual(rows.slice(5, 21).map((row) => row.sk.S));
      expect(pages).toBe(3);
    });

    it("queries an index backwards, without rows that left it, and refuses a consistent read of it", async () => {
      const query = (extra: { ConsistentRead?: boolean } = {}) =>
        target.client.send(
          new QueryCommand({
            TableName: table,
            IndexName: "byIndex",
            KeyConditionExpression: "indexPk = :pk",
            ExpressionAttributeValues: { ":pk": { S: "index" } },
            ScanIndexForward: false,
            Limit: 2,
            ...extra,
          }),
        );
      const sorts = async () => (await query()).Items?.map((item) => item.indexSk?.S);
      // An index may follow its table later.
      await expect.poll(sorts).toEqual(["99", "98"]);
      await target.client.send(
        new UpdateItemCommand({
          TableName: table,
          Key: key("many", "001"),
          UpdateExpression: "REMOVE indexPk, indexSk",
        }),
      );
      await expect.poll(sorts).toEqual(["98", "97"]);
      await expect(query({ ConsistentRead: true })).rejects.toMatchObject({ name: "ValidationException" });
    });
  });

  it("keeps the attribute of time to live", async () => {
    const TimeToLiveSpecification = { AttributeName: "expiresAt", Enabled: true };
    await target.client.send(new UpdateTimeToLiveCommand({ TableName: table, TimeToLiveSpecification }));
    const { TimeToLiveDescription } = await target.client.send(new DescribeTimeToLiveCommand({ TableName: table }));
    expect(TimeToLiveDescription?.AttributeName).toBe("expiresAt");
    expect(TimeToLiveDescription?.TimeToLiveStatus).toMatch(/^ENABL/);
  });

  it("bills by request", async () => {
    const { Table } = await target.client.send(new DescribeTableCommand({ TableName: table }));
    expect(Table?.BillingModeSummary?.BillingMode).toBe("PAY_PER_REQUEST");
  });
});
