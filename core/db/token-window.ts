import { minuteOf, sumOf, tokensAttribute } from "./admission-row.ts";
import type { PlainItem } from "./table.ts";

/**
 * Tokens a minute over a sliding window: those of this minute, and of the minute before as far as the window reaches into it.
 * An expression cannot add, so a write compares each of the two with a part of the limit.
 */

export interface TokenCharge {
  readonly limitsId: string;
  /** What the request may come to. No more than the limit: alone, a larger one may run. */
  readonly tokens: number;
  readonly limit: number;
  /** Unix ms. */
  readonly nowMs: number;
}

const minuteMs = 60_000;

/** How much of the minute before is within the window: 1 at the start of a minute, 0 at its end. */
const weightAt = (ms: number): number => 1 - (ms % minuteMs) / minuteMs;

/** The most that each minute may have for a write to pass. */
export interface TokenRoom {
  readonly before: number;
  readonly now: number;
}

/** Before the row is known: half of the room for either minute. */
export const guessedRoom = ({ tokens, limit, nowMs }: TokenCharge): TokenRoom => {
  const room = limit - tokens;
  const before = Math.floor(room / 2 / Math.max(weightAt(nowMs), 0.001));
  return { before, now: room - Math.ceil(before * weightAt(nowMs)) };
};

const minutes = (item: PlainItem | undefined, { limitsId, nowMs }: TokenCharge): TokenRoom => ({
  before: Math.max(0, Number(sumOf(item, tokensAttribute(limitsId, minuteOf(nowMs) - 1)))),
  now: Math.max(0, Number(sumOf(item, tokensAttribute(limitsId, minuteOf(nowMs))))),
});

/** Tokens within the window, as a row has them. */
export const usedTokens = (item: PlainItem | undefined, charge: TokenCharge): number => {
  const { before, now } = minutes(item, charge);
  return now + Math.floor(before * weightAt(charge.nowMs));
};

/** What a row leaves; undefined where the request does not fit. */
export const roomIn = (item: PlainItem | undefined, charge: TokenCharge): TokenRoom | undefined => {
  const { before } = minutes(item, charge);
  const now = charge.limit - charge.tokens - Math.floor(before * weightAt(charge.nowMs));
  return usedTokens(item, charge) + charge.tokens > charge.limit ? undefined : { before, now };
};

const maxWaitSeconds = 120;

/** Seconds after which the request fits, if nothing else comes. */
export const secondsUntilRoom = (item: PlainItem | undefined, charge: TokenCharge): number => {
  const { before, now } = minutes(item, charge);
  for (let seconds = 1; seconds < maxWaitSeconds; seconds++) {
    const ms = charge.nowMs + seconds * 1_000;
    const passed = minuteOf(ms) - minuteOf(charge.nowMs);
    const used = passed === 0 ? now + before * weightAt(ms) : passed === 1 ? now * weightAt(ms) : 0;
    if (Math.floor(used) + charge.tokens <= charge.limit) return seconds;
  }
  return maxWaitSeconds;
};
