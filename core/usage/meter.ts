import { costPicoUsd } from "#core/catalog/cost.ts";
import type { CatalogModel } from "#core/catalog/model.ts";
import type { TokenUsage } from "#core/catalog/token-usage.ts";
import {
  type AttemptRecord,
  putOpenUsage,
  type SettledUsage,
  settleUsage,
  type UsageStatus,
} from "#core/db/usage-events.ts";
import { allEnded, patiently } from "./end-of-request.ts";
import { Place } from "./place.ts";
import { costForReserve } from "./settlement.ts";
import { type TotalCost, withUnused } from "./unused.ts";

/**
 * The meter of one generation: its usage row, open and then settled, and, for a request of one generation, the place that
 * it holds. Everything is awaited before the function returns.
 */

/** A model as usage names it. `catalog` has the prices of tokens; what is sold by another unit brings its own cost. */
export interface MeteredModel {
  readonly id: string;
  readonly provider: string;
  readonly catalog: CatalogModel | undefined;
}

/** What a generation that is not sold by tokens came to. */
export interface UnitCost {
  /** Such as `characters`, `seconds`, `images` or `credits`. */
  readonly unit: string;
  readonly units: number;
  /** Undefined for an unknown price. */
  readonly costPicoUsd: bigint | undefined;
  /** What is booked on the daily cap: an unknown price must not be a free ride. */
  readonly spendPicoUsd: bigint;
}

export interface MeterRequest {
  readonly userId: string;
  readonly keyId: string | undefined;
  readonly requestId: string;
  readonly generation: number;
  readonly runId?: string;
  readonly route: string;
  readonly model: MeteredModel;
  /** The request will be paid by the caller's own provider key: nothing is reserved. */
  readonly byok: boolean;
  readonly streamed: boolean;
  readonly reservePicoUsd: bigint;
  /** Unix ms. */
  readonly startedAtMs: number;
  /** Unix ms after which the function cannot be running any more. */
  readonly untilMs: number;
}

export interface Settlement {
  readonly status: UsageStatus;
  readonly code?: string | undefined;
  /** Of the answer. What failed attempts came to is added. */
  readonly usage: TokenUsage;
  /** The model and provider that answered, when another than the first did. */
  readonly served: MeteredModel;
  /** For what is not sold by tokens. */
  readonly unitCost?: UnitCost | undefined;
  readonly byok: boolean;
  readonly cacheHit?: boolean;
  readonly attempts: readonly AttemptRecord[];
  readonly latencyMs: number;
  readonly timeToFirstTokenMs: number | undefined;
}

/** One generation's usage row. */
export class GenerationRow {
  readonly #request: MeterRequest;
  readonly #day: string;
  #opened: Promise<void> | undefined;

  constructor(request: MeterRequest, day: string) {
    this.#request = request;
    this.#day = day;
  }

  /** Writes the open row. @throws AwsError */
  open(): Promise<void> {
    const { userId, keyId, requestId, generation, runId, route, model, byok, streamed } = this.#request;
    this.#opened = putOpenUsage({
      userId,
      day: this.#day,
      requestId,
      generation,
      route,
      keyId,
      model: model.id,
      provider: model.provider,
      byok,
      streamed,
      startedAt: this.#request.startedAtMs,
      reservedPicoUsd: byok ? 0n : this.#request.reservePicoUsd,
      runId,
      openUntil: Math.ceil(this.#request.untilMs / 1_000),
    });
    return this.#opened;
  }

  /** Settles the row exactly once. Resolves to what was metered. @throws AwsError */
  async settle(settlement: Settlement): Promise<GenerationCost> {
    const { userId, requestId, generation } = this.#request;
    const { served, byok, unitCost, cacheHit = false } = settlement;
    const total = totalOf(settlement);
    const { usage } = total;
    // The open row has to be there before it can be settled.
    const isOpen = await this.#opened?.then(
      () => true,
      () => false,
    );
    const settled: SettledUsage = {
      userId,
      day: this.#day,
      requestId,
      generation,
      status: settlement.status,
      code: settlement.code,
      model: served.id,
      provider: served.provider,
      byok,
      cacheHit,
      inputTokens: usage.inputTokens,
      cachedInputTokens: usage.cachedInputTokens,
      cacheWriteInputTokens: usage.cacheWriteInputTokens + usage.longCacheWriteInputTokens,
      outputTokens: usage.outputTokens,
      reasoningTokens: usage.reasoningTokens,
      unit: unitCost?.unit,
      units: unitCost?.units,
      estimated: usage.estimated,
      costPicoUsd: total.costPicoUsd,
      byokCostPicoUsd: total.byokCostPicoUsd,
      attempts: [...settlement.attempts],
      latencyMs: Math.round(settlement.latencyMs),
      timeToFirstTokenMs:
        settlement.timeToFirstTokenMs === undefined ? undefined : Math.round(settlement.timeToFirstTokenMs),
    };
    const write = () => settleUsage(settled);
    // A row that was surely never seen is worth no patience: it would only weigh on a table that is in trouble.
    await (isOpen === true ? patiently(write) : write());
    return total;
  }
}

/** Tokens and cost of a generation, with those of the attempts before it. */
export type GenerationCost = Pick<TotalCost, "usage" | "costPicoUsd" | "spentPicoUsd">;

/** What a generation takes of the daily cap: nothing when the caller's own key or the cache paid. */
const platformSpend = ({ byok, cacheHit, served, usage, unitCost }: Settlement): bigint =>
  byok || cacheHit === true ? 0n : (unitCost?.spendPicoUsd ?? costForReserve(served.catalog, usage));

const totalOf = (settlement: Settlement): TotalCost => {
  const { served, usage, byok, unitCost, cacheHit, attempts } = settlement;
  const listCost = unitCost === undefined ? costPicoUsd(served.catalog, usage) : unitCost.costPicoUsd;
  const cost = cacheHit === true ? 0n : listCost;
  return withUnused({ usage, costPicoUsd: cost, byok, spentPicoUsd: platformSpend(settlement) }, attempts);
};

/** The meter of a request with one generation. */
export class Meter {
  readonly #place: Place;
  readonly #row: GenerationRow;

  constructor(request: MeterRequest) {
    const reservePicoUsd = request.byok ? 0n : request.reservePicoUsd;
    this.#place = new Place({ ...request, reservePicoUsd });
    this.#row = new GenerationRow(request, this.#place.day);
  }

  get reservedPicoUsd(): bigint {
    return this.#place.reservedPicoUsd;
  }

  /**
   * Round 2: admission and the open row, in parallel with whatever else the round holds.
   * @throws GatewayError RATE_LIMIT_EXCEEDED, SPEND_LIMIT_EXCEEDED or INVALID_API_KEY (a disabled user); AwsError
   */
  async open(): Promise<void> {
    await Promise.all([this.#place.take(), this.#row.open()]);
  }

  /** After a refusal for money: the same place once more, paid by the caller's own provider key. */
  admitUnpaid(): Promise<void> {
    return this.#place.takeUnpaid();
  }

  /** Doubles the reservation of a stream that outgrew it. False when the daily cap forbids it. @throws AwsError */
  extend(): Promise<boolean> {
    return this.#place.extendBy(this.#place.reservedPicoUsd);
  }

  /** Settles the usage row and gives the place and the rest of the reservation back, each exactly once. @throws AwsError */
  async settle(settlement: Settlement): Promise<GenerationCost> {
    const [total] = await allEnded([
      this.#row.settle(settlement),
      this.#place.giveBack(totalOf(settlement).spentPicoUsd),
    ]);
    return total;
  }
}
