import { KMSClient, ReEncryptCommand } from "@aws-sdk/client-kms";
import { DeleteCommand, GetCommand, PutCommand, ScanCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod/mini";
import { config } from "#core/config.ts";
import { documents } from "#core/db/document-client.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import { encryptionContext } from "#core/encryption/data-key.ts";
import { logger } from "#core/observability/logger.ts";

/**
 * Re-encrypts every stored data key under the present KMS key by `kms:ReEncrypt`: no plaintext leaves KMS. A run that was
 * cut off goes on where it was: its start is kept in a row, and rows that it has done carry a later time.
 */

const runKey = { pk: "ROTATION", sk: "CURRENT" } as const;
const runSchema = z.object({ startedAt: z.string() });
/** Only what a rotation needs: rows that a newer version wrote have to be rotated as well. */
const rotatableSchema = z.object({
  pk: z.string(),
  sk: z.string(),
  id: z.string(),
  userId: z.string(),
  keyVersion: z.number(),
  wrappedKey: z.string(),
  rotatedAt: z.optional(z.string()),
});

type Rotatable = z.infer<typeof rotatableSchema>;

const kms = new KMSClient({ maxAttempts: 5 });

const currentRun = async (now: () => Date): Promise<string> => {
  const TableName = config.tableName("providerKeys");
  const { Item } = await documents.send(new GetCommand({ TableName, Key: runKey, ConsistentRead: true }));
  if (Item !== undefined) return runSchema.parse(Item).startedAt;
  const startedAt = now().toISOString();
  await documents.send(new PutCommand({ TableName, Item: { ...runKey, startedAt } }));
  return startedAt;
};

async function* allRows(): AsyncGenerator<Readonly<Record<string, unknown>>> {
  let start: Record<string, unknown> | undefined;
  do {
    const page = await documents.send(
      new ScanCommand({
        TableName: config.tableName("providerKeys"),
        FilterExpression: "begins_with(sk, :prefix)",
        ExpressionAttributeValues: { ":prefix": rowKeys.providerKeys },
        ExclusiveStartKey: start,
        ConsistentRead: true,
      }),
    );
    yield* page.Items ?? [];
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
}

const reEncrypt = async (row: Rotatable): Promise<string> => {
  const context = { ...encryptionContext({ purpose: "provider-key", userId: row.userId, id: row.id }) };
  const { CiphertextBlob } = await kms.send(
    new ReEncryptCommand({
      CiphertextBlob: Buffer.from(row.wrappedKey, "base64"),
      SourceEncryptionContext: context,
      DestinationKeyId: config.kmsKeyArn(),
      DestinationEncryptionContext: context,
    }),
  );
  if (CiphertextBlob === undefined) throw new Error("KMS re-encrypted to nothing");
  return Buffer.from(CiphertextBlob).toString("base64");
};

/** Writes the new data key unless the row was removed or rotated meanwhile. */
const replace = async (row: Rotatable, wrappedKey: string, now: Date): Promise<boolean> => {
  try {
    await documents.send(
      new UpdateCommand({
        TableName: config.tableName("providerKeys"),
        Key: { pk: row.pk, sk: row.sk },
        UpdateExpression: "SET wrappedKey = :wrapped, keyVersion = :next, rotatedAt = :now",
        ConditionExpression: "keyVersion = :version",
        ExpressionAttributeValues: {
          ":wrapped": wrappedKey,
          ":version": row.keyVersion,
          ":next": row.keyVersion + 1,
          ":now": now.toISOString(),
        },
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === "ConditionalCheckFailedException") return false;
    throw error;
  }
};

export interface RotationResult {
  readonly rotated: number;
  /** Done by an earlier part of the same run, or changed meanwhile. */
  readonly skipped: number;
  /** Damaged rows, such as those that KMS cannot unwrap. They are logged by id; requests that use them fail as well. */
  readonly failed: number;
}

/** Whether it is this row, not KMS, that is at fault. One damaged row must not keep all others under the old key. */
const isBrokenRow = (error: unknown): boolean =>
  error instanceof Error && (error.name === "InvalidCiphertextException" || error.name === "IncorrectKeyException");

type RowResult = keyof RotationResult;

const rotateRow = async (
  item: Readonly<Record<string, unknown>>,
  startedAt: string,
  now: () => Date,
): Promise<RowResult> => {
  // A role has nothing sealed.
  if (item.awsRole !== undefined) return "skipped";
  const { success, data: row } = rotatableSchema.safeParse(item);
  if (!success) {
    logger.error("A stored provider key cannot be rotated", { providerKeyId: String(item.id) });
    return "failed";
  }
  if (row.rotatedAt !== undefined && row.rotatedAt >= startedAt) return "skipped";
  try {
    return (await replace(row, await reEncrypt(row), now())) ? "rotated" : "skipped";
  } catch (error) {
    if (!isBrokenRow(error)) throw error;
    logger.error("A stored provider key cannot be rotated", { providerKeyId: row.id, userId: row.userId });
    return "failed";
  }
};

/** Rotates every stored provider key's data key. Throws when KMS or the table fails; calling it again goes on from there. */
export const rotateProviderKeys = async (now: () => Date = () => new Date()): Promise<RotationResult> => {
  const startedAt = await currentRun(now);
  const counts = { rotated: 0, skipped: 0, failed: 0 };
  for await (const item of allRows()) counts[await rotateRow(item, startedAt, now)] += 1;
  await documents.send(new DeleteCommand({ TableName: config.tableName("providerKeys"), Key: runKey }));
  return counts;
};
