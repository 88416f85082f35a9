import { QueryCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { config } from "#core/config.ts";
import { documents } from "./document-client.ts";
import { rowKeys } from "./row-keys.ts";
import { getItem, putItem, updateItem, won } from "./table.ts";

/** Accounts that are being deleted: one row each in the jobs table, in its `due` index by the time of the worker's next pass. */

const dueShard = "DELETIONS";

const deletionSchema = z.object({
  userId: z.string(),
  /** `first` deletes everything; `last`, a day later, what streams and running functions wrote since. */
  pass: z.enum(["first", "last"]),
  /** As `rowKeys.sortableMs` writes it. */
  dueAt: z.string(),
});

export type AccountDeletion = z.infer<typeof deletionSchema>;

/** Asks for an account's deletion; asked again, it begins anew. @throws AwsError */
export const putDeletion = (userId: string, nowMs: number): Promise<void> =>
  putItem("jobs", {
    ...rowKeys.accountDeletion(userId),
    userId,
    pass: "first",
    dueShard,
    dueAt: rowKeys.sortableMs(nowMs),
  });

/** Whether an account is being deleted. @throws AwsError */
export const isBeingDeleted = async (userId: string): Promise<boolean> =>
  (await getItem("jobs", rowKeys.accountDeletion(userId), { consistent: true })) !== undefined;

/** Deletions that a worker may go on with, who have waited longest first. @throws TableUnavailable */
export const dueDeletions = async (nowMs: number, limit: number): Promise<readonly AccountDeletion[]> => {
  const { Items = [] } = await documents.send(
    new QueryCommand({
      TableName: config.tableName("jobs"),
      IndexName: "due",
      KeyConditionExpression: "dueShard = :shard AND dueAt <= :now",
      ExpressionAttributeValues: { ":shard": dueShard, ":now": rowKeys.sortableMs(nowMs) },
      Limit: limit,
    }),
  );
  return Items.map((item) => deletionSchema.parse(item));
};

/**
 * Moves a deletion on, unless it was moved or begun anew meanwhile. Resolves to how it is then, or to undefined.
 * @throws AwsError
 */
export const moveDeletion = async (
  from: AccountDeletion,
  pass: AccountDeletion["pass"],
  dueAtMs: number,
): Promise<AccountDeletion | undefined> => {
  const to = { ...from, pass, dueAt: rowKeys.sortableMs(dueAtMs) };
  const moved = await won(
    updateItem("jobs", rowKeys.accountDeletion(from.userId), "SET #pass = :pass, dueAt = :due", {
      names: { "#pass": "pass" },
      values: { ":pass": pass, ":due": to.dueAt, ":seen": from.dueAt },
      condition: "dueAt = :seen",
    }),
  );
  return moved ? to : undefined;
};
