import { invalidApiKey } from "#core/auth/key-format.ts";
import { fromUsd } from "#core/catalog/cost.ts";
import { config } from "#core/config.ts";
import type { RequestContext } from "#core/context.ts";
import { type AdmissionVerdict, type AdmittedKey, admit, findLease, release } from "#core/db/admission.ts";
import { budgetAttribute, minuteOf, parseRow, reservedOf, sumOf, tokensAttribute } from "#core/db/admission-row.ts";
import { budgetNameOf } from "#core/db/budget-period.ts";
import type { Reserve } from "#core/db/grant.ts";
import type { KeyBudget, KeyLimits } from "#core/db/key-limits.ts";
import { utcDay } from "#core/db/row-keys.ts";
import type { TokenCharge } from "#core/db/token-window.ts";
import { GatewayError } from "#core/errors.ts";
import { logger } from "#core/observability/logger.ts";
import { increment } from "#core/observability/metrics.ts";
import type { Caller } from "./caller.ts";
import { HeldMoney } from "./held-money.ts";
import { budgetExceeded, tokensExceeded } from "./key-limit-errors.ts";
import { openRequestsExceeded, spendExceeded } from "./limit-errors.ts";
import { noReserve } from "./reservation.ts";
import type { Spend } from "./spend.ts";
import { withRetries } from "./with-retries.ts";

export interface AdmissionOptions extends Pick<RequestContext, "requestId" | "startedAtMs" | "lambdaDeadlineMs"> {
  readonly userId: string;
  /** Of the cap, unless the caller's own provider key pays, and of the key's budget, if that counts the call. */
  readonly reserve: Reserve;
  /** The caller's own provider key pays, as far as it is known before round 2. */
  readonly callerPays?: boolean;
  /** Of the calling key. */
  readonly limits?: KeyLimits | undefined;
  /** The most tokens that the request may come to, for the key's limit a minute. */
  readonly tokens?: (() => number) | undefined;
  /** Called once admitted, with what was left of the key's budget before the request reserved its part. */
  readonly onBudget?: (leftPicoUsd: bigint) => void;
}

/** Where the money of provider calls comes from. */
export interface Purse {
  /**
   * Sets money aside for one call: all that it may cost, or what is left for it. Undefined where nothing counts it: the
   * caller's own key pays, and the API key has no budget that includes it.
   * @throws GatewayError SPEND_LIMIT_EXCEEDED, BUDGET_EXCEEDED; AwsError
   */
  take(reserve: Reserve, byok: boolean): Promise<bigint | undefined>;
  /** Money of a call that came to less. */
  giveBack(picoUsd: bigint, byok: boolean): void;
  /** The refusal of a call for which what was taken is too little: it names the limit that has the least. */
  tooLittle(byok: boolean): GatewayError;
}

/** What a request came to, when it is given back. */
export interface Spent extends Spend {
  readonly tokens: number;
}

/** The key's budget as one request is charged to it. */
class ChargedBudget {
  readonly budget: KeyBudget;
  /** `<budget id>#<period>` */
  readonly name: string;
  readonly money = new HeldMoney();

  constructor(budget: KeyBudget, startedAtMs: number) {
    this.budget = budget;
    this.name = budgetNameOf(budget, startedAtMs);
  }

  /** Whether it counts a call that this payer pays for. */
  counts(byok: boolean): boolean {
    return !byok || this.budget.includeByok;
  }
}

const tokenCharge = ({ limits, tokens, startedAtMs }: AdmissionOptions): TokenCharge | undefined => {
  const limit = limits?.tokensPerMinute;
  if (limits === undefined || limit === undefined || tokens === undefined) return undefined;
  return { limitsId: limits.id, tokens: Math.min(limit, tokens()), limit, nowMs: startedAtMs };
};

/** How long a minute's tokens are corrected, minutes: after that, no window includes it. */
const correctedMinutes = 2;

const smaller = (left: bigint, right: bigint): bigint => (left < right ? left : right);

/**
 * A running request's lease among its user's open requests, and the money reserved for it from the daily cap. Fields: what it is charged to
 * (cap, budget, tokens), and how far it has come.
 */
export class Admission implements Purse {
  /** UTC day on which the money is booked. */
  readonly day: string;
  readonly #options: AdmissionOptions;
  readonly #cap = new HeldMoney();
  readonly #budget: ChargedBudget | undefined;
  readonly #tokens: TokenCharge | undefined;
  #key: AdmittedKey | undefined;
  #callerPays: boolean;
  /** Whether a lease may be held: from the moment it is asked for until it is surely refused. */
  #mayHold = false;
  #admitted: Promise<number> | undefined;
  #takes: Promise<unknown> = Promise.resolve();

  constructor(options: AdmissionOptions) {
    const { startedAtMs, limits, callerPays = false } = options;
    this.#options = options;
    this.#callerPays = callerPays;
    this.day = utcDay(startedAtMs);
    this.#budget = limits?.budget === undefined ? undefined : new ChargedBudget(limits.budget, startedAtMs);
    this.#tokens = tokenCharge(options);
  }

  /** Reserved of the cap. */
  get reservedPicoUsd(): bigint {
    return this.#cap.reserved;
  }

  /** The budget and period that a call is charged to. Undefined where none counts it. */
  budgetOf(byok: boolean): string | undefined {
    return this.#budget?.counts(byok) === true ? this.#budget.name : undefined;
  }

  /**
   * Takes the lease. Resolves to how many provider keys the user ever added.
   * @throws GatewayError RATE_LIMIT_EXCEEDED, SPEND_LIMIT_EXCEEDED, BUDGET_EXCEEDED or INVALID_API_KEY (a disabled user); AwsError
   */
  admit(): Promise<number> {
    this.#admitted = this.#admit();
    return this.#admitted;
  }

  /** Whether a refusal does not hold for requests that the caller's own provider key pays for. */
  mayBeUnpaid(refusal: unknown): boolean {
    if (!(refusal instanceof GatewayError) || this.#callerPays) return false;
    if (refusal.code === "SPEND_LIMIT_EXCEEDED") return true;
    return refusal.code === "BUDGET_EXCEEDED" && this.#budget?.counts(true) === false;
  }

  /** After such a refusal: takes the same lease again, paid by the caller's own provider key. */
  admitUnpaid(): Promise<number> {
    this.#callerPays = true;
    return this.admit();
  }

  take(reserve: Reserve, byok: boolean): Promise<bigint | undefined> {
    if (byok && this.#budget?.counts(byok) !== true) return Promise.resolve(undefined);
    // One after the other: each looks at what the one before it left, and each write is conditional on the reservation.
    const taken = this.#takes.then(() => this.#take(reserve, byok));
    this.#takes = taken.catch(() => undefined);
    return taken;
  }

  giveBack(picoUsd: bigint, byok: boolean): void {
    for (const money of this.#charged(byok)) money.giveBack(picoUsd);
  }

  tooLittle(byok: boolean): GatewayError {
    const { startedAtMs } = this.#options;
    const budget = this.#budget?.counts(byok) === true ? this.#budget : undefined;
    if (budget === undefined || (!byok && this.#cap.free < budget.money.free)) return spendExceeded(startedAtMs);
    const reservedPicoUsd = budget.money.reserved;
    const leftPicoUsd = this.#key?.budgetLeftPicoUsd ?? reservedPicoUsd;
    return budgetExceeded(
      budget.budget,
      { spentPicoUsd: budget.budget.picoUsd - leftPicoUsd, reservedPicoUsd },
      startedAtMs,
    );
  }

  /** Returns the lease and the unspent money, exactly once. @throws AwsError */
  async close(spent: Spent): Promise<void> {
    // The lease has to be taken before it can be returned, also when the rest of round 2 failed meanwhile.
    const isHeld = await this.#admitted?.then(
      () => true,
      () => false,
    );
    if (!this.#mayHold) return;
    const { userId, requestId } = this.#options;
    const budget = this.#budget;
    const budgetSpent = spent.platformPicoUsd + (budget?.counts(true) === true ? spent.callerPicoUsd : 0n);
    const giveBack = (reserved: bigint, budgeted: bigint, tokens: number | undefined) =>
      release({
        userId,
        requestId,
        day: this.day,
        correctionPicoUsd: spent.platformPicoUsd - reserved,
        budget: budget && { name: budget.name, correctionPicoUsd: budgetSpent - budgeted },
        tokens: this.#tokenCorrection(tokens),
        closedSums: this.#key?.closedSums ?? [],
      });
    if (isHeld === true) {
      await withRetries(() => giveBack(this.#cap.reserved, budget?.money.reserved ?? 0n, spent.tokens));
      return;
    }
    // The answer to admission was lost: only the lease itself says how much it holds, if it is there at all.
    const lease = await findLease(userId, requestId);
    if (lease !== undefined) await giveBack(lease.reserved, lease.budgeted ?? 0n, undefined);
  }

  /** The sums that a call is charged to. */
  #charged(byok: boolean): readonly HeldMoney[] {
    const budget = this.#budget?.counts(byok) === true ? [this.#budget.money] : [];
    return byok ? budget : [this.#cap, ...budget];
  }

  #tokenCorrection(tokens: number | undefined): { attribute: string; correction: number } | undefined {
    const charge = this.#tokens;
    if (charge === undefined || tokens === undefined) return undefined;
    const minute = minuteOf(charge.nowMs);
    if (minuteOf(Date.now()) - minute >= correctedMinutes) return undefined;
    return { attribute: tokensAttribute(charge.limitsId, minute), correction: tokens - charge.tokens };
  }

  async #take({ picoUsd, leastPicoUsd }: Reserve, byok: boolean): Promise<bigint> {
    const charged = this.#charged(byok);
    const free = () => charged.map((money) => money.free).reduce(smaller);
    if (free() < leastPicoUsd) {
      const had = free();
      await this.#reserveMore({ picoUsd: picoUsd - had, leastPicoUsd: leastPicoUsd - had }, had, byok);
    }
    const granted = smaller(free(), picoUsd);
    for (const money of charged) money.take(granted);
    return granted;
  }

  /** Adds to what is charged until each sum has as much more than `had`. */
  async #reserveMore(more: Reserve, had: bigint, byok: boolean): Promise<void> {
    const { userId, requestId, startedAtMs } = this.#options;
    const budget = this.#budget?.counts(byok) === true ? this.#budget : undefined;
    // Noted before anything is awaited: other calls give money back meanwhile.
    const charged = this.#charged(byok).map((money) => ({ money, aheadPicoUsd: money.free - had }));
    const capAheadPicoUsd = this.#cap.free - had;
    const budgetAheadPicoUsd = (budget?.money.free ?? had) - had;
    // Only retries, fallbacks and runs need more.
    const { reserveMore } = await import("#core/db/reserve-more.ts");
    const verdict = await reserveMore({
      userId,
      requestId,
      day: this.day,
      capPicoUsd: fromUsd(config.dailySpendCapUsd()),
      reservedPicoUsd: this.#cap.reserved,
      aheadPicoUsd: capAheadPicoUsd,
      more,
      callerPays: byok,
      budget: budget && {
        name: budget.name,
        limitPicoUsd: budget.budget.picoUsd,
        reservedPicoUsd: budget.money.reserved,
        aheadPicoUsd: budgetAheadPicoUsd,
      },
    });
    if ("granted" in verdict) {
      for (const { money, aheadPicoUsd } of charged) {
        if (verdict.granted > aheadPicoUsd) money.add(verdict.granted - aheadPicoUsd);
      }
      return;
    }
    if (verdict.short === "lease") throw new GatewayError("PROVIDER_TIMEOUT", "The request's time is over.");
    if (budget === undefined || verdict.short === "spend") throw spendExceeded(startedAtMs);
    const reservedPicoUsd = reservedOf(parseRow(verdict.row), budget.name);
    const spentPicoUsd = sumOf(verdict.row, budgetAttribute(budget.name)) - reservedPicoUsd;
    throw budgetExceeded(budget.budget, { spentPicoUsd, reservedPicoUsd }, startedAtMs);
  }

  async #admit(): Promise<number> {
    const { userId, requestId, startedAtMs, lambdaDeadlineMs, reserve } = this.#options;
    const callerPays = this.#callerPays;
    const budget = this.#budget;
    this.#mayHold = true;
    const verdict = await admit(
      {
        userId,
        requestId,
        day: this.day,
        untilSeconds: Math.ceil(lambdaDeadlineMs / 1_000),
        reserve: callerPays && budget?.counts(true) !== true ? noReserve : reserve,
        capPicoUsd: fromUsd(config.dailySpendCapUsd()),
        maxOpen: config.maxOpenRequests(),
        callerPays,
        budget: budget && { name: budget.name, limitPicoUsd: budget.budget.picoUsd },
        tokens: this.#tokens,
      },
      startedAtMs,
      (orphan) => {
        increment("OrphanedLeases");
        logger.warn("The lease of a killed request was cleared", { requestId: orphan, userId });
      },
    );
    if (!verdict.admitted) {
      this.#mayHold = false;
      throw this.#refusal(verdict);
    }
    const { reservedPicoUsd, providerKeysAdded, key } = verdict;
    if (!callerPays) this.#cap.add(reservedPicoUsd);
    budget?.money.add(reservedPicoUsd);
    this.#key = key;
    if (key?.budgetLeftPicoUsd !== undefined) this.#options.onBudget?.(key.budgetLeftPicoUsd);
    return providerKeysAdded;
  }

  #refusal(verdict: Extract<AdmissionVerdict, { readonly admitted: false }>): GatewayError {
    const { startedAtMs } = this.#options;
    const budget = this.#budget?.budget;
    if (verdict.reason === "user-disabled") return invalidApiKey();
    if (verdict.reason === "spend") return spendExceeded(startedAtMs);
    if (verdict.reason === "open-requests") return openRequestsExceeded();
    if (verdict.reason === "tokens") return tokensExceeded(this.#tokens?.limit ?? 0, verdict, startedAtMs);
    if (budget === undefined) throw new Error("A request without a budget was refused for one");
    increment("BudgetRefusals");
    return budgetExceeded(budget, verdict, startedAtMs);
  }
}

/** The admission of a caller's request. */
export const newAdmission = (
  call: RequestContext,
  { principal }: Caller,
  options: Pick<AdmissionOptions, "reserve" | "callerPays" | "tokens">,
): Admission => {
  const { requestId, startedAtMs, lambdaDeadlineMs } = call;
  const { userId, limits } = principal;
  return new Admission({
    ...options,
    userId,
    limits,
    requestId,
    startedAtMs,
    lambdaDeadlineMs,
    onBudget: (leftPicoUsd) => {
      call.budgetLeftPicoUsd = leftPicoUsd;
    },
  });
};
