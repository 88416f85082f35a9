import * as z from "zod";
import { rowKeys } from "./row-keys.ts";
import { failedCondition, type PlainItem, putItem, updateItem } from "./table.ts";

/**
 * The usage table: two conditional writes a generation. The `open` row is written beside the provider call; the settled
 * one replaces its open state exactly once, by whoever comes first: the request itself, or the sweeper after a kill.
 */

export const usageStatuses = ["ok", "error", "cancelled", "abandoned"] as const;
export type UsageStatus = (typeof usageStatuses)[number];

const pico = z.union([z.number(), z.bigint()]).transform(BigInt);

const tokens = z.number().default(0);

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
  estimated: z.boolean().default(false),
  /** Undefined for a model whose price is unknown. */
  costPicoUsd: pico.optional(),
});

export type UnusedGeneration = z.infer<typeof unusedGenerationSchema>;

/** One try at one target, as the usage event keeps it. */
export const attemptSchema = z.object({
  model: z.string(),
  provider: z.string(),
  /** `ok`, or the kind of failure. */
  result: z.string(),
  status: z.number().nullish(),
  latencyMs: z.number(),
  /** Part of the event's sums. The attempt that answered is what they leave. */
  unused: unusedGenerationSchema.optional(),
});

export type AttemptRecord = z.infer<typeof attemptSchema>;

export const usageEventSchema = z.object({
  userId: z.string(),
  day: z.string(),
  requestId: z.string(),
  generation: z.number(),
  route: z.string(),
  keyId: z.string().optional(),
  status: z.enum(["open", ...usageStatuses]),
  /** Error code of the answer, when it was an error. */
  code: z.string().optional(),
  /** What the caller asked for, resolved. */
  model: z.string(),
  provider: z.string(),
  byok: z.boolean().default(false),
  streamed: z.boolean().default(false),
  cacheHit: z.boolean().default(false),
  /** Unix ms. */
  startedAt: z.number(),
  latencyMs: z.number().optional(),
  timeToFirstTokenMs: z.number().optional(),
  inputTokens: z.number().default(0),
  cachedInputTokens: z.number().default(0),
  cacheWriteInputTokens: z.number().default(0),
  outputTokens: z.number().default(0),
  reasoningTokens: z.number().default(0),
  /** Tokens were counted by us, since the provider never told. */
  estimated: z.boolean().default(false),
  /** Undefined for a model whose price is unknown. */
  costPicoUsd: pico.optional(),
  /** What of the cost the caller's own keys paid, where they and the platform both did; else `byok` tells. */
  byokCostPicoUsd: pico.optional(),
  /** What was reserved when it began. */
  reservedPicoUsd: pico.default(0n),
  /** A run of several generations (battle, fight). */
  runId: z.string().optional(),
  /** Other units than tokens, such as characters or seconds. */
  units: z.number().optional(),
  unit: z.string().optional(),
  attempts: z.array(attemptSchema).default([]),
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

/** Settles an open row. False when it was settled before, by us or by the sweeper. @throws AwsError */
export const settleUsage = async (usage: SettledUsage): Promise<boolean> => {
  const { userId, day, requestId, generation, ...facts } = usage;
  const names: Record<string, string> = { "#status": "status" };
  const values: Record<string, PlainItem[string]> = { ":open": "open" };
  const sets: string[] = [];
  for (const [name, value] of Object.entries(facts)) {
    if (value === undefined) continue;
    names[`#${name}`] = name;
    values[`:${name}`] = value as PlainItem[string];
    sets.push(`#${name} = :${name}`);
  }
  try {
    await updateItem(
      "usage",
      rowKeys.usageEvent(userId, day, requestId, generation),
      `SET ${sets.join(", ")} REMOVE openShard, openUntil`,
      { names, values, condition: "#status = :open" },
    );
    return true;
  } catch (error) {
    if (failedCondition(error) !== undefined) return false;
    throw error;
  }
};
