import { findProvider, type ModelInfo, type ModelPrice } from "@pydantic/genai-prices";
import { pricesOn } from "#core/catalog/cost.ts";
import { embeddingModels } from "#core/catalog/embedding-models.ts";
import type { CatalogModel, TokenPrices } from "#core/catalog/model.ts";
import { models } from "#core/catalog/models.ts";

/**
 * Compares every price in the catalogue with an independent table (@pydantic/genai-prices). Ids are compared exactly, because
 * the table's own look-up also matches related models with other prices.
 */

/** Ids that the table writes in another way, each the same model. */
const tableIds: Readonly<Record<string, string>> = {
  "claude-sonnet-4-5-20250929": "claude-sonnet-4-5",
  "claude-haiku-4-5-20251001": "claude-haiku-4-5",
  "MiniMax-M3": "minimax-m3",
};

/** Differences that are known and right, by `model field`, each with its reason. */
const explained: Readonly<Record<string, string>> = {
  "gemini-embedding-2 audioInput": "embeddings take text only",
};

/** The table's name of each of our prices. */
const priceNames = {
  input: "input_mtok",
  output: "output_mtok",
  audioInput: "input_audio_mtok",
  cachedInput: "cache_read_mtok",
  cacheWrite: "cache_write_mtok",
  longCacheWrite: "cache_write_1h_mtok",
} as const satisfies Record<keyof TokenPrices, string>;

/** Prices of the table for what we do not meter, or not apart: known, and no difference of ours. */
const notMetered = /^(web_searches|storage_searches|cache_audio|input_image|input_video|output_image)/;

export interface PriceDifference {
  readonly model: string;
  /** Such as `cachedInput` or `long output`. */
  readonly field: string;
  /** Dollars for a million tokens; undefined where a side has none. */
  readonly ours: number | undefined;
  readonly theirs: number | undefined;
  /** Why it is right, or undefined. */
  readonly reason: string | undefined;
}

interface Tier {
  readonly start: number;
  readonly price: number;
}
interface Tiered {
  readonly base: number;
  readonly tiers: readonly Tier[];
}

const isTiered = (value: unknown): value is Tiered =>
  typeof value === "object" && value !== null && "base" in value && "tiers" in value;

/** The prices that hold at a time: of several, the last whose day has come. */
const pricesAt = ({ prices }: ModelInfo, nowMs: number): ModelPrice => {
  if (!Array.isArray(prices)) return prices;
  const open = prices.filter(
    ({ constraint }) =>
      constraint === undefined || (constraint.type === "start_date" && Date.parse(constraint.start_date) <= nowMs),
  );
  return open.at(-1)?.prices ?? {};
};

const usd = (microUsd: number | undefined): number | undefined =>
  microUsd === undefined ? undefined : microUsd / 1_000_000;

const sameNumber = (left: number | undefined, right: number | undefined): boolean =>
  left === right || (left !== undefined && right !== undefined && Math.abs(left - right) < 1e-6);

/** "Above 271,999" and "from 272,000 on" are the same edge; sources write either. */
const sameEdge = (left: number | undefined, right: number | undefined): boolean =>
  left === right || (left !== undefined && right !== undefined && Math.abs(left - right) <= 1);

const compareModel = (model: CatalogModel, theirs: ModelPrice, nowMs: number): Omit<PriceDifference, "reason">[] => {
  const differences: Omit<PriceDifference, "reason">[] = [];
  const compare = (field: string, our: number | undefined, their: number | undefined): void => {
    if (sameNumber(our, their)) return;
    differences.push({ model: model.id, field, ours: our, theirs: their });
  };
  const { prices, longContext } = pricesOn(model, nowMs);
  let tiers: readonly Tier[] = [];
  for (const [kind, name] of Object.entries(priceNames) as [keyof TokenPrices, string][]) {
    const their = theirs[name];
    const base = isTiered(their) ? their.base : (their as number | undefined);
    const [tier, ...more] = isTiered(their) ? their.tiers : [];
    if (more.length > 0) compare(`${kind} tiers`, 1, more.length + 1);
    if (tier !== undefined) tiers = [tier];
    // Without a price of its own, our output of 0 is the table's none.
    compare(kind, prices[kind] === 0 ? undefined : usd(prices[kind]), base);
    compare(`long ${kind}`, usd(longContext?.prices[kind]), tier?.price);
  }
  const [tier] = tiers;
  if (!sameEdge(longContext?.aboveInputTokens, tier?.start)) {
    compare("long boundary", longContext?.aboveInputTokens, tier?.start);
  }
  for (const name of Object.keys(theirs)) {
    if (!Object.values<string>(priceNames).includes(name) && !notMetered.test(name)) {
      compare(name, undefined, theirs[name] as number);
    }
  }
  return differences;
};

export interface PriceReport {
  readonly compared: number;
  /** Models that the table does not have. */
  readonly unknown: readonly string[];
  readonly differences: readonly PriceDifference[];
  /** Explanations that explain nothing any more. */
  readonly stale: readonly string[];
}

/** Compares the whole catalogue as of a time (unix ms). */
export const comparePrices = (
  catalog: readonly CatalogModel[] = [...models, ...embeddingModels],
  nowMs: number = Date.now(),
  reasons: Readonly<Record<string, string>> = explained,
): PriceReport => {
  const unknown: string[] = [];
  const differences: PriceDifference[] = [];
  for (const model of catalog) {
    const wanted = tableIds[model.id] ?? model.id;
    const found = findProvider({ providerId: model.provider })?.models.find(({ id }) => id === wanted);
    if (found === undefined) unknown.push(model.id);
    else {
      const its = compareModel(model, pricesAt(found, nowMs), nowMs);
      differences.push(...its.map((each) => ({ ...each, reason: reasons[`${each.model} ${each.field}`] })));
    }
  }
  const used = new Set(differences.map(({ model, field }) => `${model} ${field}`));
  const known = new Set(catalog.map(({ id }) => id));
  const stale = Object.keys(reasons).filter((key) => known.has(key.split(" ")[0] ?? "") && !used.has(key));
  return { compared: catalog.length - unknown.length, unknown, differences, stale };
};

/** Ids of a provider's models in the table. */
export const genaiIds = (provider: string): readonly string[] =>
  findProvider({ providerId: provider })?.models.map(({ id }) => id) ?? [];
