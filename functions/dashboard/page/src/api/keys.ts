import { data, request } from "./request.ts";

export type Timestamp = string | number;

export const budgetPeriods = ["day", "week", "month", "total"] as const;
export type BudgetPeriod = (typeof budgetPeriods)[number];

export interface BudgetFields {
  readonly usd: number;
  readonly period: BudgetPeriod;
  /** Whether calls on one's own provider keys count. */
  readonly includeByok: boolean;
}

/** What a key may do; null for no limit. */
export interface KeyLimits {
  readonly budget: BudgetFields | null;
  readonly allowedModels: readonly string[] | null;
  readonly tokensPerMinute: number | null;
  /** Prompts and answers are recorded, and kept for so many days. */
  readonly recordContent: { readonly days: number } | null;
  /** Of its requests that do not set them themselves. Older gateways answer without. */
  readonly tags?: Readonly<Record<string, string>> | null;
}

export interface Budget extends BudgetFields {
  readonly spentUsd: number;
  readonly reservedUsd: number;
  readonly remainingUsd: number;
  readonly resetAt: Timestamp | null;
}

export interface ApiKey extends KeyLimits {
  readonly budget: Budget | null;
  /** The highest threshold of the budget that was passed in this period. */
  readonly lastAlert?: { readonly percent: number; readonly at: Timestamp } | null;
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
  /** Where alerts of the budget go. */
  readonly alertWebhookUrl?: string | null;
  /** Requests by endpoint, as they are enforced for this key. */
  readonly limits?: Readonly<Record<string, { readonly limit: number; readonly windowSeconds: number }>>;
}

/** A key that was just made: the only time that `key` is whole. */
export interface NewApiKey {
  readonly keyId: string;
  readonly key: string;
  readonly name: string;
  /** When alerts were set up: the only time that it is shown. */
  readonly alertWebhookSecret?: string;
}

export interface KeyFields extends Partial<KeyLimits> {
  readonly alertWebhookUrl?: string | null;
  readonly name: string;
  readonly rateLimit: number;
  /** ISO 8601. */
  readonly expiresAt?: string | null;
}

const pathOf = (keyId: string): string => `v1/keys/${encodeURIComponent(keyId)}`;

export const listKeys = (signal?: AbortSignal): Promise<readonly ApiKey[]> =>
  data("v1/keys", signal === undefined ? {} : { signal });

/** A new key; unset limits are omitted. */
export const createKey = (fields: KeyFields): Promise<NewApiKey> =>
  data("v1/keys", {
    method: "POST",
    body: Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)),
  });

export const updateKey = (
  keyId: string,
  changes: Partial<KeyFields & { readonly enabled: boolean }>,
): Promise<ApiKey & Pick<NewApiKey, "alertWebhookSecret">> => data(pathOf(keyId), { method: "PATCH", body: changes });

export const rotateKey = (keyId: string, gracePeriodSeconds: number): Promise<NewApiKey> =>
  data(`${pathOf(keyId)}/rotate`, { method: "POST", body: { gracePeriodSeconds } });

export const revokeKey = async (keyId: string): Promise<void> => {
  await request(pathOf(keyId), { method: "DELETE" });
};
