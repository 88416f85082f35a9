import * as z from "zod";
import { ownLimitName } from "#core/auth/rate-limit.ts";
import type { UserKey } from "#core/db/api-keys.ts";
import type { BudgetAlert } from "#core/db/budget-alerts.ts";
import { periodName } from "#core/db/budget-period.ts";
import { limitsOf } from "#core/db/key-limits.ts";
import type { PlainItem } from "#core/db/table.ts";
import { defaultKeyRateLimit } from "#core/schemas/keys.ts";
import { type EndpointLimit, limitsByName } from "./endpoint-limits.ts";
import { type LimitsView, limitsView } from "./key-limits.ts";

/** What Unkey tells of a key, as far as we show it. */
const unkeyKeySchema = z.object({
  keyId: z.string(),
  start: z.string(),
  enabled: z.boolean(),
  name: z.string().nullish(),
  createdAt: z.number(),
  lastUsedAt: z.number().nullish(),
  expires: z.number().nullish(),
  ratelimits: z.array(z.object({ name: z.string(), limit: z.number() })).nullish(),
});

const iso = (unixMs: number | null | undefined): string | null =>
  unixMs === null || unixMs === undefined || unixMs === 0 ? null : new Date(unixMs).toISOString();

/** What Unkey knows of a key: never the key itself. */
export interface StoredKey {
  readonly keyId: string;
  readonly name: string;
  readonly start: string;
  readonly rateLimit: number;
  readonly enabled: boolean;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
  readonly expiresAt: string | null;
}

/** Our rows that a view of a key is made of. */
export interface KeyRows {
  readonly row: UserKey;
  readonly admission: PlainItem;
  readonly alerts: ReadonlyMap<string, BudgetAlert>;
}

/** A key as the dashboard lists it. */
export interface KeyView extends StoredKey, LimitsView {
  /** Where alerts of the budget go; null without one. */
  readonly alertWebhookUrl: string | null;
  /** The highest threshold of the budget, as it is, that was passed in this period. */
  readonly lastAlert: { readonly percent: number; readonly at: string } | null;
  /** Requests by endpoint, as they are enforced for this key. */
  readonly limits: Readonly<Record<string, EndpointLimit>>;
}

/** One of Unkey's keys in our form. */
export const toStoredKey = (value: unknown): StoredKey => {
  const key = unkeyKeySchema.parse(value);
  return {
    keyId: key.keyId,
    name: key.name ?? "",
    start: key.start,
    rateLimit: key.ratelimits?.find(({ name }) => name === ownLimitName)?.limit ?? defaultKeyRateLimit,
    enabled: key.enabled,
    createdAt: new Date(key.createdAt).toISOString(),
    lastUsedAt: iso(key.lastUsedAt),
    expiresAt: iso(key.expires),
  };
};

/** One of Unkey's keys in our form, with the limits that our rows hold. */
export const toKeyView = (value: unknown, { row, admission, alerts }: KeyRows, nowMs: number): KeyView => {
  const stored = toStoredKey(value);
  const { budget, alertWebhook } = row;
  const last = budget === undefined ? undefined : alerts.get(budget.id);
  const isCurrent =
    budget !== undefined &&
    last?.period === periodName(budget.period, nowMs) &&
    (last.limitPicoUsd === undefined || last.limitPicoUsd === budget.picoUsd);
  return {
    ...stored,
    ...limitsView(limitsOf(row), admission, nowMs),
    alertWebhookUrl: alertWebhook?.url ?? null,
    lastAlert: isCurrent && last !== undefined ? { percent: last.percent, at: new Date(last.at).toISOString() } : null,
    limits: limitsByName(stored.rateLimit),
  };
};

/** A key's own limit in Unkey's form: counted with every verification. */
export const ownLimit = (perMinute: number) => ({
  name: ownLimitName,
  limit: perMinute,
  duration: 60_000,
  autoApply: true,
});
