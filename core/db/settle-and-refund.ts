import { config } from "#core/config.ts";
import { rowKeys } from "./row-keys.ts";
import { TransactionRefused, transact } from "./transaction.ts";
import { type SettledUsage, settleUsage, settlingUpdate } from "./usage-events.ts";

/** Money that goes back to a sum of the admission row: the day's spend, or a budget's. Negative books more. */
export interface Refund {
  readonly attribute: string;
  readonly picoUsd: bigint;
}

/** The write that gives all of it back, or nothing where one of the sums is gone. */
const refundUpdate = (userId: string, refunds: readonly Refund[]) => ({
  Update: {
    TableName: config.tableName("keys"),
    Key: rowKeys.admission(userId),
    UpdateExpression: `ADD ${refunds.map((_, index) => `#sum${index} :back${index}`).join(", ")}`,
    ExpressionAttributeNames: Object.fromEntries(refunds.map(({ attribute }, index) => [`#sum${index}`, attribute])),
    ExpressionAttributeValues: Object.fromEntries(refunds.map(({ picoUsd }, index) => [`:back${index}`, -picoUsd])),
    ConditionExpression: refunds.map((_, index) => `attribute_exists(#sum${index})`).join(" AND "),
    ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const,
  },
});

/**
 * Settles an open row and gives money back that was booked when it began, all or nothing: a lost answer refunds nothing twice,
 * and a crash between the two loses nothing. False when the row was settled before. @throws TableUnavailable, AwsError
 */
export const settleAndRefund = async (usage: SettledUsage, refunds: readonly Refund[]): Promise<boolean> => {
  const { key, update, names, values, condition } = settlingUpdate(usage);
  try {
    await transact([
      {
        Update: {
          TableName: config.tableName("usage"),
          Key: key,
          UpdateExpression: update,
          ExpressionAttributeNames: names,
          ExpressionAttributeValues: values,
          ConditionExpression: condition,
        },
      },
      refundUpdate(usage.userId, refunds),
    ]);
    return true;
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
    if (error.failed.includes(0)) return false;
    // The sum of a time that is long over was cleared: there is nothing left to correct in it.
    const row = error.rowOf(1) ?? {};
    const left = refunds.filter(({ attribute }) => Object.hasOwn(row, attribute));
    return left.length === 0 || left.length === refunds.length ? settleUsage(usage) : settleAndRefund(usage, left);
  }
};
