import { type ByokProvider, providerKeyRowKey } from "./provider-key-rows.ts";
import { failedCondition, updateItem } from "./table.ts";

/** How exactly the time of a key's last use is kept, ms: more often nothing is written. */
export const useEveryMs = 3_600_000;

export interface ProviderKeyUse {
  readonly userId: string;
  readonly id: string;
  readonly provider: ByokProvider;
  /** Unix ms. */
  readonly usedAt: number;
}

/** Notes when a key was used, unless that is known to the hour, or the key is gone. @throws AwsError */
export const noteProviderKeyUse = async ({ usedAt, ...key }: ProviderKeyUse): Promise<void> => {
  try {
    await updateItem("providerKeys", providerKeyRowKey(key), "SET lastUsedAt = :used", {
      values: {
        ":used": new Date(usedAt).toISOString(),
        ":known": new Date(usedAt - useEveryMs).toISOString(),
      },
      condition: "attribute_exists(pk) AND (attribute_not_exists(lastUsedAt) OR lastUsedAt <= :known)",
    });
  } catch (error) {
    if (failedCondition(error) === undefined) throw error;
  }
};
