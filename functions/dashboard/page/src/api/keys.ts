import { data, request } from "./request.ts";

export type Timestamp = string | number;

export interface ApiKey {
  readonly keyId: string;
  readonly name: string;
  /** First characters, such as `ck_ab12`. */
  readonly start: string;
  /** Requests a minute. */
  readonly rateLimit: number;
  readonly enabled: boolean;
  readonly createdAt: Timestamp;
  readonly lastUsedAt: Timestamp | null;
  readonly expiresAt: Timestamp | null;
}

/** A key that was just made: the only time that `key` is whole. */
export interface NewApiKey {
  readonly keyId: string;
  readonly key: string;
  readonly name: string;
}

export interface KeyFields {
  readonly name: string;
  readonly rateLimit: number;
  /** ISO 8601. */
  readonly expiresAt?: string | null;
}

const pathOf = (keyId: string): string => `v1/keys/${encodeURIComponent(keyId)}`;

export const listKeys = (signal?: AbortSignal): Promise<readonly ApiKey[]> =>
  data("v1/keys", signal === undefined ? {} : { signal });

export const createKey = (fields: KeyFields): Promise<NewApiKey> => data("v1/keys", { method: "POST", body: fields });

export const updateKey = (
  keyId: string,
  changes: Partial<KeyFields & { readonly enabled: boolean }>,
): Promise<ApiKey> => data(pathOf(keyId), { method: "PATCH", body: changes });

export const rotateKey = (keyId: string, gracePeriodSeconds: number): Promise<NewApiKey> =>
  data(`${pathOf(keyId)}/rotate`, { method: "POST", body: { gracePeriodSeconds } });

export const revokeKey = async (keyId: string): Promise<void> => {
  await request(pathOf(keyId), { method: "DELETE" });
};
