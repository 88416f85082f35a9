import { randomUUID } from "node:crypto";
import type { UsageEvent } from "#core/db/usage-events.ts";
import { createTables } from "#infra/local/dynamodb/create-tables.ts";
import { startDynamoDb } from "#infra/local/dynamodb/server.ts";
import { useTables } from "./use-tables.ts";

/**
 * `npm run load -- usage`: rolls up 100, 1,000, 10,000 and 100,000 usage events, each set for a different user, and shows the
 * cost of reading that user's usage. It starts a DynamoDB, or uses the one at `DYNAMODB_ENDPOINT`.
 */

const sizes = [100, 1_000, 10_000, 100_000] as const;
const batchSize = 450;
const models = ["gpt-4o-mini", "gpt-4.1", "gpt-4o", "claude-sonnet-4-6", "openai/unlisted"] as const;
/** Longer numbers take a few bytes more; anything beyond that is a cost that grows with requests. */
const maxGrowth = 1.1;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** The event of a number: over 10 days, 5 models and 2 keys, so 100 rows, each with the same few latencies. */
const eventOf = (userId: string, index: number): UsageEvent => ({
  userId,
  day: `2026-11-${String(10 + (index % 10)).padStart(2, "0")}`,
  requestId: `req_${String(index).padStart(12, "0")}`,
  generation: 0,
  route: "ChatCompletions",
  keyId: `key_${Math.floor(index / 50) % 2}`,
  status: "ok",
  model: models[Math.floor(index / 10) % models.length] ?? "",
  provider: "openai",
  byok: false,
  streamed: false,
  cacheHit: false,
  startedAt: Date.UTC(2026, 10, 10),
  latencyMs: 900,
  inputTokens: 1_000,
  cachedInputTokens: 100,
  cacheWriteInputTokens: 0,
  outputTokens: 500,
  reasoningTokens: 50,
  estimated: false,
  costPicoUsd: 450_000_000n,
  reservedPicoUsd: 0n,
  attempts: [],
});

const main = async (): Promise<void> => {
  const server = process.env.DYNAMODB_ENDPOINT === undefined ? await startDynamoDb() : undefined;
  const endpoint = server?.endpoint ?? process.env.DYNAMODB_ENDPOINT ?? "";
  try {
    useTables(endpoint, await createTables(endpoint, `load-${randomUUID()}`));
    // After the environment is set: config reads each value once.
    const { rollUp } = await import("#core/usage/rollup.ts");
    const { readRollups } = await import("#core/db/rollups.ts");
    const { summarizeUsage } = await import("#core/usage/summary.ts");
    say("   events   rows   read units   answer ms   roll-up events/s   total requests");
    const units: number[] = [];
    for (const size of sizes) {
      const userId = randomUUID();
      const startedAt = performance.now();
      for (let start = 0; start < size; start += batchSize) {
        const count = Math.min(batchSize, size - start);
        await rollUp(
          Array.from({ length: count }, (_, index) => eventOf(userId, start + index)),
          Date.now(),
        );
      }
      const perSecond = size / ((performance.now() - startedAt) / 1_000);
      const { rows, capacityUnits } = await readRollups(userId, "2026-11-01", "2026-11-30");
      const askedAt = performance.now();
      const { totalRequests } = await summarizeUsage(userId, {
        from: "2026-11-01",
        to: "2026-11-30",
        keyId: undefined,
      });
      const answerMs = performance.now() - askedAt;
      units.push(capacityUnits);
      say(
        [
          String(size).padStart(9),
          String(rows.length).padStart(7),
          capacityUnits.toFixed(1).padStart(13),
          answerMs.toFixed(1).padStart(12),
          perSecond.toFixed(0).padStart(19),
          String(totalRequests).padStart(17),
        ].join(""),
      );
      if (totalRequests !== size) throw new Error(`${size} events were summed as ${totalRequests}`);
    }
    const growth = (units.at(-1) ?? 0) / (units[0] ?? 1);
    if (growth > maxGrowth)
      throw new Error(`Reading costs ${growth.toFixed(2)} times as much at ${sizes.at(-1)} events`);
    say(`Reading ${sizes.at(-1)} events costs ${growth.toFixed(2)} times what reading ${sizes[0]} costs.`);
  } finally {
    await server?.close();
  }
};

await main();
