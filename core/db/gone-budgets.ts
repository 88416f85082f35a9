import { DeleteCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { config } from "#core/config.ts";
import { readAdmission } from "./admission.ts";
import { budgetIdOf, closedSums } from "./admission-row.ts";
import { listUserKeys } from "./api-keys.ts";
import { listAlerts } from "./budget-alerts.ts";
import { documents } from "./document-client.ts";
import { playgroundKeyId } from "./key-limits.ts";
import { rareRowKeys } from "./rare-row-keys.ts";
import { rowKeys } from "./row-keys.ts";
import type { PlainItem } from "./table.ts";

/** What is left of budgets that no key has now. The Playground has no key, and keeps its budget. */

/** One write removes no more. */
const maxSums = 50;

const goneSums = (admission: PlainItem, live: ReadonlySet<string>, nowMs: number): readonly string[] => {
  const gone = Object.keys(admission).filter((attribute) => {
    const id = budgetIdOf(attribute);
    return id !== undefined && !live.has(id);
  });
  return [...new Set([...gone, ...closedSums(admission, nowMs)])].slice(0, maxSums);
};

/**
 * Removes the sums and alerts of budgets that no key of the user has now, and sums whose time is over. It may run at any
 * time, also twice at once: a budget's id is never used again, and what is read before the keys and is not among them is gone.
 * @throws TableUnavailable, AwsError
 */
export const removeGoneBudgets = async (userId: string, nowMs: number): Promise<void> => {
  const [admission, alerts] = await Promise.all([readAdmission(userId), listAlerts(userId)]);
  const keys = await listUserKeys(userId);
  const live = new Set([playgroundKeyId, ...keys.flatMap(({ budget }) => (budget === undefined ? [] : [budget.id]))]);
  const TableName = config.tableName("keys");
  const sums = goneSums(admission, live, nowMs);
  if (sums.length > 0) {
    await documents.send(
      new UpdateCommand({
        TableName,
        Key: rowKeys.admission(userId),
        UpdateExpression: `REMOVE ${sums.map((_, index) => `#sum${index}`).join(", ")}`,
        ExpressionAttributeNames: Object.fromEntries(sums.map((sum, index) => [`#sum${index}`, sum])),
      }),
    );
  }
  for (const id of alerts.keys()) {
    if (!live.has(id)) {
      await documents.send(new DeleteCommand({ TableName, Key: { ...rareRowKeys.budgetAlert(userId, id) } }));
    }
  }
};
