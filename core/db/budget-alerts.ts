import { QueryCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { config } from "#core/config.ts";
import { namedPeriodEndMs } from "./budget-period.ts";
import { addDelivery, type DeliveryRow } from "./deliveries.ts";
import { documents } from "./document-client.ts";
import { pico } from "./pico.ts";
import { rareRowKeys } from "./rare-row-keys.ts";
import { type TransactionItem, TransactionRefused, transact } from "./transaction.ts";

/**
 * The last alert of each budget: one row, so that each threshold of a period and an amount is told once. It goes with its budget, and some days
 * after its period.
 */

/** A late event of a period that is over must still find it, ms. */
const keepAlertMs = 7 * 86_400_000;

const alertSchema = z.object({
  budgetId: z.string(),
  period: z.string(),
  /** How much of the budget was spent, percent: a threshold. */
  percent: z.number(),
  /** The budget at that time. Undefined before 2026-11-30. */
  limitPicoUsd: z.optional(pico),
  /** Unix ms. */
  at: z.number(),
});

export type BudgetAlert = z.infer<typeof alertSchema>;

/**
 * Notes an alert with its delivery, both or neither. False when this threshold, or a higher one, was told in the period for a
 * budget of this amount.
 * @throws TableUnavailable
 */
export const noteAlert = async (
  userId: string,
  alert: BudgetAlert & { readonly limitPicoUsd: bigint },
  delivery: DeliveryRow | undefined,
): Promise<boolean> => {
  const { budgetId, period, percent, limitPicoUsd, at } = alert;
  const endMs = namedPeriodEndMs(period);
  const note: TransactionItem = {
    Update: {
      TableName: config.tableName("keys"),
      Key: { ...rareRowKeys.budgetAlert(userId, budgetId) },
      UpdateExpression: `SET budgetId = :id, #period = :period, #percent = :percent, limitPicoUsd = :limit, #at = :at${endMs === undefined ? "" : ", expiresAt = :expires"}`,
      // Names of the periods of one budget are in the order of time.
      ConditionExpression:
        "attribute_not_exists(#period) OR #period < :period OR (#period = :period AND (#percent < :percent OR " +
        // Older rows have no amount. They match any, or every budget would send its alerts again.
        "(attribute_exists(limitPicoUsd) AND limitPicoUsd <> :limit)))",
      ExpressionAttributeNames: { "#period": "period", "#percent": "percent", "#at": "at" },
      ExpressionAttributeValues: {
        ":id": budgetId,
        ":period": period,
        ":percent": percent,
        ":limit": limitPicoUsd,
        ":at": at,
        ...(endMs === undefined ? {} : { ":expires": Math.floor((endMs + keepAlertMs) / 1_000) }),
      },
    },
  };
  if (delivery !== undefined) return addDelivery(delivery, [note]);
  try {
    await transact([note]);
    return true;
  } catch (error) {
    if (error instanceof TransactionRefused) return false;
    throw error;
  }
};

/** The last alert of each of a user's budgets, by the budget's id. @throws TableUnavailable */
export const listAlerts = async (userId: string): Promise<ReadonlyMap<string, BudgetAlert>> => {
  const { pk, sk } = rareRowKeys.budgetAlert(userId, "");
  const { Items = [] } = await documents.send(
    new QueryCommand({
      TableName: config.tableName("keys"),
      KeyConditionExpression: "pk = :pk AND begins_with(sk, :prefix)",
      ExpressionAttributeValues: { ":pk": pk, ":prefix": sk },
    }),
  );
  return new Map(Items.map((item) => alertSchema.parse(item)).map((alert) => [alert.budgetId, alert]));
};
