import { expect, it } from "vitest";
import { readRollups } from "#core/db/rollups.ts";
import type { UsageEvent } from "#core/db/usage-events.ts";
import { rollUp } from "#core/usage/rollup.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";
import { newEvent, newUser } from "#tests/core/support/usage-events.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);

useTables();

it.skipIf(!hasTables)(
  `reads at the same cost from 10,000 events as from 100 (${tablesName})`,
  async () => {
    const [few, many] = [newUser(), newUser()];
    // 100 rows: 10 days, 5 models, 2 keys. The same latencies, so the same number of buckets.
    const events = (userId: string, count: number): UsageEvent[] =>
      Array.from({ length: count }, (_, index) =>
        newEvent({
          userId,
          day: `2026-11-${String(10 + (index % 10)).padStart(2, "0")}`,
          model:
            ["gpt-4o-mini", "gpt-4.1", "gpt-4o", "claude-sonnet-4-6", "openai/unlisted"][Math.floor(index / 10) % 5] ??
            "",
          keyId: `key_${Math.floor(index / 50) % 2}`,
        }),
      );
    await rollUp(events(few, 100), nowMs);
    await rollUp(events(many, 10_000), nowMs);
    const [cheap, dear] = [
      await readRollups(few, "2026-11-01", "2026-11-30"),
      await readRollups(many, "2026-11-01", "2026-11-30"),
    ];
    const requests = ({ rows }: typeof cheap): number => rows.reduce((sum, { row }) => sum + row.requests, 0);
    expect([requests(cheap), requests(dear)]).toEqual([100, 10_000]);
    expect(dear.rows).toHaveLength(cheap.rows.length);
    expect(cheap.capacityUnits).toBeGreaterThan(0);
    // Longer numbers take a few bytes more.
    expect(dear.capacityUnits).toBeLessThanOrEqual(cheap.capacityUnits * 1.1);
  },
  120_000,
);
