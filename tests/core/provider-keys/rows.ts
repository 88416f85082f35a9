import { randomUUID } from "node:crypto";
import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { config } from "#core/config.ts";
import { documents } from "#core/db/document-client.ts";
import type { ByokProvider, ProviderKeyRow, SealedRow } from "#core/db/provider-key-rows.ts";
import { insertProviderKey } from "#core/db/provider-keys.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import { newId } from "#core/ids.ts";
import { sealProviderKey } from "#core/provider-keys/seal-provider-key.ts";

export const canary = (): string => `sk-canary-${randomUUID()}`;

/** A sealed row that is not stored. */
export const sealedRow = async (
  apiKey: string,
  { userId = `user_${randomUUID()}`, provider = "openai" }: { userId?: string; provider?: ByokProvider } = {},
): Promise<SealedRow> => {
  const id = newId("providerKey");
  return {
    id,
    userId,
    provider,
    slug: `slug-${randomUUID()}`,
    displayName: "A test's key",
    last4: apiKey.slice(-4),
    createdAt: new Date().toISOString(),
    ...(await sealProviderKey(apiKey, { userId, provider, id })),
  };
};

/** A sealed row in the table. */
export const storedRow = async (apiKey: string, userId?: string): Promise<SealedRow> => {
  const row = await sealedRow(apiKey, userId === undefined ? {} : { userId });
  await insertProviderKey(row);
  return row;
};

/** Writes over attributes of a stored row, as a fault or an intruder in the table would. */
export const tamper = async (row: ProviderKeyRow, changes: Readonly<Record<string, unknown>>): Promise<void> => {
  const names = Object.keys(changes);
  await documents.send(
    new UpdateCommand({
      TableName: config.tableName("providerKeys"),
      Key: rowKeys.providerKey(row.userId, row.id),
      UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(", ")}`,
      ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
      ExpressionAttributeValues: Object.fromEntries(names.map((name) => [`:${name}`, changes[name]])),
    }),
  );
};

/** Base64 with one bit of its bytes turned over. */
export const flipBit = (text: string, bit: number): string => {
  const bytes = Buffer.from(text, "base64");
  const at = Math.floor(bit / 8) % bytes.length;
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (bit % 8)), at);
  return bytes.toString("base64");
};
