import { invalidApiKey } from "#core/auth/key-format.ts";
import { fromUsd } from "#core/catalog/cost.ts";
import { config } from "#core/config.ts";
import { admit, release, reserveMore } from "#core/db/admission.ts";
import { utcDay } from "#core/db/row-keys.ts";
import { GatewayError } from "#core/errors.ts";
import { logger } from "#core/observability/logger.ts";
import { increment } from "#core/observability/metrics.ts";
import { patiently } from "./end-of-request.ts";

/** The place that a running request holds among its user's open ones, and the money reserved for it. */

export interface PlaceRequest {
  readonly userId: string;
  readonly requestId: string;
  /** Nothing is reserved for a request that the caller's own provider key pays for. */
  readonly reservePicoUsd: bigint;
  /** Unix ms. */
  readonly startedAtMs: number;
  /** Unix ms after which the function cannot be running any more. */
  readonly untilMs: number;
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

export class Place {
  readonly #request: PlaceRequest;
  /** UTC day that the money is booked on. */
  readonly day: string;
  #reserved: bigint;
  /** Whether a place may be held: from the moment one is asked for until it is surely refused. */
  #mayHold = false;
  #admission: Promise<void> | undefined;
  #extensions: Promise<unknown> = Promise.resolve();

  constructor(request: PlaceRequest) {
    this.#request = request;
    this.day = utcDay(request.startedAtMs);
    this.#reserved = request.reservePicoUsd;
  }

  get reservedPicoUsd(): bigint {
    return this.#reserved;
  }

  /** Takes the place. @throws GatewayError RATE_LIMIT_EXCEEDED, SPEND_LIMIT_EXCEEDED or INVALID_API_KEY (a disabled user); AwsError */
  take(): Promise<void> {
    this.#admission = this.#admit();
    return this.#admission;
  }

  /** After a refusal for money: the same place once more, paid by the caller's own provider key. */
  takeUnpaid(): Promise<void> {
    this.#reserved = 0n;
    return this.take();
  }

  /** Reserves so much more. False when the daily cap forbids it. @throws AwsError */
  extendBy(morePicoUsd: bigint): Promise<boolean> {
    // One after the other: each write is conditional on what the one before it reserved.
    const extended = this.#extensions.then(() => this.#extendBy(morePicoUsd));
    this.#extensions = extended.catch(() => undefined);
    return extended;
  }

  async #extendBy(morePicoUsd: bigint): Promise<boolean> {
    const { userId, requestId } = this.#request;
    const extended = await reserveMore({
      userId,
      requestId,
      day: this.day,
      capPicoUsd: fromUsd(config.dailySpendCapUsd()),
      reservedPicoUsd: this.#reserved,
      morePicoUsd,
    });
    if (extended) this.#reserved += morePicoUsd;
    return extended;
  }

  /** Gives the place and what was not spent back, exactly once. @throws AwsError */
  async giveBack(spentPicoUsd: bigint): Promise<void> {
    // The place has to be taken before it can be given back, also when the rest of the round failed meanwhile.
    const isHeld = await this.#admission?.then(
      () => true,
      () => false,
    );
    if (!this.#mayHold) return;
    const { userId, requestId } = this.#request;
    const correctionPicoUsd = spentPicoUsd - this.#reserved;
    const write = () => release({ userId, requestId, day: this.day, correctionPicoUsd });
    await (isHeld === true ? patiently(write) : write());
  }

  async #admit(): Promise<void> {
    const { userId, requestId, startedAtMs, untilMs } = this.#request;
    this.#mayHold = true;
    const verdict = await admit(
      {
        userId,
        requestId,
        day: this.day,
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
    this.#mayHold = false;
    if (verdict.reason === "user-disabled") throw invalidApiKey();
    throw verdict.reason === "spend" ? spendExceeded() : openRequestsExceeded();
  }
}
