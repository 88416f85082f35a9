import { rowKeys } from "./row-keys.ts";
import { type PlainItem, queryPrefix } from "./table.ts";

// Apart from what the rows hold (provider-key-rows.ts), which only requests of users who have such keys load.

/** At most this many keys of one user: one read of a request brings them all. */
export const maxProviderKeys = 50;

/** The rows of a user's provider keys, newest first, also of kinds that this version does not know. @throws AwsError */
export const queryProviderKeys = (userId: string): Promise<readonly PlainItem[]> =>
  queryPrefix("providerKeys", rowKeys.providerKey(userId, "").pk, rowKeys.providerKeys, {
    limit: maxProviderKeys,
    descending: true,
    consistent: true,
  });
