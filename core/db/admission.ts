import * as z from "zod/mini";
import { AwsError } from "#core/aws/json-call.ts";
import { firstTry, type Grant, grantOf, grantShares, type Reserve } from "./grant.ts";
import { pico } from "./pico.ts";
import { rowKeys, utcDay } from "./row-keys.ts";
import { failedCondition, getItem, type PlainItem, updateItem } from "./table.ts";

/**
 * A user's admission row: the leases of open requests and the daily cap's counter, the money reserved or spent today. Each change is one
 * conditional write, so both caps hold under concurrency, and each lease is taken and given back exactly once:
 * giving back removes it under the condition that it is still there.
 */

const leaseSchema = z.object({
  /** Unix seconds after which the request cannot be running any more. */
  until: z.number(),
  /** Reserved, pico-dollars. */
  reserved: pico,
  /** UTC day that the reservation is booked on. */
  day: z.string(),
  cancelled: z.optional(z.boolean()),
});

const admissionRowSchema = z.looseObject({
  open: z._default(z.record(z.string(), leaseSchema), {}),
  disabledAt: z.optional(z.number()),
});

export type AdmissionLease = z.infer<typeof leaseSchema>;

export interface AdmissionRequest {
  readonly userId: string;
  readonly requestId: string;
  readonly day: string;
  readonly untilSeconds: number;
  readonly reserve: Reserve;
  readonly capPicoUsd: bigint;
  readonly maxOpen: number;
}

export type AdmissionVerdict =
  | { readonly admitted: true; readonly reservedPicoUsd: bigint }
  | { readonly admitted: false; readonly reason: "user-disabled" }
  | { readonly admitted: false; readonly reason: "spend"; readonly spentPicoUsd: bigint }
  | { readonly admitted: false; readonly reason: "open-requests"; readonly expired: readonly string[] };

/** Attribute of a day's spend, reservations included, pico-dollars. */
export const spendAttribute = (day: string): string => `spend#${day}`;

const dayMs = 86_400_000;
const pastDays = [2, 3, 4, 5, 6, 7, 8];

/** The spend of days that no open request can be booked on any more. Kept, it would make the row, and each write, dearer for ever. */
const pastSpendNames = (day: string): Record<string, string> =>
  Object.fromEntries(
    pastDays.map((days) => [`#past${days}`, spendAttribute(utcDay(Date.parse(day) - days * dayMs))] as const),
  );

/** Makes the row, or its map of leases where something else made the row. */
const createRow = (userId: string): Promise<void> =>
  updateItem("keys", rowKeys.admission(userId), "SET #open = if_not_exists(#open, :none)", {
    names: { "#open": "open" },
    values: { ":none": {} },
  });

const parseRow = (item: PlainItem | undefined): z.infer<typeof admissionRowSchema> =>
  admissionRowSchema.parse(item ?? {});

/** The day's spend in a row that refused a write, reservations included. */
const spentOn = (day: string, item: PlainItem | undefined): bigint => {
  const spent = item?.[spendAttribute(day)];
  return typeof spent === "number" || typeof spent === "bigint" ? BigInt(spent) : 0n;
};

const tryAdmit = async (
  request: AdmissionRequest,
  { amount, needed }: Grant,
  nowSeconds: number,
): Promise<AdmissionVerdict | "no-row"> => {
  const { userId, requestId, day } = request;
  try {
    await updateItem("keys", rowKeys.admission(userId), "SET #open.#request = :lease ADD #spend :reserve", {
      names: { "#open": "open", "#request": requestId, "#spend": spendAttribute(day) },
      values: {
        ":lease": { until: request.untilSeconds, reserved: amount, day },
        ":reserve": amount,
        ":max": request.maxOpen,
        ":room": request.capPicoUsd - needed,
        ":zero": 0,
      },
      // A reservation of nothing (the user's own provider key) passes whatever was spent.
      condition:
        "attribute_exists(#open) AND attribute_not_exists(disabledAt) AND attribute_not_exists(#open.#request) AND size(#open) < :max AND (:reserve = :zero OR (:room >= :zero AND (attribute_not_exists(#spend) OR #spend <= :room)))",
    });
    return { admitted: true, reservedPicoUsd: amount };
  } catch (error) {
    const failed = failedCondition(error);
    if (failed === undefined) throw error;
    const row = parseRow(failed.item);
    if (row.disabledAt !== undefined) return { admitted: false, reason: "user-disabled" };
    if (failed.item?.open === undefined) return "no-row";
    // Our own write got through although its answer was lost, and the second try met it.
    const own = row.open[requestId];
    if (own !== undefined) return { admitted: true, reservedPicoUsd: own.reserved };
    const leases = Object.entries(row.open);
    if (leases.length < request.maxOpen) {
      return { admitted: false, reason: "spend", spentPicoUsd: spentOn(day, failed.item) };
    }
    const expired = leases.filter(([, lease]) => lease.until < nowSeconds).map(([id]) => id);
    return { admitted: false, reason: "open-requests", expired };
  }
};

/** Asks for the whole amount, then for what the row that refused it leaves room for. */
const tryGrants = async (request: AdmissionRequest, nowSeconds: number): Promise<AdmissionVerdict | "no-row"> => {
  let verdict = await tryAdmit(request, firstTry(request.reserve), nowSeconds);
  for (const share of grantShares) {
    if (verdict === "no-row" || verdict.admitted || verdict.reason !== "spend") break;
    const grant = grantOf(request.reserve, request.capPicoUsd - verdict.spentPicoUsd, share);
    if (grant === undefined) break;
    verdict = await tryAdmit(request, grant, nowSeconds);
  }
  return verdict;
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
  const nowSeconds = Math.floor(nowMs / 1_000);
  let verdict = await tryGrants(request, nowSeconds);
  if (verdict === "no-row") {
    await createRow(request.userId);
    verdict = await tryGrants(request, nowSeconds);
  }
  if (verdict === "no-row") throw new AwsError("InternalServerError", "The admission row vanished after it was made");
  if (verdict.admitted || verdict.reason !== "open-requests" || verdict.expired.length === 0) return verdict;
  for (const orphan of verdict.expired) {
    onOrphan(orphan);
    await release({ userId: request.userId, requestId: orphan, day: request.day, correctionPicoUsd: 0n });
  }
  const again = await tryGrants(request, nowSeconds);
  return again === "no-row" ? verdict : again;
};

export interface Release {
  readonly userId: string;
  readonly requestId: string;
  /** The day of the lease. */
  readonly day: string;
  /** True cost less what was reserved, pico-dollars; negative gives money back. */
  readonly correctionPicoUsd: bigint;
}

/** Gives a place back and settles its money. False when that was done before. @throws AwsError */
export const release = async ({ userId, requestId, day, correctionPicoUsd }: Release): Promise<boolean> => {
  try {
    const past = pastSpendNames(day);
    const remove = ["#open.#request", ...Object.keys(past)].join(", ");
    await updateItem("keys", rowKeys.admission(userId), `REMOVE ${remove} ADD #spend :correction`, {
      names: { "#open": "open", "#request": requestId, "#spend": spendAttribute(day), ...past },
      values: { ":correction": correctionPicoUsd },
      condition: "attribute_exists(#open.#request)",
    });
    return true;
  } catch (error) {
    if (failedCondition(error) !== undefined) return false;
    throw error;
  }
};

export interface FurtherReservation extends Pick<AdmissionRequest, "userId" | "requestId" | "day" | "capPicoUsd"> {
  /** What the lease holds before. The condition on it keeps a try whose answer was lost from reserving twice. */
  readonly reservedPicoUsd: bigint;
  readonly more: Reserve;
}

const tryReserveMore = async (
  request: FurtherReservation,
  { amount, needed }: Grant,
): Promise<{ readonly granted: bigint } | { readonly spentPicoUsd: bigint }> => {
  const { userId, requestId, day, capPicoUsd, reservedPicoUsd } = request;
  const total = reservedPicoUsd + amount;
  try {
    await updateItem("keys", rowKeys.admission(userId), "SET #open.#request.reserved = :total ADD #spend :more", {
      names: { "#open": "open", "#request": requestId, "#spend": spendAttribute(day) },
      values: { ":total": total, ":had": reservedPicoUsd, ":more": amount, ":room": capPicoUsd - needed },
      condition: "#open.#request.reserved = :had AND #spend <= :room",
    });
    return { granted: amount };
  } catch (error) {
    const failed = failedCondition(error);
    if (failed === undefined) throw error;
    const lease = parseRow(failed.item).open[requestId];
    if (lease?.reserved === total) return { granted: amount };
    // A lease that is gone, or was cleared as an orphan's, gets nothing more.
    return { spentPicoUsd: lease?.reserved === reservedPicoUsd ? spentOn(day, failed.item) : capPicoUsd };
  }
};

/** Reserves more for a call after the first. Undefined when the cap or the lease's end forbids it. @throws AwsError */
export const reserveMore = async (request: FurtherReservation): Promise<bigint | undefined> => {
  let result = await tryReserveMore(request, firstTry(request.more));
  for (const share of grantShares) {
    if ("granted" in result) break;
    const grant = grantOf(request.more, request.capPicoUsd - result.spentPicoUsd, share);
    if (grant === undefined) break;
    result = await tryReserveMore(request, grant);
  }
  return "granted" in result ? result.granted : undefined;
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

/** The lease of a running request, or undefined. @throws AwsError */
export const findLease = async (userId: string, requestId: string): Promise<AdmissionLease | undefined> =>
  parseRow(await getItem("keys", rowKeys.admission(userId), { consistent: true })).open[requestId];

/** Whether the user asked to stop this request. @throws AwsError */
export const isCancelled = async (userId: string, requestId: string): Promise<boolean> =>
  (await findLease(userId, requestId))?.cancelled === true;
