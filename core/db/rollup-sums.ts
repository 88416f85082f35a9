import * as z from "zod";
import { bucketOf } from "#core/values/latency-histogram.ts";
import type { UsageEvent } from "./usage-events.ts";

/** The sums of a rollup row. Only additions, so that rows, days and keys add up in any order. */
export const sumNames = [
  "requests",
  "generations",
  "errors",
  "cacheHits",
  "unpriced",
  "inputTokens",
  "cachedInputTokens",
  "cacheWriteInputTokens",
  "outputTokens",
  "reasoningTokens",
  "units",
  "indexed",
] as const;

export type SumName = (typeof sumNames)[number];

const pico = z
  .union([z.number(), z.bigint()])
  .default(0)
  .transform((value) => BigInt(value));
const sum = z.number().default(0);

const sums = {
  requests: sum,
  generations: sum,
  errors: sum,
  cacheHits: sum,
  unpriced: sum,
  inputTokens: sum,
  cachedInputTokens: sum,
  cacheWriteInputTokens: sum,
  outputTokens: sum,
  reasoningTokens: sum,
  units: sum,
  /** Events that an index lists by key or as errors: all since 2026-11-29. */
  indexed: sum,
  costPicoUsd: pico,
  byokCostPicoUsd: pico,
};

/** A rollup row: one day of one key and one model. */
export const rollupRowSchema = z.looseObject({
  day: z.string(),
  keyId: z.string(),
  model: z.string(),
  provider: z.string(),
  ...sums,
});

/** The sums of one day and one value of a tag. */
export const tagRowSchema = z.looseObject({ day: z.string(), tag: z.string(), value: z.string(), ...sums });

export type TagRow = z.infer<typeof tagRowSchema>;
export type RollupRow = z.infer<typeof rollupRowSchema>;

/** What one or several events add to their row. */
export interface Additions {
  readonly sums: Record<SumName, number>;
  costPicoUsd: bigint;
  byokCostPicoUsd: bigint;
  /** Latency counts by bucket. */
  readonly latency: Record<number, number>;
}

export const noAdditions = (): Additions => ({
  sums: Object.fromEntries(sumNames.map((name) => [name, 0])) as Record<SumName, number>,
  costPicoUsd: 0n,
  byokCostPicoUsd: 0n,
  latency: {},
});

/** The provider's generations of an event: its answer's, and those of attempts that were paid for and not used. */
const generationsOf = ({ attempts }: UsageEvent): number =>
  attempts.reduce((sum, { unused }) => sum + (unused === undefined ? 0 : 1), 1);

/** Adds one settled event. A run of several generations counts as one request. */
export const addEvent = (additions: Additions, event: UsageEvent): void => {
  const { sums, latency } = additions;
  const generations = generationsOf(event);
  sums.generations += generations;
  if (event.generation === 0) sums.requests += 1;
  if (event.status !== "ok") sums.errors += 1;
  if (event.cacheHit) sums.cacheHits += 1;
  if (event.costPicoUsd === undefined) sums.unpriced += generations;
  sums.inputTokens += event.inputTokens;
  sums.cachedInputTokens += event.cachedInputTokens;
  sums.cacheWriteInputTokens += event.cacheWriteInputTokens;
  sums.outputTokens += event.outputTokens;
  sums.reasoningTokens += event.reasoningTokens;
  sums.units += event.units ?? 0;
  if (event.openShard !== undefined) sums.indexed += 1;
  const cost = event.costPicoUsd ?? 0n;
  const byokCost = event.byokCostPicoUsd ?? (event.byok ? cost : 0n);
  additions.byokCostPicoUsd += byokCost;
  additions.costPicoUsd += cost - byokCost;
  if (event.latencyMs !== undefined) {
    const bucket = bucketOf(event.latencyMs);
    latency[bucket] = (latency[bucket] ?? 0) + 1;
  }
};
