import { GetCommand, QueryCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { config } from "#core/config.ts";
import { sealedTextSchema } from "#core/encryption/sealed-text.ts";
import { documents } from "./document-client.ts";
import { countChange } from "./key-changes.ts";
import { type KeyLimits, limitAttributes } from "./key-limits.ts";
import { rowKeys } from "./row-keys.ts";
import type { ItemKey } from "./table.ts";
import { type TransactionItem, TransactionRefused, transact } from "./transaction.ts";

/**
 * Our rows of API keys, for managing them: the mark that each request reads (by the key's hash) and the user's own row of
 * it (by Unkey's id). A user's row of a key is the proof that it is theirs.
 */

const userKeySchema = z.object({
  keyId: z.string(),
  keyHash: z.string(),
  /** ISO 8601. */
  createdAt: z.string(),
  /** The key that this one replaced. */
  rotatedFrom: z.string().optional(),
  /** Where alerts of the budget go. */
  alertWebhook: z
    .object({ url: z.string(), secret: sealedTextSchema, /** What the seal is bound to. */ secretContext: z.string() })
    .optional(),
  ...limitAttributes,
});

export type UserKey = z.infer<typeof userKeySchema>;

/** At most this many keys of one user. */
export const maxKeys = 100;

/** Whether a place for one more key was taken, or why not. */
export type PlaceVerdict = "reserved" | "full" | "user-disabled";

/**
 * Counts one more key of a user, unless the cap is reached or the user is disabled: one conditional write, so it holds under
 * concurrency; in a transaction, so a try whose answer was lost is not counted twice.
 */
export const reserveKeyPlace = async (userId: string): Promise<PlaceVerdict> => {
  try {
    await transact([
      {
        Update: {
          TableName: config.tableName("keys"),
          Key: rowKeys.admission(userId),
          UpdateExpression: "SET #open = if_not_exists(#open, :none) ADD keyCount :one",
          ConditionExpression:
            "attribute_not_exists(disabledAt) AND (attribute_not_exists(keyCount) OR keyCount < :max)",
          ExpressionAttributeNames: { "#open": "open" },
          ExpressionAttributeValues: { ":one": 1, ":max": maxKeys, ":none": {} },
          ReturnValuesOnConditionCheckFailure: "ALL_OLD",
        },
      },
    ]);
    return "reserved";
  } catch (error) {
    if (!(error instanceof TransactionRefused)) throw error;
    return error.rowOf(0)?.disabledAt === undefined ? "full" : "user-disabled";
  }
};

const freePlace = (userId: string): TransactionItem => ({
  Update: {
    TableName: config.tableName("keys"),
    Key: rowKeys.admission(userId),
    UpdateExpression: "ADD keyCount :less",
    ExpressionAttributeValues: { ":less": -1 },
  },
});

/** Gives a reserved place back when the key could not be made. */
export const returnKeyPlace = (userId: string): Promise<void> => transact([freePlace(userId)]);

const limitItem = (limits: KeyLimits | undefined): Record<string, unknown> =>
  limits === undefined
    ? {}
    : {
        limitsId: limits.id,
        budget: limits.budget,
        allowedModels: limits.allowedModels,
        tokensPerMinute: limits.tokensPerMinute,
        contentDays: limits.contentDays,
        keyTags: limits.keyTags,
      };

export interface NewKeyRow extends Pick<UserKey, "keyId" | "keyHash" | "createdAt" | "rotatedFrom" | "alertWebhook"> {
  readonly userId: string;
  readonly limits?: KeyLimits | undefined;
  readonly rateLimit: number;
  readonly enabled: boolean;
  readonly expiresAtMs?: number | undefined;
}

/** A key's mark and the user's row of it, as writes of one transaction. */
export const keyRows = ({
  userId,
  rateLimit,
  enabled,
  expiresAtMs,
  limits,
  ...row
}: NewKeyRow): readonly TransactionItem[] => {
  const TableName = config.tableName("keys");
  const own = limitItem(limits);
  const mark = { ...rowKeys.keyMark(row.keyHash), keyId: row.keyId, userId, enabled, rateLimit, expiresAtMs, ...own };
  return [
    { Put: { TableName, Item: { ...rowKeys.userKey(userId, row.keyId), ...row, ...own } } },
    { Put: { TableName, Item: mark } },
  ];
};

/** Writes a key's mark and the user's row of it, both or neither. */
export const insertKey = (row: NewKeyRow): Promise<void> => transact(keyRows(row));

/** A user's own row of a key, or undefined when the key is not theirs. */
export const findUserKey = async (userId: string, keyId: string): Promise<UserKey | undefined> => {
  const { Item } = await documents.send(
    new GetCommand({ TableName: config.tableName("keys"), Key: rowKeys.userKey(userId, keyId), ConsistentRead: true }),
  );
  return Item === undefined ? undefined : userKeySchema.parse(Item);
};

/** All keys of a user that are not removed. */
export const listUserKeys = async (userId: string): Promise<readonly UserKey[]> => {
  const prefix = rowKeys.userKey(userId, "");
  const keys: UserKey[] = [];
  let start: Record<string, unknown> | undefined;
  do {
    // A page has a megabyte, which long lists of models can fill.
    const { Items = [], LastEvaluatedKey } = await documents.send(
      new QueryCommand({
        TableName: config.tableName("keys"),
        KeyConditionExpression: "pk = :pk AND begins_with(sk, :prefix)",
        ExpressionAttributeValues: { ":pk": prefix.pk, ":prefix": prefix.sk },
        ConsistentRead: true,
        ExclusiveStartKey: start,
      }),
    );
    keys.push(...Items.map((item) => userKeySchema.parse(item)));
    start = LastEvaluatedKey;
  } while (start !== undefined);
  return keys;
};

/** Limits that a change of a key sets; null removes. */
export interface LimitsUpdate {
  readonly budget?: KeyLimits["budget"] | null;
  readonly allowedModels?: readonly string[] | null;
  readonly tokensPerMinute?: number | null;
  readonly contentDays?: number | null;
  readonly keyTags?: KeyLimits["keyTags"] | null;
}

/** Sets the members that are given, and removes those that are null. */
const setOrRemove = (change: Readonly<Record<string, unknown>>) => {
  const given = Object.entries(change).filter(([, value]) => value !== undefined);
  const sets = given.filter(([, value]) => value !== null);
  const removes = given.filter(([, value]) => value === null);
  return {
    update: [
      ...(sets.length > 0 ? [`SET ${sets.map(([name]) => `${name} = :${name}`).join(", ")}`] : []),
      ...(removes.length > 0 ? [`REMOVE ${removes.map(([name]) => name).join(", ")}`] : []),
    ].join(" "),
    values: Object.fromEntries(sets.map(([name, value]) => [`:${name}`, value])),
  };
};

/**
 * The writes that set limits of keys, a group for each: on the mark that requests read, and on the user's row.
 */
export const limitChanges = (
  userId: string,
  keys: readonly Pick<UserKey, "keyId" | "keyHash">[],
  limitsId: string,
  change: LimitsUpdate,
): readonly (readonly TransactionItem[])[] => {
  const { update, values } = setOrRemove({ limitsId, ...change });
  const write = (Key: ItemKey): TransactionItem => ({
    Update: {
      TableName: config.tableName("keys"),
      Key: { ...Key },
      UpdateExpression: update,
      ConditionExpression: "attribute_exists(pk)",
      ExpressionAttributeValues: values,
    },
  });
  return keys.map(({ keyId, keyHash }) => [write(rowKeys.userKey(userId, keyId)), write(rowKeys.keyMark(keyHash))]);
};

/** The writes that set or remove where the alerts of keys go, a group for each. */
export const alertWebhookChanges = (
  userId: string,
  keys: readonly Pick<UserKey, "keyId">[],
  alertWebhook: UserKey["alertWebhook"] | null,
): readonly (readonly TransactionItem[])[] => {
  const { update, values } = setOrRemove({ alertWebhook });
  return keys.map(({ keyId }) => [
    {
      Update: {
        TableName: config.tableName("keys"),
        Key: { ...rowKeys.userKey(userId, keyId) },
        UpdateExpression: update,
        ConditionExpression: "attribute_exists(pk)",
        ...(Object.keys(values).length > 0 ? { ExpressionAttributeValues: values } : {}),
      },
    },
  ]);
};

/** Fields of a mark that a change of the key sets; null removes. */
export interface MarkChange {
  readonly enabled?: boolean;
  readonly expiresAtMs?: number | null;
  readonly rateLimit?: number;
  readonly revokedAt?: number;
}

/** Changes a key's mark, which the very next request reads. */
export const changeMark = async (keyHash: string, change: MarkChange): Promise<void> => {
  const { update, values } = setOrRemove({ ...change });
  if (update === "") return;
  await documents.send(
    new UpdateCommand({
      TableName: config.tableName("keys"),
      Key: rowKeys.keyMark(keyHash),
      UpdateExpression: update,
      ...(Object.keys(values).length > 0 ? { ExpressionAttributeValues: values } : {}),
    }),
  );
};

/** Removes the user's row of a key and frees its place, both or neither. The mark stays, so that the key stays refused. False when it was gone. */
export const removeUserKey = async (userId: string, keyId: string): Promise<boolean> => {
  const TableName = config.tableName("keys");
  const Key = rowKeys.userKey(userId, keyId);
  try {
    await transact([
      { Delete: { TableName, Key, ConditionExpression: "attribute_exists(pk)" } },
      freePlace(userId),
      countChange(userId),
    ]);
    return true;
  } catch (error) {
    if (error instanceof TransactionRefused) return false;
    throw error;
  }
};

/**
 * Marks a user as disabled, or lifts that. A disabled user's requests are refused at admission. Returns whether the user had
 * an admission row: everyone has who created a key or sent a request.
 */
export const setUserDisabled = async (
  userId: string,
  disabledAt: number | undefined,
): Promise<{ readonly wasKnown: boolean }> => {
  const { Attributes: former } = await documents.send(
    new UpdateCommand({
      ReturnValues: "ALL_OLD",
      TableName: config.tableName("keys"),
      Key: rowKeys.admission(userId),
      UpdateExpression:
        disabledAt === undefined
          ? "SET #open = if_not_exists(#open, :none) REMOVE disabledAt"
          : "SET #open = if_not_exists(#open, :none), disabledAt = :at",
      ExpressionAttributeNames: { "#open": "open" },
      ExpressionAttributeValues: { ":none": {}, ...(disabledAt === undefined ? {} : { ":at": disabledAt }) },
    }),
  );
  return { wasKnown: former?.open !== undefined };
};
