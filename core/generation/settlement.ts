import { costPicoUsd } from "#core/catalog/cost.ts";
import type { CatalogModel } from "#core/catalog/model.ts";
import type { TokenUsage } from "#core/catalog/token-usage.ts";
import type { AttemptRecord } from "#core/db/usage-events.ts";
import { costForReserve } from "./reservation.ts";
import { addSpend, noSpend, type Spend, spendBy } from "./spend.ts";
import { type GenerationCost, withUnused } from "./unanswered-cost.ts";

/** The cost of a generation, from the facts that are known at its end. */

/** The cost of a generation that is not priced by tokens. */
export interface UnitCost {
  /** Such as `characters`, `seconds`, `images` or `credits`. */
  readonly unit: string;
  readonly units: number;
  /** Undefined for an unknown price. */
  readonly costPicoUsd: bigint | undefined;
  /** Booked against the daily cap: an unknown price must not be a free ride. */
  readonly spendPicoUsd: bigint;
}

/** How a generation ended, as far as its cost depends on it. */
export interface Charge {
  /** Tokens of the answer. Those of failed attempts are added. */
  readonly usage: TokenUsage;
  /** For media. */
  readonly unitCost?: UnitCost | undefined;
  /** Catalogue entry of the model that served. */
  readonly catalog: CatalogModel | undefined;
  /** The caller's own key paid. */
  readonly byok: boolean;
  /** A stored answer served, and no provider was called. */
  readonly cacheHit: boolean;
  /** Set aside for the call that answered. Undefined where nothing was, as for most calls on the caller's own key. */
  readonly grantedPicoUsd?: bigint | undefined;
  /** What the attempts before it count. */
  readonly spentBefore?: Spend;
  /** The cost that the provider states itself. */
  readonly reportedCostPicoUsd?: bigint | undefined;
}

/**
 * The cost of an answer: ours at list price, or the provider's own where our price is unknown or the provider's prices float.
 * OpenRouter's do: each host of a model has its own.
 */
const answerCost = ({ catalog, usage, reportedCostPicoUsd: reported }: Charge): bigint | undefined =>
  reported !== undefined && (catalog === undefined || catalog.provider === "openrouter")
    ? reported
    : costPicoUsd(catalog, usage);

/**
 * What a call counts against the daily cap. One whose count is ours counts all that was set aside for it: it may have
 * reasoned unseen, and the cap has to hold anyway. The event shows the estimate.
 */
export const spendOf = (catalog: CatalogModel | undefined, usage: TokenUsage, grantedPicoUsd = 0n): bigint => {
  const cost = costForReserve(catalog, usage);
  return usage.estimated && cost < grantedPicoUsd ? grantedPicoUsd : cost;
};

/** What an answer counts against the payer's limits. A cached answer counts nothing. */
const answerSpend = (charge: Charge): bigint => {
  const { cacheHit, catalog, usage, unitCost, grantedPicoUsd, reportedCostPicoUsd: reported } = charge;
  if (cacheHit) return 0n;
  if (unitCost !== undefined) return unitCost.spendPicoUsd;
  return (reported === undefined ? undefined : answerCost(charge)) ?? spendOf(catalog, usage, grantedPicoUsd);
};

/** The total of an answer and of the attempts that were paid for without an answer. */
export const totalCost = (charge: Charge, attempts: readonly AttemptRecord[]): GenerationCost => {
  const { usage, byok, unitCost, cacheHit, spentBefore = noSpend } = charge;
  const listCost = unitCost === undefined ? answerCost(charge) : unitCost.costPicoUsd;
  const cost = cacheHit ? 0n : listCost;
  const spent = addSpend(spendBy(byok, answerSpend(charge)), spentBefore);
  return withUnused({ usage, costPicoUsd: cost, byok, spent }, attempts);
};
