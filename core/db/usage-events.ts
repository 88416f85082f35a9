import * as z from "zod/mini";
import { pico } from "./pico.ts";
import { rowKeys } from "./row-keys.ts";
import { failedCondition, type Plain, putItem, updateItem } from "./table.ts";

/**
 * The usage table: two conditional writes a generation. The `open` row is written before the provider is called; the settled
 * one replaces its open state exactly once, by whoever comes first: the request itself, or the sweeper after a kill.
 */

export const usageStatuses = ["ok", "error", "cancelled", "abandoned"] as const;
export type UsageStatus = (typeof usageStatuses)[number];

const tokens = z._default(z.number(), 0);

/** A generation that was paid for and that nobody got: its answer broke off, or could not be used. */
export const unusedGenerationSchema = z.object({
  /** Paid by the caller's own provider key. */
  byok: z.boolean(),
  inputTokens: tokens,
  cachedInputTokens: tokens,
  cacheWriteInputTokens: tokens,
  longCacheWriteInputTokens: tokens,
  outputTokens: tokens,
  reasoningTokens: tokens,
  estimated: z._default(z.boolean(), false),
  /** Undefined for a model whose price is unknown. */
  costPicoUsd: z.optional(pico),
});

export type UnusedGeneration = z.infer<typeof unusedGenerationSchema>;

/** One try at one target, as the usage event keeps it. */
export const attemptSchema = z.object({
  model: z.string(),
  provider: z.string(),
  /** `ok`, or the kind of failure. */
  result: z.string(),
  status: z.nullish(z.number()),
  latencyMs: z.number(),
  /** Part of the event's sums. The attempt that answered is what they leave. */
  unused: z.optional(unusedGenerationSchema),
});

export type AttemptRecord = z.infer<typeof attemptSchema>;

export const usageEventSchema = z.object({
  userId: z.string(),
  day: z.string(),
  requestId: z.string(),
  generation: z.number(),
  route: z.string(),
  keyId: z.optional(z.string()),
  status: z.enum(["open", ...usageStatuses]),
  /** Error code of the answer, when it was an error. */
  code: z.optional(z.string()),
  /** What the caller asked for, resolved. */
  model: z.string(),
  provider: z.string(),
  byok: z._default(z.boolean(), false),
  streamed: z._default(z.boolean(), false),
  cacheHit: z._default(z.boolean(), false),
  /** Unix ms. */
  startedAt: z.number(),
  latencyMs: z.optional(z.number()),
  timeToFirstTokenMs: z.optional(z.number()),
  inputTokens: z._default(z.number(), 0),
  cachedInputTokens: z._default(z.number(), 0),
  cacheWriteInputTokens: z._default(z.number(), 0),
  outputTokens: z._default(z.number(), 0),
  reasoningTokens: z._default(z.number(), 0),
  /** Tokens were counted by us, since the provider never told. */
  estimated: z._default(z.boolean(), false),
  /** Undefined for a model whose price is unknown. */
  costPicoUsd: z.optional(pico),
  /** What of the cost the caller's own keys paid, where they and the platform both did; else `byok` tells. */
  byokCostPicoUsd: z.optional(pico),
  /** What the provider says that its answer cost. The event's cost where our price is unknown or the provider's floats. */
  providerCostPicoUsd: z.optional(pico),
  /** What was reserved when it began. */
  reservedPicoUsd: z._default(pico, 0n),
  /** A run of several generations (battle, fight). */
  runId: z.optional(z.string()),
  /** Other units than tokens, such as characters or seconds. */
  units: z.optional(z.number()),
  unit: z.optional(z.string()),
  /** What the caller says that the request is for, by name. */
  tags: z.optional(z.record(z.string(), z.string())),
  attempts: z._default(z.array(attemptSchema), []),
});

export type UsageEvent = z.infer<typeof usageEventSchema>;

export type OpenUsage = Pick<
  UsageEvent,
  | "userId"
  | "day"
  | "requestId"
  | "generation"
  | "route"
  | "keyId"
  | "model"
  | "provider"
  | "byok"
  | "streamed"
  | "startedAt"
  | "reservedPicoUsd"
  | "runId"
  | "tags"
> & {
  /** Unix seconds after which the function cannot be running any more. */
  readonly openUntil: number;
};

export type SettledUsage = Pick<UsageEvent, "userId" | "day" | "requestId" | "generation"> &
  Partial<Omit<UsageEvent, "userId" | "day" | "requestId" | "generation" | "status">> & {
    readonly status: UsageStatus;
  };

/** Open rows are spread over this many index partitions, so that none of them is a hot one. */
export const openShards = 8;
/** How long an event is kept, seconds: 400 days, a little over the longest range that can be asked for. */
export const keepSeconds = 400 * 86_400;

/** The index partition of a request's open rows. */
export const openShardOf = (requestId: string): string => {
  let sum = 0;
  for (let index = 0; index < requestId.length; index++) sum = (sum * 31 + requestId.charCodeAt(index)) >>> 0;
  return `OPEN#${sum % openShards}`;
};

/** Writes the open row. Writing the same one again is no fault: an answer of the first try may have been lost. @throws AwsError */
export const putOpenUsage = async (usage: OpenUsage): Promise<void> => {
  const { openUntil, ...event } = usage;
  try {
    await putItem(
      "usage",
      {
        ...rowKeys.usageEvent(usage.userId, usage.day, usage.requestId, usage.generation),
        ...event,
        status: "open",
        openShard: openShardOf(usage.requestId),
        // Index keys are strings; seconds have ten digits until the year 2286, so text sorts as numbers do.
        openUntil: String(openUntil),
        expiresAt: openUntil + keepSeconds,
      },
      { condition: "attribute_not_exists(pk)" },
    );
  } catch (error) {
    if (failedCondition(error) === undefined) throw error;
  }
};

/** The write that settles an open row, and that only the first of several wins. */
export const settlingUpdate = ({ userId, day, requestId, generation, ...facts }: SettledUsage) => {
  const names: Record<string, string> = { "#status": "status" };
  const values: Record<string, Plain> = { ":open": "open" };
  const sets: string[] = [];
  for (const [name, value] of Object.entries(facts)) {
    if (value === undefined) continue;
    names[`#${name}`] = name;
    values[`:${name}`] = value as Plain;
    sets.push(`#${name} = :${name}`);
  }
  return {
    key: rowKeys.usageEvent(userId, day, requestId, generation),
    update: `SET ${sets.join(", ")} REMOVE openShard, openUntil`,
    names,
    values,
    condition: "#status = :open",
  };
};

/** Settles an open row. False when it was settled before, by us or by the sweeper. @throws AwsError */
export const settleUsage = async (usage: SettledUsage): Promise<boolean> => {
  const { key, update, ...expression } = settlingUpdate(usage);
  try {
    await updateItem("usage", key, update, expression);
    return true;
  } catch (error) {
    if (failedCondition(error) !== undefined) return false;
    throw error;
  }
};
