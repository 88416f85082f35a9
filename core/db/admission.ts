import * as z from "zod/mini";
import { AwsError } from "#core/aws/json-call.ts";
import { pico } from "./pico.ts";
import { rowKeys, utcDay } from "./row-keys.ts";
import { failedCondition, getItem, type PlainItem, updateItem } from "./table.ts";

/**
 * A user's admission row: the leases of open requests and the money reserved or spent today. Each change is one
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
  readonly reservePicoUsd: bigint;
  readonly capPicoUsd: bigint;
  readonly maxOpen: number;
}

export type AdmissionVerdict =
  | { readonly admitted: true }
  | { readonly admitted: false; readonly reason: "user-disabled" | "spend" }
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

const tryAdmit = async (request: AdmissionRequest, nowSeconds: number): Promise<AdmissionVerdict | "no-row"> => {
  const { userId, requestId, day, reservePicoUsd } = request;
  try {
    await updateItem("keys", rowKeys.admission(userId), "SET #open.#request = :lease ADD #spend :reserve", {
      names: { "#open": "open", "#request": requestId, "#spend": spendAttribute(day) },
      values: {
        ":lease": { until: request.untilSeconds, reserved: reservePicoUsd, day },
        ":reserve": reservePicoUsd,
        ":max": request.maxOpen,
        ":room": request.capPicoUsd - reservePicoUsd,
        ":zero": 0,
      },
      // A reservation of nothing (the user's own provider key) passes whatever was spent.
      condition:
        "attribute_exists(#open) AND attribute_not_exists(disabledAt) AND attribute_not_exists(#open.#request) AND size(#open) < :max AND (:reserve = :zero OR (:room >= :zero AND (attribute_not_exists(#spend) OR #spend <= :room)))",
    });
    return { admitted: true };
  } catch (error) {
    const failed = failedCondition(error);
    if (failed === undefined) throw error;
    const row = parseRow(failed.item);
    if (row.disabledAt !== undefined) return { admitted: false, reason: "user-disabled" };
    if (failed.item?.open === undefined) return "no-row";
    // Our own write got through although its answer was lost, and the second try met it.
    if (row.open[requestId] !== undefined) return { admitted: true };
    const leases = Object.entries(row.open);
    if (leases.length < request.maxOpen) return { admitted: false, reason: "spend" };
    const expired = leases.filter(([, lease]) => lease.until < nowSeconds).map(([id]) => id);
    return { admitted: false, reason: "open-requests", expired };
  }
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
  let verdict = await tryAdmit(request, nowSeconds);
  if (verdict === "no-row") {
    await createRow(request.userId);
    verdict = await tryAdmit(request, nowSeconds);
  }
  if (verdict === "no-row") throw new AwsError("InternalServerError", "The admission row vanished after it was made");
  if (verdict.admitted || verdict.reason !== "open-requests" || verdict.expired.length === 0) return verdict;
  for (const orphan of verdict.expired) {
    onOrphan(orphan);
    await release({ userId: request.userId, requestId: orphan, day: request.day, correctionPicoUsd: 0n });
  }
  const again = await tryAdmit(request, nowSeconds);
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
  readonly morePicoUsd: bigint;
}

/** Reserves more for a stream that outgrew its reserve. False when the cap or the lease's end forbids it. @throws AwsError */
export const reserveMore = async (request: FurtherReservation): Promise<boolean> => {
  const { userId, requestId, day, capPicoUsd, reservedPicoUsd, morePicoUsd } = request;
  const total = reservedPicoUsd + morePicoUsd;
  try {
    await updateItem("keys", rowKeys.admission(userId), "SET #open.#request.reserved = :total ADD #spend :more", {
      names: { "#open": "open", "#request": requestId, "#spend": spendAttribute(day) },
      values: { ":total": total, ":had": reservedPicoUsd, ":more": morePicoUsd, ":room": capPicoUsd - morePicoUsd },
      condition: "#open.#request.reserved = :had AND #spend <= :room",
    });
    return true;
  } catch (error) {
    const failed = failedCondition(error);
    if (failed === undefined) throw error;
    return parseRow(failed.item).open[requestId]?.reserved === total;
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

/** Whether the user asked to stop this request. @throws AwsError */
export const isCancelled = async (userId: string, requestId: string): Promise<boolean> => {
  const row = parseRow(await getItem("keys", rowKeys.admission(userId), { consistent: true }));
  return row.open[requestId]?.cancelled === true;
};
