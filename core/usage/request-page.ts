import {
  dayEvents,
  indexedEvents,
  type LoggedEvent,
  ReadBudget,
  type Source,
  type Span,
} from "#core/db/request-log.ts";
import { dayRollups, type RollupSums, readSomeRollups } from "#core/db/rollups.ts";
import { logShards, utcDay } from "#core/db/row-keys.ts";
import type { UsageEvent } from "#core/db/usage-event.ts";
import { GatewayError } from "#core/errors.ts";
import { logger } from "#core/observability/logger.ts";
import type { RequestsQuery } from "#core/schemas/requests.ts";

/**
 * One page of the request log. Filters by key and by errors read partitions of an index; events that were settled before the
 * index listed them are found by day afterwards, on the days whose sums say that there are some. All other filters leave
 * out what was read.
 */

const dayMs = 86_400_000;
/** Days that a page looks at: an empty one costs a call. */
const maxDaysPerPage = 31;

/** Where a page continues. `index`: behind this event. `day`: behind this event of the day, or at the day's newest. */
type Position =
  | { readonly phase: "index"; readonly sk: string }
  | { readonly phase: "day"; readonly day: string; readonly sk: string };

const cursorForm = /^(?:i\.(req_[0-9a-f-]{1,60}#\d{1,6})|d\.(\d{4}-\d\d-\d\d)\.((?:req_[0-9a-f-]{1,60}#\d{1,6})?))$/;

const toCursor = (position: Position): string => {
  const text = position.phase === "index" ? `i.${position.sk}` : `d.${position.day}.${position.sk}`;
  return Buffer.from(text).toString("base64url");
};

const readCursor = (cursor: string): Position => {
  const [whole, indexSk, day, daySk = ""] = cursorForm.exec(Buffer.from(cursor, "base64url").toString()) ?? [];
  if (indexSk !== undefined) return { phase: "index", sk: indexSk };
  if (whole === undefined || day === undefined || Number.isNaN(Date.parse(day))) {
    throw new GatewayError("BAD_REQUEST", "cursor is not the `nextCursor` of a page.", { param: "cursor" });
  }
  return { phase: "day", day, sk: daySk };
};

export interface LogFilter extends Omit<RequestsQuery, "cursor" | "limit"> {
  readonly userId: string;
}

/** An id of this time sorts behind all ids before it. */
const idAt = (ms: number): string => {
  const hex = Math.max(0, Math.floor(ms)).toString(16).padStart(12, "0");
  return `req_${hex.slice(0, 8)}-${hex.slice(8)}`;
};

const hasTag = ({ tags = {} }: UsageEvent, asked: string): boolean => {
  const at = asked.indexOf("=");
  const name = at === -1 ? asked : asked.slice(0, at);
  if (!Object.hasOwn(tags, name)) return false;
  return at === -1 || tags[name] === asked.slice(at + 1);
};

const matches = (event: UsageEvent, { key, model, provider, status, tag }: LogFilter): boolean =>
  (key === undefined || event.keyId === key) &&
  (status === undefined || event.status === status) &&
  (model === undefined || event.model === model || event.askedModel === model) &&
  (provider === undefined || event.provider === provider) &&
  (tag === undefined || hasTag(event, tag));

const errorStatuses: ReadonlySet<string> = new Set(["error", "cancelled", "abandoned"]);

/** The partitions that together list what the filter asks for; none where only days do. */
const shardsOf = ({ userId, key, status }: LogFilter): readonly string[] => {
  if (status === "open") return [];
  if (status !== undefined && errorStatuses.has(status)) return [logShards.errors(userId)];
  if (key === undefined) return [];
  return status === "ok" ? [logShards.key(userId, key)] : [logShards.key(userId, key), logShards.errors(userId)];
};

interface Page {
  readonly events: UsageEvent[];
  readonly limit: number;
  readonly budget: ReadBudget;
}

/** Takes events until the page is full, the source is done, or the budget is. Returns the last event that was looked at. */
const fill = async (
  page: Page,
  next: () => Promise<LoggedEvent | undefined>,
  accepts: (event: UsageEvent) => boolean,
): Promise<{ readonly lastSk: string | undefined; readonly isFull: boolean }> => {
  let lastSk: string | undefined;
  while (page.events.length < page.limit) {
    const found = await next();
    if (found === undefined) return { lastSk, isFull: false };
    lastSk = found.sk;
    if (accepts(found.event)) page.events.push(found.event);
  }
  return { lastSk, isFull: true };
};

/** The newest event of several sources; undefined at their end, and when one of them cannot tell what it has next. */
const newestOf = async (sources: readonly Source[]): Promise<LoggedEvent | undefined> => {
  let newest: { readonly found: LoggedEvent; readonly source: Source } | undefined;
  for (const source of sources) {
    const found = await source.peek();
    if (found === undefined) {
      if (source.isDone) continue;
      return undefined;
    }
    if (newest === undefined || found.sk > newest.found.sk) newest = { found, source };
  }
  newest?.source.take();
  return newest?.found;
};

/** The greatest text below a sort key that no sort key of another event lies above. */
const justBefore = (sk: string): string => {
  const last = sk.charCodeAt(sk.length - 1);
  return `${sk.slice(0, -1)}${String.fromCharCode(last - 1)}~`;
};

const spanOf = ({ fromMs, toMs }: LogFilter, beforeSk: string | undefined): Span => {
  const end = idAt(toMs + 1);
  const before = beforeSk === undefined || beforeSk === "" ? end : justBefore(beforeSk);
  return { after: idAt(fromMs), before: before < end ? before : end };
};

/** Sums that are looked at for all days of a page together; with more, each day is looked at by itself. */
const sumsOfDays = 100;
/** Sums of one call, and bytes of one day's sums that are looked at: what 200 models of one key take. */
const sumsPerCall = 40;
const enoughSumsBytes = 192 * 1_024;

/** Whether sums count matching events that no index lists. */
const holdsUnlisted =
  ({ key, status }: LogFilter) =>
  ({ row, latency }: RollupSums): boolean => {
    const settled = Object.values(latency).reduce((sum, count) => sum + count, 0);
    const concerned =
      (key === undefined || row.keyId === key) && (status === undefined || status === "ok" || row.errors > 0);
    return concerned && settled > row.indexed;
  };

/** The days of a page that hold unlisted events; undefined where there are too many sums to look at together. */
const unlistedDays = async (
  filter: LogFilter,
  days: readonly string[],
  budget: ReadBudget,
): Promise<ReadonlySet<string> | undefined> => {
  const [first = "", last = first] = [days.at(-1), days[0]];
  const { rows, isWhole, capacityUnits } = await readSomeRollups(filter.userId, first, last, sumsOfDays);
  budget.add(capacityUnits);
  return isWhole ? new Set(rows.filter(holdsUnlisted(filter)).map(({ row }) => row.day)) : undefined;
};

/** Whether a day may hold unlisted events: also where it has too many sums to look at. */
const mayHoldUnlisted = async (filter: LogFilter, day: string, budget: ReadBudget): Promise<boolean> => {
  const enough = budget.bytes + enoughSumsBytes;
  for await (const { rows, capacityUnits } of dayRollups(filter.userId, day, filter.key, sumsPerCall)) {
    budget.add(capacityUnits);
    if (rows.some(holdsUnlisted(filter)) || budget.bytes >= enough) return true;
  }
  return false;
};

/** Days from one to another, newest first, at most a page's. */
const daysDown = (from: string, to: string): readonly string[] => {
  const days: string[] = [];
  for (let ms = Date.parse(to); ms >= Date.parse(from) && days.length < maxDaysPerPage; ms -= dayMs)
    days.push(utcDay(ms));
  return days;
};

/** Reads the index's part of a page. Undefined when it is done and the days follow. */
const readIndex = async (page: Page, filter: LogFilter, sk: string | undefined): Promise<Position | undefined> => {
  const sources = shardsOf(filter).map((shard) => indexedEvents(shard, spanOf(filter, sk), page.budget));
  const { lastSk, isFull } = await fill(
    page,
    () => newestOf(sources),
    (event) => matches(event, filter),
  );
  if (!isFull && sources.every(({ isDone }) => isDone)) return undefined;
  return { phase: "index", sk: lastSk ?? sk ?? `${idAt(filter.toMs + 1)}#0` };
};

/** Reads the days' part of a page. Undefined at the end of the log. */
const readDays = async (
  page: Page,
  filter: LogFilter,
  at: { readonly day: string; readonly sk: string },
): Promise<Position | undefined> => {
  const firstDay = utcDay(filter.fromMs);
  const days = daysDown(firstDay, at.day);
  const hasIndex = shardsOf(filter).length > 0;
  const looksAtSums = hasIndex && days.length > 0 && !page.budget.isUsedUp;
  const unlisted = looksAtSums ? await unlistedDays(filter, days, page.budget) : undefined;
  for (const day of days) {
    const beforeSk = day === at.day ? at.sk : "";
    if (page.budget.isUsedUp) return { phase: "day", day, sk: beforeSk };
    if (hasIndex && !(unlisted?.has(day) ?? (await mayHoldUnlisted(filter, day, page.budget)))) continue;
    const source = dayEvents(filter.userId, day, spanOf(filter, beforeSk), page.budget);
    const next = async (): Promise<LoggedEvent | undefined> => {
      const found = await source.peek();
      if (found !== undefined) source.take();
      return found;
    };
    const accepts = (event: UsageEvent) => (!hasIndex || event.openShard === undefined) && matches(event, filter);
    const { lastSk, isFull } = await fill(page, next, accepts);
    if (isFull || !source.isDone) return { phase: "day", day, sk: lastSk ?? beforeSk };
  }
  const last = days.at(-1);
  if (last === undefined || last <= firstDay) return undefined;
  return { phase: "day", day: utcDay(Date.parse(last) - dayMs), sk: "" };
};

const noteUnreadable = (row: string): void => logger.error("A usage row is not readable", { row });

export interface RequestPage {
  readonly events: readonly UsageEvent[];
  /** Undefined at the end of the log. */
  readonly nextCursor: string | undefined;
  /** What was read for it. */
  readonly readBytes: number;
}

/** Reads a page of a user's events, newest first. It may be short, and its cursor goes on. @throws GatewayError, TableUnavailable */
export const readRequestPage = async (
  filter: LogFilter,
  { cursor, limit }: Pick<RequestsQuery, "cursor" | "limit">,
): Promise<RequestPage> => {
  const page: Page = { events: [], limit, budget: new ReadBudget(noteUnreadable) };
  const at = cursor === undefined ? undefined : readCursor(cursor);
  let next: Position | undefined;
  if (shardsOf(filter).length > 0 && at?.phase !== "day") next = await readIndex(page, filter, at?.sk);
  if (next === undefined) {
    const newest = { day: utcDay(filter.toMs), sk: "" };
    const day = at?.phase === "day" ? at : newest;
    if (page.events.length >= limit) next = { phase: "day", ...newest };
    else next = await readDays(page, filter, day.day > newest.day ? newest : day);
  }
  return {
    events: page.events,
    nextCursor: next === undefined ? undefined : toCursor(next),
    readBytes: page.budget.bytes,
  };
};
