import { createHash } from "node:crypto";
import { GetCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { config } from "#core/config.ts";
import { documents } from "./document-client.ts";
import { rowKeys } from "./row-keys.ts";
import type { ItemKey } from "./table.ts";

/** Sets of names that bound how many rows a user's day can have. A set only grows, so a verdict holds for its day. */

/** Short enough for a key and a set: a name has at most 64 characters, a value 512. */
export const tagHash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 32);

/** The most tags that a user's day is summed by, and the most values of each. */
const maxTagNames = 50;
const maxTagValues = 100;
/** The value under which all others are summed once a day shows 100 of a tag. */
export const otherValues = "other";

/** Takes a place for a name in a set. False when the set is full without it. */
export const takeName = async (key: ItemKey, name: string, max: number, expiresAt: number): Promise<boolean> => {
  try {
    await documents.send(
      new UpdateCommand({
        TableName: config.tableName("rollups"),
        Key: key,
        UpdateExpression: "ADD #names :set SET expiresAt = :expiresAt",
        ConditionExpression: "attribute_not_exists(#names) OR contains(#names, :name) OR size(#names) < :max",
        ExpressionAttributeNames: { "#names": "names" },
        ExpressionAttributeValues: { ":set": new Set([name]), ":name": name, ":max": max, ":expiresAt": expiresAt },
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === "ConditionalCheckFailedException") return false;
    throw error;
  }
};

const maxKnown = 10_000;
/** Verdicts of this environment: most events repeat the names of those before. */
const known = new Map<string, boolean>();

const takeOnce = async (key: ItemKey, name: string, max: number, expiresAt: number): Promise<boolean> => {
  const id = `${config.tableName("rollups")} ${key.pk} ${key.sk} ${name}`;
  const seen = known.get(id);
  if (seen !== undefined) return seen;
  const taken = await takeName(key, name, max, expiresAt);
  if (known.size >= maxKnown) known.clear();
  known.set(id, taken);
  return taken;
};

/** The value under which a tag is summed: its own up to 100 a day, then `other`; undefined once a day has 50 other tags. */
export const summedTagValue = async (
  { userId, day, expiresAt }: { readonly userId: string; readonly day: string; readonly expiresAt: number },
  tag: string,
  value: string,
): Promise<string | undefined> => {
  const hash = tagHash(tag);
  if (!(await takeOnce(rowKeys.tagNames(userId, day), tag, maxTagNames, expiresAt))) return undefined;
  const ownRow = await takeOnce(rowKeys.tagValues(userId, day, hash), tagHash(value), maxTagValues, expiresAt);
  return ownRow ? value : otherValues;
};

/** The tags that a user's day has rows for. */
export const readTagNames = async (userId: string, day: string): Promise<readonly string[]> => {
  const { Item } = await documents.send(
    new GetCommand({
      TableName: config.tableName("rollups"),
      Key: rowKeys.tagNames(userId, day),
      ConsistentRead: true,
    }),
  );
  return Item?.names instanceof Set ? [...(Item.names as ReadonlySet<string>)] : [];
};
