import * as z from "zod/mini";
import { pico } from "./pico.ts";

/** The usage event as its row keeps it. Apart from the writes: requests only write it, and do not load what reads it. */

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
  /** From the beginning of its generation to its own, ms. Undefined before 2026-11-29. */
  startedMs: z.optional(z.number()),
  /** Part of the event's sums. The attempt that answered is what they leave. */
  unused: z.optional(unusedGenerationSchema),
});

export type AttemptRecord = z.infer<typeof attemptSchema>;

/** What somebody thinks of a request's answer. */
export const feedbackSchema = z.object({
  score: z.number(),
  comment: z.optional(z.string()),
  tags: z.optional(z.array(z.string())),
  /** Unix ms. */
  at: z.number(),
});

export type Feedback = z.infer<typeof feedbackSchema>;

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
  /** The caller's key that the provider was asked with. Undefined before 2026-11-30. */
  providerKeyId: z.optional(z.string()),
  /** Unix ms. */
  startedAt: z.number(),
  latencyMs: z.optional(z.number()),
  timeToFirstTokenMs: z.optional(z.number()),
  inputTokens: z._default(z.number(), 0),
  cachedInputTokens: z._default(z.number(), 0),
  cacheWriteInputTokens: z._default(z.number(), 0),
  outputTokens: z._default(z.number(), 0),
  reasoningTokens: z._default(z.number(), 0),
  /** Tokens were counted by us, since the provider reported none. */
  estimated: z._default(z.boolean(), false),
  /** Undefined for a model whose price is unknown. */
  costPicoUsd: z.optional(pico),
  /** What of the cost the caller's own keys paid, where they and the platform both did; else `byok` tells. */
  byokCostPicoUsd: z.optional(pico),
  /** What the provider says that its answer cost. The event's cost where our price is unknown or the provider's floats. */
  providerCostPicoUsd: z.optional(pico),
  /** Reserved of the daily cap when it began: nothing where the caller's own key was to pay. */
  reservedPicoUsd: z._default(pico, 0n),
  /** A run of several generations (battle, fight). */
  runId: z.optional(z.string()),
  /** How the client asked: `chat-completions`, `messages` or `responses`. Undefined for other work, and before 2026-11-29. */
  dialect: z.optional(z.string()),
  /** Other units than tokens, such as characters or seconds. */
  units: z.optional(z.number()),
  unit: z.optional(z.string()),
  /** What the caller says that the request is for, by name. */
  tags: z.optional(z.record(z.string(), z.string())),
  /** Budget of the calling key and its period. A call on the caller's own provider key counts only where the budget includes those. */
  budget: z.optional(z.string()),
  /** The model as the caller named it: an alias, `auto` or an id. This and the next five are undefined before 2026-11-29. */
  askedModel: z.optional(z.string()),
  cache: z.optional(z.enum(["HIT", "MISS", "BYPASS"])),
  /** The gateway's own time until its answer began, ms. */
  overheadMs: z.optional(z.number()),
  finishReason: z.optional(z.string()),
  /** Types of what the guardrails found. */
  findings: z.optional(z.array(z.string())),
  /** What `X-Warnings` said. */
  warnings: z.optional(z.string()),
  feedback: z.optional(feedbackSchema),
  /** Its key records prompts and answers: for how many days after its start. */
  contentDays: z.optional(z.number()),
  /** The index partition that lists it: of open rows, of its key, or of errors. Rows settled before 2026-11-29 have none. */
  openShard: z.optional(z.string()),
  attempts: z._default(z.array(attemptSchema), []),
});

export type UsageEvent = z.infer<typeof usageEventSchema>;
