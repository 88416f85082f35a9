import { invalidApiKey } from "#core/auth/key-format.ts";
import { costPicoUsd, fromUsd } from "#core/catalog/cost.ts";
import type { ResolvedModel } from "#core/catalog/resolve.ts";
import { config } from "#core/config.ts";
import { admit, release, reserveMore } from "#core/db/admission.ts";
import { utcDay } from "#core/db/row-keys.ts";
import { type AttemptRecord, putOpenUsage, settleUsage, type UsageStatus } from "#core/db/usage-events.ts";
import { GatewayError } from "#core/errors.ts";
import { logger } from "#core/observability/logger.ts";
import { increment } from "#core/observability/metrics.ts";
import { costForReserve } from "./settlement.ts";
import type { TokenUsage } from "./token-usage.ts";

/**
 * The meter of one generation: takes a place and reserves money, writes the open usage row beside it, and in the end
 * settles both exactly once. Everything is awaited before the function returns.
 */

export interface MeterRequest {
  readonly userId: string;
  readonly keyId: string | undefined;
  readonly requestId: string;
  readonly generation: number;
  readonly runId?: string;
  readonly route: string;
  readonly model: ResolvedModel;
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
  readonly usage: TokenUsage;
  /** The model and provider that answered, when another than the first did. */
  readonly served: ResolvedModel;
  readonly byok: boolean;
  readonly cacheHit?: boolean;
  readonly attempts: readonly AttemptRecord[];
  readonly latencyMs: number;
  readonly timeToFirstTokenMs: number | undefined;
}

const openRequestsExceeded = (): GatewayError =>
  new GatewayError("RATE_LIMIT_EXCEEDED", `At most ${config.maxOpenRequests()} requests of one user may run at once.`, {
    retryAfterSeconds: 1,
    details: { limit: "open-requests", maxOpenRequests: config.maxOpenRequests() },
  });

const spendExceeded = (): GatewayError =>
  new GatewayError(
    "SPEND_LIMIT_EXCEEDED",
    "Today's cap on platform-paid use is reached. Store a provider key of your own, or wait for 00:00 UTC.",
    {
      details: { dailyCapUsd: config.dailySpendCapUsd() },
      shouldRetry: false,
    },
  );

export class Meter {
  readonly #request: MeterRequest;
  readonly #day: string;
  #reserved: bigint;
  /** Whether a place may be held: from the moment one is asked for until it is surely refused. */
  #mayHoldPlace = false;
  #admission: Promise<void> | undefined;
  #opened: Promise<void> | undefined;

  constructor(request: MeterRequest) {
    this.#request = request;
    this.#day = utcDay(request.startedAtMs);
    this.#reserved = request.byok ? 0n : request.reservePicoUsd;
  }

  get reservedPicoUsd(): bigint {
    return this.#reserved;
  }

  /**
   * Round 2: admission and the open row, in parallel with whatever else the round holds.
   * @throws GatewayError RATE_LIMIT_EXCEEDED, SPEND_LIMIT_EXCEEDED or INVALID_API_KEY (a disabled user); AwsError
   */
  async open(): Promise<void> {
    this.#opened = this.#writeOpenRow();
    this.#admission = this.#admit();
    await Promise.all([this.#admission, this.#opened]);
  }

  async #writeOpenRow(): Promise<void> {
    const { userId, keyId, requestId, generation, runId, route, model, byok, streamed, startedAtMs, untilMs } =
      this.#request;
    await putOpenUsage({
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
      startedAt: startedAtMs,
      reservedPicoUsd: this.#reserved,
      runId,
      openUntil: Math.ceil(untilMs / 1_000),
    });
  }

  async #admit(): Promise<void> {
    const { userId, requestId, startedAtMs, untilMs } = this.#request;
    this.#mayHoldPlace = true;
    const verdict = await admit(
      {
        userId,
        requestId,
        day: this.#day,
        untilSeconds: Math.ceil(untilMs / 1_000),
        reservePicoUsd: this.#reserved,
        capPicoUsd: fromUsd(config.dailySpendCapUsd()),
        maxOpen: config.maxOpenRequests(),
      },
      startedAtMs,
      (orphan) => {
        increment("OrphanedLeases");
        logger.warn("The lease of a killed request was cleared", { requestId: orphan, userId });
      },
    );
    if (verdict.admitted) return;
    this.#mayHoldPlace = false;
    if (verdict.reason === "user-disabled") throw invalidApiKey();
    throw verdict.reason === "spend" ? spendExceeded() : openRequestsExceeded();
  }

  /** After a refusal for money: the same place once more, paid by the caller's own provider key. */
  async admitUnpaid(): Promise<void> {
    this.#reserved = 0n;
    this.#admission = this.#admit();
    await this.#admission;
  }

  /** Doubles the reservation of a stream that outgrew it. False when the daily cap forbids it. @throws AwsError */
  async extend(): Promise<boolean> {
    const more = this.#reserved;
    const { userId, requestId } = this.#request;
    const extended = await reserveMore({
      userId,
      requestId,
      day: this.#day,
      capPicoUsd: fromUsd(config.dailySpendCapUsd()),
      reservedPicoUsd: this.#reserved,
      morePicoUsd: more,
    });
    if (extended) this.#reserved += more;
    return extended;
  }

  /** Settles the usage row and gives the place and the rest of the reservation back, each exactly once. @throws AwsError */
  async settle(settlement: Settlement): Promise<{ readonly costPicoUsd: bigint | undefined }> {
    const { userId, requestId, generation } = this.#request;
    const { served, usage, byok, attempts } = settlement;
    const cost = settlement.cacheHit === true ? 0n : costPicoUsd(served.catalog, usage);
    const spent = byok || settlement.cacheHit === true ? 0n : costForReserve(served.catalog, usage);
    // Both writes have to be over before they can be undone, also when one of them failed while the other was under way.
    await Promise.allSettled([this.#opened, this.#admission]);
    await Promise.all([
      settleUsage({
        userId,
        day: this.#day,
        requestId,
        generation,
        status: settlement.status,
        code: settlement.code,
        model: served.id,
        provider: served.provider,
        byok,
        cacheHit: settlement.cacheHit ?? false,
        inputTokens: usage.inputTokens,
        cachedInputTokens: usage.cachedInputTokens,
        cacheWriteInputTokens: usage.cacheWriteInputTokens + usage.longCacheWriteInputTokens,
        outputTokens: usage.outputTokens,
        reasoningTokens: usage.reasoningTokens,
        estimated: usage.estimated,
        costPicoUsd: cost,
        attempts: [...attempts],
        latencyMs: Math.round(settlement.latencyMs),
        timeToFirstTokenMs:
          settlement.timeToFirstTokenMs === undefined ? undefined : Math.round(settlement.timeToFirstTokenMs),
      }),
      this.#mayHoldPlace
        ? release({ userId, requestId, day: this.#day, correctionPicoUsd: spent - this.#reserved })
        : undefined,
    ]);
    return { costPicoUsd: cost };
  }
}
