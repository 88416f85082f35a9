import { type AdmissionRequest, type BudgetCharge, smallest } from "./admission.ts";
import { budgetAttribute, parseRow, spendAttribute, sumOf } from "./admission-row.ts";
import { firstTry, type Grant, grantOf, grantShares, type Reserve } from "./grant.ts";
import { rowKeys } from "./row-keys.ts";
import { failedCondition, type PlainItem, updateItem } from "./table.ts";

/** Reserves more for a request that is running: for a call after the first, or one that another key pays for. */

export interface FurtherReservation extends Pick<AdmissionRequest, "userId" | "requestId" | "day" | "capPicoUsd"> {
  /** What the lease holds before. The condition on it keeps a try whose answer was lost from reserving twice. */
  readonly reservedPicoUsd: bigint;
  readonly more: Reserve;
  /** What the request still has of the cap, over what it has of the budget: so much less is taken. */
  readonly aheadPicoUsd?: bigint;
  /** The user's own provider key pays: nothing more is reserved of the cap. */
  readonly callerPays?: boolean;
  /** The same of the budget. */
  readonly budget?: (BudgetCharge & { readonly reservedPicoUsd: bigint; readonly aheadPicoUsd?: bigint }) | undefined;
}

const positive = (amount: bigint): bigint => (amount > 0n ? amount : 0n);

/** One write's expression: each sum gets what it is not ahead by. */
const further = (request: FurtherReservation, { amount, needed }: Grant) => {
  const { requestId, day, capPicoUsd, reservedPicoUsd, callerPays = false, aheadPicoUsd = 0n, budget } = request;
  const more = callerPays ? 0n : positive(amount - aheadPicoUsd);
  const total = reservedPicoUsd + more;
  const budgetMore = positive(amount - (budget?.aheadPicoUsd ?? 0n));
  const budgetTotal = (budget?.reservedPicoUsd ?? 0n) + budgetMore;
  const conditions = ["#open.#request.reserved = :had"];
  if (!callerPays) conditions.push("#spend <= :room");
  if (budget !== undefined) conditions.push("#open.#request.budgeted = :budgetHad", "#budget <= :budgetRoom");
  return {
    total,
    budgetTotal,
    update: [
      `SET #open.#request.reserved = :total${budget === undefined ? "" : ", #open.#request.budgeted = :budgetTotal"}`,
      `ADD #spend :more${budget === undefined ? "" : ", #budget :budgetMore"}`,
    ].join(" "),
    names: {
      "#open": "open",
      "#request": requestId,
      "#spend": spendAttribute(day),
      ...(budget === undefined ? {} : { "#budget": budgetAttribute(budget.name) }),
    },
    values: {
      ":total": total,
      ":had": reservedPicoUsd,
      ":more": more,
      ...(callerPays ? {} : { ":room": capPicoUsd - positive(needed - aheadPicoUsd) }),
      ...(budget === undefined
        ? {}
        : {
            ":budgetTotal": budgetTotal,
            ":budgetHad": budget.reservedPicoUsd,
            ":budgetMore": budgetMore,
            ":budgetRoom": budget.limitPicoUsd - positive(needed - (budget.aheadPicoUsd ?? 0n)),
          }),
    },
    condition: conditions.join(" AND "),
  };
};

/**
 * What came of asking for more: an amount, or what a refused request may still get, and of what there is too little: of the cap,
 * of the budget, or of the request's time, as its lease is gone.
 */
export type MoreVerdict =
  | { readonly granted: bigint }
  | { readonly leftPicoUsd: bigint; readonly short: "spend" | "budget" | "lease"; readonly row: PlainItem };

const tryReserveMore = async (request: FurtherReservation, grant: Grant): Promise<MoreVerdict> => {
  const { userId, requestId, day, capPicoUsd, reservedPicoUsd, budget, callerPays = false } = request;
  // Nothing counts it any more: its budget is gone, and the caller's own key pays.
  if (callerPays && budget === undefined) return { granted: grant.amount };
  const { total, budgetTotal, update, ...expression } = further(request, grant);
  try {
    await updateItem("keys", rowKeys.admission(userId), update, expression);
    return { granted: grant.amount };
  } catch (error) {
    const failed = failedCondition(error);
    if (failed === undefined) throw error;
    const row = failed.item ?? {};
    const lease = parseRow(row).open[requestId];
    const isDone = lease?.reserved === total && (budget === undefined || lease.budgeted === budgetTotal);
    if (isDone) return { granted: grant.amount };
    const isOurs =
      lease?.reserved === reservedPicoUsd && (budget === undefined || lease.budgeted === budget.reservedPicoUsd);
    // A lease that is gone, or was cleared as an orphan's, gets nothing more.
    if (!isOurs) return { leftPicoUsd: 0n, short: "lease", row };
    // The budget was removed while the request runs: only the cap is left to hold it.
    if (budget !== undefined && row[budgetAttribute(budget.name)] === undefined) {
      return tryReserveMore({ ...request, budget: undefined }, grant);
    }
    const ofCap = callerPays ? undefined : capPicoUsd - sumOf(row, spendAttribute(day)) + (request.aheadPicoUsd ?? 0n);
    const ofBudget =
      budget === undefined
        ? undefined
        : budget.limitPicoUsd - sumOf(row, budgetAttribute(budget.name)) + (budget.aheadPicoUsd ?? 0n);
    const short = ofBudget !== undefined && (ofCap === undefined || ofBudget < ofCap) ? "budget" : "spend";
    return { leftPicoUsd: smallest(ofCap, ofBudget) ?? 0n, short, row };
  }
};

/** Reserves more for a call after the first, or says of what there is too little. @throws AwsError */
export const reserveMore = async (request: FurtherReservation): Promise<MoreVerdict> => {
  let result = await tryReserveMore(request, firstTry(request.more));
  for (const share of grantShares) {
    if ("granted" in result) break;
    const grant = grantOf(request.more, result.leftPicoUsd, share);
    if (grant === undefined) break;
    result = await tryReserveMore(request, grant);
  }
  return result;
};
