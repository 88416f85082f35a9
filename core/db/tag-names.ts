import { createHash } from "node:crypto";
import { GetCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { config } from "#core/config.ts";
import { documents } from "./document-client.ts";
import { rareRowKeys } from "./rare-row-keys.ts";
import type { ItemKey } from "./table.ts";

/** Sets of names that bound how many rows a user's day can have. A set only grows, so a verdict holds for its day. */

/** Short enough for a key and a set: a name has at most 64 characters, a value 512. */
export const tagHash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 32);

/** The most tags that a user's day is summed by, and the most values of each. */
const maxTagNames = 50;
const maxTagValues = 100;
/** The value under which all others are summed once a day shows 100 of a tag. */
export const otherValues = "other";

const refusalSchema = z.object({
  name: z.literal("ConditionalCheckFailedException"),
  Item: z.optional(z.object({ names: z.object({ SS: z.array(z.string()) }) })),
});

/** Members of a set without room, in which the name is not; undefined for another fault. */
const fullSetOf = (error: unknown): ReadonlySet<string> | undefined => {
  const refusal = refusalSchema.safeParse(error);
  return refusal.success ? new Set(refusal.data.Item?.names.SS) : undefined;
};

/** Takes a place for a name in a set. Without room for it, resolves to the set. */
const takeName = async (
  key: ItemKey,
  name: string,
  max: number,
  expiresAt: number,
): Promise<ReadonlySet<string> | undefined> => {
  try {
    await documents.send(
      new UpdateCommand({
        TableName: config.tableName("rollups"),
        Key: key,
        UpdateExpression: "ADD #names :set SET expiresAt = :expiresAt",
        ConditionExpression: "attribute_not_exists(#names) OR contains(#names, :name) OR size(#names) < :max",
        ExpressionAttributeNames: { "#names": "names" },
        ExpressionAttributeValues: { ":set": new Set([name]), ":name": name, ":max": max, ":expiresAt": expiresAt },
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      }),
    );
    return undefined;
  } catch (error) {
    const full = fullSetOf(error);
    if (full === undefined) throw error;
    return full;
  }
};

const maxKnown = 10_000;
const maxFull = 500;
/** Names that have a place, as this environment knows: most events repeat the names of those before. */
const taken = new Set<string>();
/** Sets without room: what is not among their names never gets a place. */
const full = new Map<string, ReadonlySet<string>>();

/** Whether a name has a place in a set, which is taken for it where there is room. A set that is full is asked once. */
export const hasPlace = async (key: ItemKey, name: string, max: number, expiresAt: number): Promise<boolean> => {
  const row = `${config.tableName("rollups")} ${key.pk} ${key.sk}`;
  const id = `${row} ${name}`;
  if (taken.has(id)) return true;
  const known = full.get(row);
  if (known !== undefined) return known.has(name);
  const refused = await takeName(key, name, max, expiresAt);
  if (refused === undefined) {
    if (taken.size >= maxKnown) taken.clear();
    taken.add(id);
    return true;
  }
  if (full.size >= maxFull) full.clear();
  if (refused.size > 0) full.set(row, refused);
  return false;
};

/** The value under which a tag is summed: its own up to 100 a day, then `other`; undefined once a day has 50 other tags. */
export const summedTagValue = async (
  { userId, day, expiresAt }: { readonly userId: string; readonly day: string; readonly expiresAt: number },
  tag: string,
  value: string,
): Promise<string | undefined> => {
  const hash = tagHash(tag);
  if (!(await hasPlace(rareRowKeys.tagNames(userId, day), tag, maxTagNames, expiresAt))) return undefined;
  const ownRow = await hasPlace(rareRowKeys.tagValues(userId, day, hash), tagHash(value), maxTagValues, expiresAt);
  return ownRow ? value : otherValues;
};

/** The tags that a user's day has rows for. */
export const readTagNames = async (userId: string, day: string): Promise<readonly string[]> => {
  const { Item } = await documents.send(
    new GetCommand({
      TableName: config.tableName("rollups"),
      Key: rareRowKeys.tagNames(userId, day),
      ConsistentRead: true,
    }),
  );
  return Item?.names instanceof Set ? [...(Item.names as ReadonlySet<string>)] : [];
};
