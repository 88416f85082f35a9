import { AwsError } from "#core/aws/json-call.ts";
import {
  type AdmissionLease,
  budgetAttribute,
  closedSums,
  minuteOf,
  parseRow,
  pastSpendNames,
  providerKeysAdded,
  reservedOf,
  spendAttribute,
  sumOf,
  tokensAttribute,
} from "./admission-row.ts";
import { firstTry, type Grant, grantOf, grantShares, type Reserve } from "./grant.ts";
import { rowKeys } from "./row-keys.ts";
import {
  type Expression,
  failedCondition,
  getItem,
  type Plain,
  type PlainItem,
  updateAndRead,
  updateItem,
} from "./table.ts";
import { guessedRoom, roomIn, secondsUntilRoom, type TokenCharge, type TokenRoom, usedTokens } from "./token-window.ts";

/**
 * A user's admission row: the leases of open requests, the daily cap's counter (the money reserved or spent today), and the
 * sums of budgets and of tokens a minute. Each change is one conditional write, so all limits hold under concurrency, and each lease is taken and
 * given back exactly once: giving back removes it under the condition that it is still there.
 */

/** A budget of the calling key, in one of its periods. */
export interface BudgetCharge {
  /** `<budget id>#<period>` */
  readonly name: string;
  readonly limitPicoUsd: bigint;
}

export interface AdmissionRequest {
  readonly userId: string;
  readonly requestId: string;
  readonly day: string;
  readonly untilSeconds: number;
  /** Reserved of the cap and of the budget alike. */
  readonly reserve: Reserve;
  readonly capPicoUsd: bigint;
  readonly maxOpen: number;
  /** The user's own provider key pays: nothing is reserved of the cap. */
  readonly callerPays?: boolean;
  readonly budget?: BudgetCharge | undefined;
  readonly tokens?: TokenCharge | undefined;
}

type Refusal =
  | { readonly reason: "user-disabled" }
  | { readonly reason: "spend"; readonly spentPicoUsd: bigint }
  /** Without and with what open requests have reserved. */
  | { readonly reason: "budget"; readonly spentPicoUsd: bigint; readonly reservedPicoUsd: bigint }
  | { readonly reason: "tokens"; readonly usedTokens: number; readonly retryAfterSeconds: number }
  | { readonly reason: "open-requests"; readonly expired: readonly string[] };

/** What the row says of the key's limits after a request was admitted. */
export interface AdmittedKey {
  /** Left of the budget before this request reserved its part, pico-dollars. */
  readonly budgetLeftPicoUsd: bigint | undefined;
  /** Sums that the release removes. */
  readonly closedSums: readonly string[];
}

export type AdmissionVerdict =
  | {
      readonly admitted: true;
      readonly reservedPicoUsd: bigint;
      /** Provider keys that the user ever added. */
      readonly providerKeysAdded: number;
      readonly key?: AdmittedKey;
    }
  | ({ readonly admitted: false } & Refusal);

/** Makes the row, or its map of leases where something else made the row. */
const createRow = (userId: string): Promise<void> =>
  updateItem("keys", rowKeys.admission(userId), "SET #open = if_not_exists(#open, :none)", {
    names: { "#open": "open" },
    values: { ":none": {} },
  });

/** A part of an expression: what is added, and under which condition. */
interface Part {
  readonly add: readonly string[];
  readonly names: Readonly<Record<string, string>>;
  readonly values: PlainItem;
  readonly conditions: readonly string[];
}

const noPart: Part = { add: [], names: {}, values: {}, conditions: [] };

const budgetPart = ({ budget }: AdmissionRequest, { amount, needed }: Grant): Part =>
  budget === undefined
    ? noPart
    : {
        add: ["#budget :budgeted"],
        names: { "#budget": budgetAttribute(budget.name) },
        values: { ":budgeted": amount, ":budgetRoom": budget.limitPicoUsd - needed },
        conditions: [
          "(:budgeted = :zero OR (:budgetRoom >= :zero AND (attribute_not_exists(#budget) OR #budget <= :budgetRoom)))",
        ],
      };

const tokenPart = ({ tokens }: AdmissionRequest, room: TokenRoom | undefined): Part => {
  if (tokens === undefined || room === undefined) return noPart;
  const minute = minuteOf(tokens.nowMs);
  return {
    add: ["#minute :tokens"],
    names: {
      "#minute": tokensAttribute(tokens.limitsId, minute),
      "#before": tokensAttribute(tokens.limitsId, minute - 1),
    },
    values: { ":tokens": tokens.tokens, ":minuteRoom": room.now, ":beforeRoom": room.before },
    conditions: [
      "(attribute_not_exists(#minute) OR #minute <= :minuteRoom)",
      "(attribute_not_exists(#before) OR #before <= :beforeRoom)",
    ],
  };
};

const leaseOf = (request: AdmissionRequest, amount: bigint): Readonly<Record<string, Plain>> => {
  const { untilSeconds: until, day, callerPays = false, budget } = request;
  const lease = { until, reserved: callerPays ? 0n : amount, day };
  return budget === undefined ? lease : { ...lease, budget: budget.name, budgeted: amount };
};

const baseConditions = [
  "attribute_exists(#open)",
  "attribute_not_exists(disabledAt)",
  "attribute_not_exists(#open.#request)",
  "size(#open) < :max",
  // A reservation of nothing (the user's own provider key) passes whatever was spent.
  "(:reserve = :zero OR (:room >= :zero AND (attribute_not_exists(#spend) OR #spend <= :room)))",
];

const admittedKey = ({ budget }: AdmissionRequest, amount: bigint, item: PlainItem, nowMs: number): AdmittedKey => {
  const left = budget && budget.limitPicoUsd - sumOf(item, budgetAttribute(budget.name)) + amount;
  return { budgetLeftPicoUsd: left, closedSums: closedSums(item, nowMs) };
};

const hasLimits = ({ budget, tokens }: AdmissionRequest): boolean => budget !== undefined || tokens !== undefined;

const admittedBy = (
  request: AdmissionRequest,
  reservedPicoUsd: bigint,
  item: PlainItem,
  nowMs: number,
): AdmissionVerdict => ({
  admitted: true,
  reservedPicoUsd,
  providerKeysAdded: Number(item[providerKeysAdded] ?? 0),
  ...(hasLimits(request) ? { key: admittedKey(request, reservedPicoUsd, item, nowMs) } : {}),
});

/** A refused write: the row, and the verdict where no other amount would change it. */
interface Refused {
  readonly item: PlainItem;
  readonly verdict: AdmissionVerdict | undefined;
}

const judgeRow = (request: AdmissionRequest, item: PlainItem | undefined, nowMs: number): Refused | "no-row" => {
  const row = parseRow(item);
  if (row.disabledAt !== undefined) return { item: {}, verdict: { admitted: false, reason: "user-disabled" } };
  if (item?.open === undefined) return "no-row";
  // Our own write got through although its answer was lost, and the second try met it.
  const own = row.open[request.requestId];
  if (own !== undefined) {
    return { item, verdict: admittedBy(request, own.budgeted ?? own.reserved, item, nowMs) };
  }
  const leases = Object.entries(row.open);
  if (leases.length < request.maxOpen) return { item, verdict: undefined };
  const expired = leases.filter(([, lease]) => lease.until < Math.floor(nowMs / 1_000)).map(([id]) => id);
  return { item, verdict: { admitted: false, reason: "open-requests", expired } };
};

const tryAdmit = async (
  request: AdmissionRequest,
  grant: Grant,
  room: TokenRoom | undefined,
  nowMs: number,
): Promise<AdmissionVerdict | Refused | "no-row"> => {
  const { userId, requestId, day, callerPays = false } = request;
  const { amount, needed } = grant;
  const parts = [budgetPart(request, grant), tokenPart(request, room)];
  const update = `SET #open.#request = :lease ADD ${["#spend :reserve, #added :zero", ...parts.flatMap(({ add }) => add)].join(", ")}`;
  const expression: Expression = {
    names: Object.assign(
      { "#open": "open", "#request": requestId, "#spend": spendAttribute(day), "#added": providerKeysAdded },
      ...parts.map(({ names }) => names),
    ),
    values: Object.assign(
      {
        ":lease": leaseOf(request, amount),
        ":reserve": callerPays ? 0n : amount,
        ":max": request.maxOpen,
        ":room": request.capPicoUsd - needed,
        ":zero": 0,
      },
      ...parts.map(({ values }) => values),
    ),
    condition: [...baseConditions, ...parts.flatMap(({ conditions }) => conditions)].join(" AND "),
  };
  try {
    // Without limits only what the write touches matters, and adding nothing to the count returns it.
    const returned = hasLimits(request) ? "ALL_NEW" : "UPDATED_NEW";
    const item = await updateAndRead("keys", rowKeys.admission(userId), update, expression, returned);
    return admittedBy(request, amount, item, nowMs);
  } catch (error) {
    const failed = failedCondition(error);
    if (failed === undefined) throw error;
    return judgeRow(request, failed.item, nowMs);
  }
};

/** What is left of the cap and of the budget, as a row that refused a write has them. Undefined where one does not count. */
const leftIn = (item: PlainItem, request: AdmissionRequest) => {
  const { callerPays = false, capPicoUsd, day, budget } = request;
  return {
    ofCap: callerPays ? undefined : capPicoUsd - sumOf(item, spendAttribute(day)),
    ofBudget: budget === undefined ? undefined : budget.limitPicoUsd - sumOf(item, budgetAttribute(budget.name)),
  };
};

/** The smallest of the amounts that are known. */
export const smallest = (...amounts: readonly (bigint | undefined)[]): bigint | undefined =>
  amounts.reduce((left, right) => (left === undefined || (right !== undefined && right < left) ? right : left));

/** Why a row has no room for a request. The budget comes first: no other payer helps where it counts all of them. */
const refusalFor = (request: AdmissionRequest, item: PlainItem): AdmissionVerdict => {
  const { budget, reserve, day } = request;
  const { ofBudget } = leftIn(item, request);
  if (budget === undefined || ofBudget === undefined || ofBudget >= reserve.leastPicoUsd) {
    return { admitted: false, reason: "spend", spentPicoUsd: sumOf(item, spendAttribute(day)) };
  }
  const reservedPicoUsd = reservedOf(parseRow(item), budget.name);
  const spentPicoUsd = sumOf(item, budgetAttribute(budget.name)) - reservedPicoUsd;
  return { admitted: false, reason: "budget", spentPicoUsd, reservedPicoUsd };
};

/** Asks for the whole amount, then for what the row that refused it leaves room for. */
const tryGrants = async (request: AdmissionRequest, nowMs: number): Promise<AdmissionVerdict | "no-row"> => {
  const { reserve, tokens } = request;
  const guess = tokens === undefined ? undefined : guessedRoom(tokens);
  let result = await tryAdmit(request, firstTry(reserve), guess, nowMs);
  for (const share of grantShares) {
    if (result === "no-row" || "admitted" in result) return result;
    const { item, verdict } = result;
    if (verdict !== undefined) return verdict;
    const room = tokens === undefined ? undefined : roomIn(item, tokens);
    if (tokens !== undefined && room === undefined) {
      const retryAfterSeconds = secondsUntilRoom(item, tokens);
      return { admitted: false, reason: "tokens", usedTokens: usedTokens(item, tokens), retryAfterSeconds };
    }
    const { ofCap, ofBudget } = leftIn(item, request);
    const left = reserve.picoUsd === 0n ? 0n : (smallest(ofCap, ofBudget) ?? reserve.picoUsd * 2n);
    const grant = grantOf(reserve, left, share);
    if (grant === undefined) return refusalFor(request, item);
    result = await tryAdmit(request, grant, room, nowMs);
  }
  if (result === "no-row" || "admitted" in result) return result;
  return result.verdict ?? refusalFor(request, result.item);
};

/**
 * Takes a place and reserves money, or says why not. Leases of requests that cannot be running any more (killed functions)
 * are cleared on the way, their reservation stays charged as the estimate. @throws AwsError
 */
export const admit = async (
  request: AdmissionRequest,
  nowMs: number,
  onOrphan: (requestId: string) => void,
): Promise<AdmissionVerdict> => {
  let verdict = await tryGrants(request, nowMs);
  if (verdict === "no-row") {
    await createRow(request.userId);
    verdict = await tryGrants(request, nowMs);
  }
  if (verdict === "no-row") throw new AwsError("InternalServerError", "The admission row vanished after it was made");
  if (verdict.admitted || verdict.reason !== "open-requests" || verdict.expired.length === 0) return verdict;
  for (const orphan of verdict.expired) {
    onOrphan(orphan);
    await release({ userId: request.userId, requestId: orphan, day: request.day, correctionPicoUsd: 0n });
  }
  const again = await tryGrants(request, nowMs);
  return again === "no-row" ? verdict : again;
};

export interface Release {
  readonly userId: string;
  readonly requestId: string;
  /** The day of the lease. */
  readonly day: string;
  /** True cost less what was reserved, pico-dollars; negative gives money back. */
  readonly correctionPicoUsd: bigint;
  /** The same of the key's budget. */
  readonly budget?: { readonly name: string; readonly correctionPicoUsd: bigint } | undefined;
  /** True tokens less those reserved, in the attribute of their minute. */
  readonly tokens?: { readonly attribute: string; readonly correction: number } | undefined;
  /** Sums whose time is over. */
  readonly closedSums?: readonly string[];
}

/** Gives a place back and settles its money. False when that was done before. @throws AwsError */
export const release = async (settled: Release): Promise<boolean> => {
  const { userId, requestId, day, correctionPicoUsd, budget, tokens, closedSums: closed = [] } = settled;
  const added = [
    [spendAttribute(day), correctionPicoUsd],
    ...(budget === undefined ? [] : [[budgetAttribute(budget.name), budget.correctionPicoUsd] as const]),
    ...(tokens === undefined ? [] : [[tokens.attribute, tokens.correction] as const]),
  ] as const;
  const kept = new Set<string>(added.map(([attribute]) => attribute));
  const past = [...new Set([...pastSpendNames(day), ...closed])].filter((attribute) => !kept.has(attribute));
  const remove = ["#open.#request", ...past.map((_, index) => `#past${index}`)].join(", ");
  const add = added.map((_, index) => `#sum${index} :sum${index}`).join(", ");
  try {
    await updateItem("keys", rowKeys.admission(userId), `REMOVE ${remove} ADD ${add}`, {
      names: {
        "#open": "open",
        "#request": requestId,
        ...Object.fromEntries(past.map((attribute, index) => [`#past${index}`, attribute])),
        ...Object.fromEntries(added.map(([attribute], index) => [`#sum${index}`, attribute])),
      },
      values: Object.fromEntries(added.map(([, correction], index) => [`:sum${index}`, correction])),
      // The sum of a budget that is gone must not come back, below zero.
      condition: `attribute_exists(#open.#request)${budget === undefined ? "" : " AND attribute_exists(#sum1)"}`,
    });
    return true;
  } catch (error) {
    const failed = failedCondition(error);
    if (failed === undefined) throw error;
    const isHeld = parseRow(failed.item).open[requestId] !== undefined;
    return budget !== undefined && isHeld ? release({ ...settled, budget: undefined }) : false;
  }
};

/** Marks a running request of this user as cancelled. False when the user has no such request. @throws AwsError */
export const markCancelled = async (userId: string, requestId: string): Promise<boolean> => {
  try {
    await updateItem("keys", rowKeys.admission(userId), "SET #open.#request.cancelled = :true", {
      names: { "#open": "open", "#request": requestId },
      values: { ":true": true },
      condition: "attribute_exists(#open.#request)",
    });
    return true;
  } catch (error) {
    if (failedCondition(error) !== undefined) return false;
    throw error;
  }
};

/** A user's admission row, as it is now. @throws AwsError */
export const readAdmission = async (userId: string): Promise<PlainItem> =>
  (await getItem("keys", rowKeys.admission(userId), { consistent: true })) ?? {};

/** The lease of a running request, or undefined. @throws AwsError */
export const findLease = async (userId: string, requestId: string): Promise<AdmissionLease | undefined> =>
  parseRow(await readAdmission(userId)).open[requestId];

/** Whether the user asked to stop this request. @throws AwsError */
export const isCancelled = async (userId: string, requestId: string): Promise<boolean> =>
  (await findLease(userId, requestId))?.cancelled === true;
