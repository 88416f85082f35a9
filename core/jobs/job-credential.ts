import type { JobRow } from "#core/db/jobs.ts";
import { readProviderKeys } from "#core/db/read-provider-keys.ts";
import { GatewayError } from "#core/errors.ts";
import { byokCredential, platformCredential, requireCredential } from "#core/generation/credential.ts";
import { keyOf } from "#core/providers/key-of.ts";
import type { KeyCredential } from "#core/providers/provider.ts";

/**
 * The key that a job was started with, opened. @throws GatewayError when the caller has removed it since; ProviderFailure of
 * kind auth when the platform has none; KMS's errors
 */
export const jobCredential = async ({
  provider,
  providerKeyId,
  userId,
}: Pick<JobRow, "provider" | "providerKeyId" | "userId">): Promise<KeyCredential> => {
  if (providerKeyId === undefined) return keyOf(requireCredential(provider, platformCredential(provider)));
  const key = (await readProviderKeys(userId)).find(({ id }) => id === providerKeyId);
  if (key !== undefined) return keyOf(await byokCredential(provider, key));
  throw new GatewayError("PROVIDER_AUTH_FAILED", "The provider key that started this job was removed.", {
    details: { provider },
    shouldRetry: false,
  });
};
