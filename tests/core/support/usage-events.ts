import { randomUUID } from "node:crypto";
import { models } from "#core/catalog/models.ts";
import type { RollupSums } from "#core/db/rollups.ts";
import { putOpenUsage, type UsageEvent } from "#core/db/usage-events.ts";
import { newId } from "#core/ids.ts";
import { bucketOf } from "#core/values/latency-histogram.ts";
import { fc } from "#tests/support/property.ts";

/** Settled usage events, and a recount of them that is plain enough to be believed. */

export const day = "2026-11-20";

/** A settled event with every sum of its own. */
export const newEvent = (changes: Partial<UsageEvent> = {}): UsageEvent => ({
  userId: "user_1",
  day,
  requestId: newId("request"),
  generation: 0,
  route: "ChatCompletions",
  keyId: "key_1",
  status: "ok",
  model: "gpt-4o-mini",
  provider: "openai",
  byok: false,
  streamed: false,
  cacheHit: false,
  startedAt: Date.parse(`${day}T12:00:00Z`),
  latencyMs: 800,
  inputTokens: 100,
  cachedInputTokens: 40,
  cacheWriteInputTokens: 5,
  outputTokens: 30,
  reasoningTokens: 7,
  estimated: false,
  costPicoUsd: 33_000n,
  reservedPicoUsd: 0n,
  attempts: [],
  ...changes,
});

export const newUser = (): string => `user_${randomUUID()}`;

const catalogModels = models.slice(0, 5).map(({ id, provider }) => ({ model: id, provider }));
const unlistedModels = ["openrouter/some/model", "openai/gpt-99", "anthropic/claude-99"].map((model) => ({
  model,
  provider: model.split("/")[0] ?? "",
}));
const tokens = fc.nat({ max: 1_000_000 });

/** Any settled event of a user, over a few days, keys and models. */
export const anyEvent = (userId: string): fc.Arbitrary<UsageEvent> =>
  fc
    .record({
      served: fc.constantFrom(...catalogModels, ...unlistedModels),
      day: fc.constantFrom("2026-11-19", "2026-11-20", "2026-11-21"),
      keyId: fc.option(fc.constantFrom("key_1", "key_2"), { nil: undefined }),
      generation: fc.nat({ max: 3 }),
      status: fc.constantFrom("ok", "error", "cancelled", "abandoned"),
      byok: fc.boolean(),
      cacheHit: fc.boolean(),
      latencyMs: fc.option(fc.nat({ max: 2_000_000 }), { nil: undefined }),
      inputTokens: tokens,
      cachedInputTokens: tokens,
      cacheWriteInputTokens: tokens,
      outputTokens: tokens,
      reasoningTokens: tokens,
      units: fc.option(
        fc.integer({ min: 0, max: 400 }).map((quarters) => quarters / 4),
        { nil: undefined },
      ),
      costPicoUsd: fc.option(fc.bigInt({ min: 0n, max: 10n ** 17n }), { nil: undefined }),
    })
    .map(({ served, ...facts }) => newEvent({ userId, ...served, ...facts } as Partial<UsageEvent>));

export interface Recount {
  requests: number;
  generations: number;
  errors: number;
  cacheHits: number;
  unpriced: number;
  inputTokens: number;
  cachedInputTokens: number;
  cacheWriteInputTokens: number;
  outputTokens: number;
  reasoningTokens: number;
  units: number;
  costPicoUsd: bigint;
  byokCostPicoUsd: bigint;
  latency: Record<number, number>;
}

const nothing = (): Recount => ({
  requests: 0,
  generations: 0,
  errors: 0,
  cacheHits: 0,
  unpriced: 0,
  inputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteInputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  units: 0,
  costPicoUsd: 0n,
  byokCostPicoUsd: 0n,
  latency: {},
});

const groupOf = (day: string, keyId: string | undefined, model: string): string => `${day} ${keyId ?? "none"} ${model}`;

/** What the rows must hold, counted one event after the other, each of them once. */
export const recount = (events: readonly UsageEvent[]): Record<string, Recount> => {
  const groups: Record<string, Recount> = {};
  for (const event of new Map(events.map((event) => [`${event.requestId}#${event.generation}`, event])).values()) {
    const name = groupOf(event.day, event.keyId, event.model);
    const sums = groups[name] ?? nothing();
    groups[name] = sums;
    sums.requests += event.generation === 0 ? 1 : 0;
    sums.generations += 1;
    sums.errors += event.status === "ok" ? 0 : 1;
    sums.cacheHits += event.cacheHit ? 1 : 0;
    sums.unpriced += event.costPicoUsd === undefined ? 1 : 0;
    sums.inputTokens += event.inputTokens;
    sums.cachedInputTokens += event.cachedInputTokens;
    sums.cacheWriteInputTokens += event.cacheWriteInputTokens;
    sums.outputTokens += event.outputTokens;
    sums.reasoningTokens += event.reasoningTokens;
    sums.units += event.units ?? 0;
    sums[event.byok ? "byokCostPicoUsd" : "costPicoUsd"] += event.costPicoUsd ?? 0n;
    if (event.latencyMs !== undefined) {
      const bucket = bucketOf(event.latencyMs);
      sums.latency[bucket] = (sums.latency[bucket] ?? 0) + 1;
    }
  }
  return groups;
};

/** Rows in the form of a recount. */
export const counted = (rows: readonly RollupSums[]): Record<string, Recount> =>
  Object.fromEntries(
    rows.map(({ row, latency }) => [
      groupOf(row.day, row.keyId, row.model),
      {
        requests: row.requests,
        generations: row.generations,
        errors: row.errors,
        cacheHits: row.cacheHits,
        unpriced: row.unpriced,
        inputTokens: row.inputTokens,
        cachedInputTokens: row.cachedInputTokens,
        cacheWriteInputTokens: row.cacheWriteInputTokens,
        outputTokens: row.outputTokens,
        reasoningTokens: row.reasoningTokens,
        units: row.units,
        costPicoUsd: row.costPicoUsd,
        byokCostPicoUsd: row.byokCostPicoUsd,
        latency: { ...latency },
      },
    ]),
  );

/** Writes the open row that an event settles. */
export const putOpenRow = (event: UsageEvent): Promise<void> =>
  putOpenUsage({
    userId: event.userId,
    day: event.day,
    requestId: event.requestId,
    generation: event.generation,
    route: event.route,
    keyId: event.keyId,
    model: event.model,
    provider: event.provider,
    byok: event.byok,
    streamed: event.streamed,
    startedAt: event.startedAt,
    reservedPicoUsd: 0n,
    runId: undefined,
    tags: event.tags,
    openUntil: 1_795_000_000,
  });
