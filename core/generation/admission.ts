import { invalidApiKey } from "#core/auth/key-format.ts";
import { fromUsd } from "#core/catalog/cost.ts";
import { config } from "#core/config.ts";
import type { RequestContext } from "#core/context.ts";
import { admit, findLease, release, reserveMore } from "#core/db/admission.ts";
import type { Reserve } from "#core/db/grant.ts";
import { utcDay } from "#core/db/row-keys.ts";
import { GatewayError } from "#core/errors.ts";
import { logger } from "#core/observability/logger.ts";
import { increment } from "#core/observability/metrics.ts";
import { noReserve } from "./reservation.ts";
import { withRetries } from "./with-retries.ts";

export interface AdmissionOptions extends Pick<RequestContext, "requestId" | "startedAtMs" | "lambdaDeadlineMs"> {
  readonly userId: string;
  /** Nothing is reserved for a request that the caller's own provider key pays for. */
  readonly reserve: Reserve;
}

/** Where the money of provider calls comes from. */
export interface Purse {
  /** Sets money aside for one call: all that it may cost, or what is left for it. @throws GatewayError SPEND_LIMIT_EXCEEDED; AwsError */
  take(reserve: Reserve): Promise<bigint>;
  /** Money of a call that came to less. */
  giveBack(picoUsd: bigint): void;
}

const openRequestsExceeded = (): GatewayError => {
  const maxOpenRequests = config.maxOpenRequests();
  return new GatewayError("RATE_LIMIT_EXCEEDED", `At most ${maxOpenRequests} requests of one user may run at once.`, {
    retryAfterSeconds: 1,
    details: { limit: "open-requests", maxOpenRequests },
  });
};

export const spendExceeded = (): GatewayError =>
  new GatewayError(
    "SPEND_LIMIT_EXCEEDED",
    "Today's cap on platform-paid use is reached. Store your own provider key, or wait until 00:00 UTC.",
    { details: { dailyCapUsd: config.dailySpendCapUsd() }, shouldRetry: false },
  );

/** A running request's lease among its user's open requests, and the money reserved for it from the daily cap. */
export class Admission implements Purse {
  /** UTC day on which the money is booked. */
  readonly day: string;
  readonly #options: AdmissionOptions;
  #reserve: Reserve;
  #reserved = 0n;
  /** Reserved, and not set aside for a call. */
  #free = 0n;
  /** Whether a lease may be held: from the moment it is asked for until it is surely refused. */
  #mayHold = false;
  #admitted: Promise<void> | undefined;
  #takes: Promise<unknown> = Promise.resolve();

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.day = utcDay(options.startedAtMs);
    this.#reserve = options.reserve;
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
    this.#reserve = noReserve;
    return this.admit();
  }

  take(reserve: Reserve): Promise<bigint> {
    // One after the other: each looks at what the one before it left, and each write is conditional on the reservation.
    const taken = this.#takes.then(() => this.#take(reserve));
    this.#takes = taken.catch(() => undefined);
    return taken;
  }

  giveBack(picoUsd: bigint): void {
    this.#free += picoUsd;
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
    const giveBack = (reserved: bigint) =>
      release({ userId, requestId, day: this.day, correctionPicoUsd: spentPicoUsd - reserved });
    if (isHeld === true) {
      await withRetries(() => giveBack(this.#reserved));
      return;
    }
    // The answer to admission was lost: only the lease itself says how much it holds, if it is there at all.
    const lease = await findLease(userId, requestId);
    if (lease !== undefined) await giveBack(lease.reserved);
  }

  async #take({ picoUsd, leastPicoUsd }: Reserve): Promise<bigint> {
    if (this.#free < leastPicoUsd) {
      const more = await this.#reserveMore({
        picoUsd: picoUsd - this.#free,
        leastPicoUsd: leastPicoUsd - this.#free,
      });
      if (more === undefined) throw spendExceeded();
      this.#reserved += more;
      this.#free += more;
    }
    const granted = this.#free < picoUsd ? this.#free : picoUsd;
    this.#free -= granted;
    return granted;
  }

  #reserveMore(more: Reserve): Promise<bigint | undefined> {
    const { userId, requestId } = this.#options;
    const capPicoUsd = fromUsd(config.dailySpendCapUsd());
    return reserveMore({ userId, requestId, day: this.day, capPicoUsd, reservedPicoUsd: this.#reserved, more });
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
        reserve: this.#reserve,
        capPicoUsd: fromUsd(config.dailySpendCapUsd()),
        maxOpen: config.maxOpenRequests(),
      },
      startedAtMs,
      (orphan) => {
        increment("OrphanedLeases");
        logger.warn("The lease of a killed request was cleared", { requestId: orphan, userId });
      },
    );
    if (verdict.admitted) {
      this.#reserved = verdict.reservedPicoUsd;
      this.#free = verdict.reservedPicoUsd;
      return;
    }
    this.#mayHold = false;
    if (verdict.reason === "user-disabled") throw invalidApiKey();
    throw verdict.reason === "spend" ? spendExceeded() : openRequestsExceeded();
  }
}
