import { above, model, prices } from "./define-model.ts";
import type { CatalogModel, LongContextPrices, TokenPrices } from "./model.ts";
import { reasoner, textImageFile } from "./model-kinds.ts";

/** Anthropic's models. Writing a cache for 5 minutes costs 1.25 times the input, for an hour twice as much. */

const claude = (
  id: string,
  name: string,
  since: string,
  context: number,
  output: number,
  price: TokenPrices,
  long?: LongContextPrices,
) =>
  model("anthropic", id, {
    name,
    context,
    output,
    prices: price,
    ...(long === undefined ? {} : { long }),
    input: textImageFile,
    can: reasoner,
    since,
  });

export const anthropicModels: readonly CatalogModel[] = [
  claude("claude-fable-5-2", "Claude Fable 5.2", "2026-11-09", 1_000_000, 128_000, prices(8, 40, 0.2, 10, 16)),
  claude("claude-sonnet-5-5", "Claude Sonnet 5.5", "2026-10-07", 1_000_000, 128_000, prices(2, 10, 0.1, 2.5, 4)),
  // All tokens of a prompt of more than 100,000, what the cache holds included, at five times the price.
  claude(
    "claude-haiku-5-5",
    "Claude Haiku 5.5",
    "2026-11-01",
    1_000_000,
    128_000,
    prices(0.1, 0.5, 0.01, 0.125, 0.2),
    above(100_000, prices(0.5, 2.5, 0.05, 0.625, 1)),
  ),
  claude("claude-opus-5-5", "Claude Opus 5.5", "2026-09-24", 1_000_000, 128_000, prices(4, 20, 0.2, 5, 8)),
  claude("claude-fable-5-1", "Claude Fable 5.1", "2026-09-01", 1_000_000, 128_000, prices(10, 50, 0.25, 12.5, 20)),
  claude("claude-fable-5", "Claude Fable 5", "2026-06-09", 1_000_000, 128_000, prices(10, 50, 1, 12.5, 20)),
  claude("claude-opus-5", "Claude Opus 5", "2026-07-24", 1_000_000, 128_000, prices(5, 25, 0.5, 6.25, 10)),
  claude("claude-sonnet-5", "Claude Sonnet 5", "2026-06-30", 1_000_000, 128_000, prices(2, 10, 0.2, 2.5, 4)),
  claude("claude-opus-4-8", "Claude Opus 4.8", "2026-06-01", 1_000_000, 128_000, prices(5, 25, 0.5, 6.25, 10)),
  claude("claude-opus-4-7", "Claude Opus 4.7", "2026-04-01", 1_000_000, 128_000, prices(5, 25, 0.5, 6.25, 10)),
  claude("claude-opus-4-6", "Claude Opus 4.6", "2026-02-05", 1_000_000, 128_000, prices(5, 25, 0.5, 6.25, 10)),
  claude("claude-opus-4-5-20251101", "Claude Opus 4.5", "2025-11-24", 200_000, 64_000, prices(5, 25, 0.5, 6.25, 10)),
  claude("claude-sonnet-4-6", "Claude Sonnet 4.6", "2026-02-17", 1_000_000, 128_000, prices(3, 15, 0.3, 3.75, 6)),
  claude(
    "claude-sonnet-4-5-20250929",
    "Claude Sonnet 4.5",
    "2025-09-29",
    200_000,
    64_000,
    prices(3, 15, 0.3, 3.75, 6),
    above(200_000, prices(6, 22.5, 0.6, 7.5, 12)),
  ),
  claude("claude-haiku-4-5-20251001", "Claude Haiku 4.5", "2025-10-01", 200_000, 64_000, prices(1, 5, 0.1, 1.25, 2)),
];
