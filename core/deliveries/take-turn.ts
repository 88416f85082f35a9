import {
  type DeliveryRow,
  dueInLane,
  firstAfterLane,
  laneOf,
  moveDelivery,
  overdueInLane,
} from "#core/db/deliveries.ts";
import { endDeliveryTurn, renewedTurn, type Turn, takeDeliveryTurn } from "#core/db/delivery-turns.ts";
import { logger } from "#core/observability/logger.ts";
import { increment } from "#core/observability/metrics.ts";
import { deliverForMs } from "./backoff.ts";
import { deliver, ended } from "./deliver.ts";
import type { DeliveryOptions } from "./post.ts";

/**
 * One owner's turn: a few deliveries to each of a few destinations, side by side, in a bounded time. A destination that
 * fails ends its part of the turn, so that the owner's others are served.
 */

const maxLanes = 16;
const maxPerLane = 10;
/** Lanes that a turn looks at. An owner with more has them looked at in later turns. */
const maxScanned = 200;
/** Nothing more is begun after this time, ms. */
const beginForMs = 15_000;
/** Nothing more is given up after this time, ms. */
const giveUpForMs = 35_000;
const givenUpAtOnce = 25;
/** How long a worker has the turn, ms: longer than what was begun can take. */
const holdMs = 60_000;
/** A destination that just failed is left alone for this time, ms: no longer than until the first delivery is tried again. */
const restMs = 45_000;

/** First pending rows of lanes, from the one after the last turn's, around to it. */
const lanesOf = async ({ userId, lastLane }: Turn): Promise<{ firsts: readonly DeliveryRow[]; more: boolean }> => {
  const firsts = new Map<string, DeliveryRow>();
  let after = lastLane;
  let wrapped = after === "";
  for (;;) {
    const first = await firstAfterLane(userId, after);
    if (first === undefined) {
      if (wrapped) return { firsts: [...firsts.values()], more: false };
      wrapped = true;
      after = "";
      continue;
    }
    after = laneOf(first.url);
    if (firsts.has(after)) return { firsts: [...firsts.values()], more: false };
    if (firsts.size === maxScanned) return { firsts: [...firsts.values()], more: true };
    firsts.set(after, first);
  }
};

export interface TurnOptions extends DeliveryOptions {
  /** Fires when nothing more may be begun. */
  readonly signal?: AbortSignal;
}

/** What has become of a lane: `late` when the time was over before its part of the turn was done. */
type LaneEnd = "served" | "late" | "failed";

const serveLane = async (userId: string, lane: string, startedAt: number, options: TurnOptions): Promise<LaneEnd> => {
  const nowMs = options.nowMs ?? Date.now();
  for (const row of await dueInLane(userId, lane, nowMs, maxPerLane)) {
    if (options.signal?.aborted === true || performance.now() - startedAt > beginForMs) return "late";
    if (!(await deliver(row, options))) return "failed";
  }
  return "served";
};

/**
 * Gives up what a destination that fails, or is too slow for what it is sent, has kept waiting for the whole time in which a
 * delivery is tried: what waits for one server is a day's deliveries at most. Those that were tried before wait where their next
 * try is due, and end a day after that at the latest.
 */
const giveUpOverdue = async (userId: string, lane: string, startedAt: number, options: TurnOptions): Promise<void> => {
  const nowMs = options.nowMs ?? Date.now();
  let given = 0;
  while (options.signal?.aborted !== true && performance.now() - startedAt <= giveUpForMs) {
    const overdue = await overdueInLane(userId, lane, nowMs - deliverForMs, givenUpAtOnce);
    await Promise.all(overdue.map((row) => moveDelivery(row, ended(row, "dead", nowMs))));
    given += overdue.length;
    if (overdue.length < givenUpAtOnce) break;
  }
  if (given === 0) return;
  increment("DeadDeliveries", given);
  logger.warn("Overdue deliveries of a destination were given up", { userId, lane, given });
};

type Resting = Readonly<Record<string, number>>;

/** When the owner's next turn is due: with its first pending row that goes to no resting destination. */
const nextTurnMs = async (turn: Turn, resting: Resting, nowMs: number): Promise<number | undefined> => {
  const { firsts, more } = await lanesOf(turn);
  const times = firsts.map(({ url, nextTryAt }) => Math.max(nextTryAt, resting[laneOf(url)] ?? 0));
  if (more) times.push(nowMs + restMs);
  return times.length === 0 ? undefined : Math.max(nowMs, Math.min(...times));
};

/** Serves every lane with something due. Resolves to what rests from now on, and to the last lane. */
const serveLanes = async (
  turn: Turn,
  nowMs: number,
  options: TurnOptions,
): Promise<{ readonly resting: Resting; readonly lastLane: string }> => {
  const startedAt = performance.now();
  const { firsts, more } = await lanesOf(turn);
  const resting = Object.fromEntries(Object.entries(turn.resting).filter(([, untilMs]) => untilMs > nowMs));
  const lanes = firsts
    .filter(({ url, nextTryAt }) => nextTryAt <= nowMs && resting[laneOf(url)] === undefined)
    .slice(0, maxLanes)
    .map(({ url }) => laneOf(url));
  await Promise.all(
    lanes.map(async (lane) => {
      const end = await serveLane(turn.userId, lane, startedAt, options);
      if (end === "failed") resting[lane] = nowMs + restMs;
      if (end !== "served") await giveUpOverdue(turn.userId, lane, startedAt, options);
    }),
  );
  const seen = more ? firsts.at(-1) : undefined;
  return { resting, lastLane: lanes.at(-1) ?? (seen === undefined ? turn.lastLane : laneOf(seen.url)) };
};

/** Takes and serves an owner's turn. Resolves to whether there was one. @throws TableUnavailable, AwsError */
export const serveOwner = async (userId: string, options: TurnOptions = {}): Promise<boolean> => {
  const nowMs = options.nowMs ?? Date.now();
  let turn = await takeDeliveryTurn(userId, nowMs, nowMs + holdMs);
  if (turn === undefined) return false;
  const { resting, lastLane } = await serveLanes(turn, nowMs, options);
  while (turn !== undefined) {
    const nextMs = await nextTurnMs({ ...turn, lastLane }, resting, options.nowMs ?? Date.now());
    if (await endDeliveryTurn(turn, { lastLane, resting, nextMs })) break;
    turn = await renewedTurn(turn);
  }
  return true;
};
