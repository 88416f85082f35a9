import { config } from "#core/config.ts";
import { spendAttribute } from "./admission.ts";
import { rowKeys } from "./row-keys.ts";
import { TransactionRefused, transact } from "./transaction.ts";
import { type SettledUsage, settleUsage, settlingUpdate } from "./usage-events.ts";

/**
 * Settles an open row and gives money back that was booked on its day, both or neither: a lost answer refunds nothing twice,
 * and a crash between the two loses nothing. `refundPicoUsd` may be negative: then more is booked. False when the row was
 * settled before. @throws TableUnavailable, AwsError
 */
export const settleAndRefund = async (usage: SettledUsage, refundPicoUsd: bigint): Promise<boolean> => {
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
      {
        Update: {
          TableName: config.tableName("keys"),
          Key: rowKeys.admission(usage.userId),
          UpdateExpression: "ADD #spend :back",
          ExpressionAttributeNames: { "#spend": spendAttribute(usage.day) },
          ExpressionAttributeValues: { ":back": -refundPicoUsd },
          ConditionExpression: "attribute_exists(#spend)",
        },
      },
    ]);
    return true;
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
    // The sum of a day that is long over was cleared: there is nothing left to correct.
    return error.failed.includes(0) ? false : settleUsage(usage);
  }
};
