import { TransactionCanceledException } from "@aws-sdk/client-dynamodb";
import { TransactWriteCommand } from "@aws-sdk/lib-dynamodb";
import { mockClient } from "aws-sdk-client-mock";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { documents } from "#core/db/document-client.ts";
import { TableUnavailable } from "#core/db/table-unavailable.ts";
import { type TransactionItem, TransactionRefused, transact } from "#core/db/transaction.ts";

/** The embedded engine knows no conflicts between transactions, so DynamoDB's answers to them are played here. */

const dynamoDb = mockClient(documents);
beforeEach(() => dynamoDb.reset());
afterAll(() => dynamoDb.restore());

const items: readonly TransactionItem[] = [
  { Put: { TableName: "one", Item: { pk: "a" } } },
  { Put: { TableName: "two", Item: { pk: "b" }, ReturnValuesOnConditionCheckFailure: "ALL_OLD" } },
];

const cancelled = (...reasons: readonly { readonly Code: string; readonly Item?: Record<string, { S: string }> }[]) =>
  new TransactionCanceledException({ message: "cancelled", $metadata: {}, CancellationReasons: [...reasons] });

const none = { Code: "None" } as const;
const calls = () => dynamoDb.commandCalls(TransactWriteCommand).map(({ args: [{ input }] }) => input.TransactItems);

describe("transact", () => {
  it.each(["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])(
    "tries again after %s, with the same items, until it is written",
    async (Code) => {
      dynamoDb
        .on(TransactWriteCommand)
        .rejectsOnce(cancelled(none, { Code }))
        .rejectsOnce(cancelled({ Code }, { Code }))
        .resolves({});
      await expect(transact(items)).resolves.toBeUndefined();
      expect(calls()).toEqual([items, items, items]);
    },
  );

  it("gives up after six tries that conflicted: the tables are out of reach, not the caller at fault", async () => {
    dynamoDb.on(TransactWriteCommand).rejects(cancelled({ Code: "TransactionConflict" }, none));
    await expect(transact(items)).rejects.toBeInstanceOf(TableUnavailable);
    expect(calls()).toHaveLength(6);
  });

  it("says which conditions did not hold, beside a conflict too, and does not try again", async () => {
    const row = { pk: { S: "b" } };
    dynamoDb
      .on(TransactWriteCommand)
      .rejects(cancelled({ Code: "TransactionConflict" }, { Code: "ConditionalCheckFailed", Item: row }));
    const refusal = await transact(items).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(TransactionRefused);
    const { failed } = refusal as TransactionRefused;
    expect(failed).toEqual([1]);
    expect((refusal as TransactionRefused).rowOf(1)).toEqual(row);
    expect((refusal as TransactionRefused).rowOf(0)).toBeUndefined();
    expect(calls()).toHaveLength(1);
  });

  it.each(["ValidationError", "ItemCollectionSizeLimitExceeded", "DuplicateItem"])(
    "hands %s on at once: no later try changes it",
    async (Code) => {
      const error = cancelled(none, { Code });
      dynamoDb.on(TransactWriteCommand).rejects(error);
      await expect(transact(items)).rejects.toBe(error);
      expect(calls()).toHaveLength(1);
    },
  );

  it("hands on what is no cancellation at all", async () => {
    const error = Object.assign(new Error("no such table"), { name: "ResourceNotFoundException" });
    dynamoDb.on(TransactWriteCommand).rejects(error);
    await expect(transact(items)).rejects.toBe(error);
    expect(calls()).toHaveLength(1);
  });
});
