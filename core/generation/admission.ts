import { invalidApiKey } from "#core/auth/key-format.ts";
import { fromUsd } from "#core/catalog/cost.ts";
import { config } from "#core/config.ts";
import type { RequestContext } from "#core/context.ts";
import { admit, release, reserveMore } from "#core/db/admission.ts";
import { utcDay } from "#core/db/row-keys.ts";
import { GatewayError } from "#core/errors.ts";
import { logger } from "#core/observability/logger.ts";
import { increment } from "#core/observability/metrics.ts";
import { withRetries } from "./with-retries.ts";

export interface AdmissionOptions extends Pick<RequestContext, "requestId" | "startedAtMs" | "lambdaDeadlineMs"> {
  readonly userId: string;
  /** Nothing is reserved for a request that the caller's own provider key pays for. */
  readonly reservePicoUsd: bigint;
}

const openRequestsExceeded = (): GatewayError => {
  const maxOpenRequests = config.maxOpenRequests();
  return new GatewayError("RATE_LIMIT_EXCEEDED", `At most ${maxOpenRequests} requests of one user may run at once.`, {
    retryAfterSeconds: 1,
    details: { limit: "open-requests", maxOpenRequests },
  });
};

const spendExceeded = (): GatewayError =>
  new GatewayError(
    "SPEND_LIMIT_EXCEEDED",
    "Today's cap on platform-paid use is reached. Store your own provider key, or wait until 00:00 UTC.",
    { details: { dailyCapUsd: config.dailySpendCapUsd() }, shouldRetry: false },
  );

/** A running request's lease among its user's open requests, and the money reserved for it. */
export class Admission {
  /** UTC day on which the money is booked. */
  readonly day: string;
  readonly #options: AdmissionOptions;
  #reserved: bigint;
  /** Whether a lease may be held: from the moment it is asked for until it is surely refused. */
  #mayHold = false;
  #admitted: Promise<void> | undefined;
  #extensions: Promise<unknown> = Promise.resolve();

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.day = utcDay(options.startedAtMs);
    this.#reserved = options.reservePicoUsd;
  }

  get reservedPicoUsd(): bigint {
    return this.#reserved;
  }

  /** Takes the lease. @throws GatewayError RATE_LIMIT_EXCEEDED, SPEND_LIMIT_EXCEEDED or INVALID_API_KEY (a disabled user); AwsError */
  admit(): Promise<void> {
    this.#admitted = this.#admit();
    return this.#admitted;
  }

  /** After a refusal for money: takes the same lease again, paid by the caller's own provider key. */
  admitUnpaid(): Promise<void> {
    this.#reserved = 0n;
    return this.admit();
  }

  /** Reserves more. False when the daily cap forbids it. @throws AwsError */
  extendBy(morePicoUsd: bigint): Promise<boolean> {
    // One after the other: each write is conditional on the reservation before it.
    const extended = this.#extensions.then(() => this.#extendBy(morePicoUsd));
    this.#extensions = extended.catch(() => undefined);
    return extended;
  }

  /** Doubles the reservation of a stream that outgrew it. False when the daily cap forbids it. @throws AwsError */
  extend(): Promise<boolean> {
    return this.extendBy(this.#reserved);
  }

  /** Returns the lease and the unspent money, exactly once. @throws AwsError */
  async close(spentPicoUsd: bigint): Promise<void> {
    // The lease has to be taken before it can be returned, also when the rest of round 2 failed meanwhile.
    const isHeld = await this.#admitted?.then(
      () => true,
      () => false,
    );
    if (!this.#mayHold) return;
    const { userId, requestId } = this.#options;
    const correctionPicoUsd = spentPicoUsd - this.#reserved;
    const write = () => release({ userId, requestId, day: this.day, correctionPicoUsd });
    await (isHeld === true ? withRetries(write) : write());
  }

  async #extendBy(morePicoUsd: bigint): Promise<boolean> {
    const { userId, requestId } = this.#options;
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

  async #admit(): Promise<void> {
    const { userId, requestId, startedAtMs, lambdaDeadlineMs } = this.#options;
    this.#mayHold = true;
    const verdict = await admit(
      {
        userId,
        requestId,
        day: this.day,
        untilSeconds: Math.ceil(lambdaDeadlineMs / 1_000),
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
