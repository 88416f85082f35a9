import { keyPolicy } from "./key-policy.ts";
import type { Place } from "./place.ts";
import type { StageSettings } from "./stage.ts";

/**
 * The one KMS key of a stage: it seals provider keys and cached answers (core/encryption) and encrypts the tables.
 * Losing it loses both, so where data is kept the key outlives the stack: SST's own list of what it keeps has no KMS key.
 */
export const createEncryptionKey = (place: Place, { keepsData }: StageSettings) => {
  const key = new aws.kms.Key(
    "EncryptionKey",
    {
      description: `${$app.name} ${$app.stage}: provider keys, cached answers, tables`,
      enableKeyRotation: true,
      rotationPeriodInDays: 365,
      deletionWindowInDays: keepsData ? 30 : 7,
      policy: $output(place).apply(keyPolicy),
    },
    { retainOnDelete: keepsData },
  );
  new aws.kms.Alias(
    "EncryptionKeyAlias",
    { name: `alias/${$app.name}-${$app.stage}`, targetKeyId: key.keyId },
    { retainOnDelete: keepsData },
  );
  const link = new sst.Linkable("EncryptionKey", { properties: { arn: key.arn } });
  return { key, link };
};

export type EncryptionKey = ReturnType<typeof createEncryptionKey>;
