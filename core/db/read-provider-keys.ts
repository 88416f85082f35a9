import { type ProviderKeyRow, parseProviderKeys } from "./provider-key-rows.ts";
import { queryProviderKeys } from "./query-provider-keys.ts";

/** A user's provider keys, newest first, as they are now. @throws AwsError */
export const readProviderKeys = async (userId: string): Promise<readonly ProviderKeyRow[]> =>
  parseProviderKeys(await queryProviderKeys(userId));
