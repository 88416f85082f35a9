import type { ProviderKeyRow, Sealed, SealedRow } from "#core/db/provider-key-rows.ts";
import { generateDataKey, unwrapDataKey } from "#core/encryption/data-key.ts";
import { additionalData, open, SealBroken, seal } from "#core/encryption/envelope.ts";
import { GatewayError } from "#core/errors.ts";
import { logger } from "#core/observability/logger.ts";

type SealContext = Pick<ProviderKeyRow, "userId" | "provider" | "id" | "custom">;

/** What a provider key's ciphertext is bound to: it opens in its own row only, and for its own address. */
const boundTo = ({ userId, provider, id, custom }: SealContext): Buffer =>
  additionalData(["provider-key", userId, provider, id, ...(custom === undefined ? [] : [custom.baseUrl])]);

const owner = ({ userId, id }: SealContext) => ({ purpose: "provider-key", userId, id }) as const;

/** Seals a provider key under a data key of its own. @throws AwsError */
export const sealProviderKey = async (apiKey: string, context: SealContext): Promise<Sealed> => {
  const { plaintext, wrapped } = await generateDataKey(owner(context));
  try {
    return { wrappedKey: wrapped, sealed: seal(apiKey, plaintext, boundTo(context)), keyVersion: 1 };
  } finally {
    plaintext.fill(0);
  }
};

/**
 * Opens a stored provider key.
 * @throws GatewayError INTERNAL_ERROR for a record that does not open (logged by id); AwsError when KMS is out of reach
 */
export const openProviderKey = async (row: ProviderKeyRow): Promise<string> => {
  // Rows of roles lack them, and are never opened.
  const { wrappedKey, sealed, keyVersion } = row as SealedRow;
  let key: Buffer | undefined;
  try {
    key = await unwrapDataKey(wrappedKey, owner(row), keyVersion);
    return open(sealed, key, boundTo(row)).toString("utf8");
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    logger.error("A stored provider key cannot be decrypted", {
      providerKeyId: row.id,
      userId: row.userId,
      reason: error.message,
    });
    throw new GatewayError("INTERNAL_ERROR", "Your stored provider key cannot be decrypted. Store it again.", {
      details: { providerKeyId: row.id },
      shouldRetry: false,
    });
  } finally {
    key?.fill(0);
  }
};
