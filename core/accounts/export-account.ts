import * as z from "zod";
import { toUsd } from "#core/catalog/cost.ts";
import { openContent } from "#core/content/read-content.ts";
import { eventsOfDay, type RowKind, readSome, rowKinds } from "#core/db/account-export.ts";
import { deliverySchema } from "#core/db/deliveries.ts";
import { jobRowSchema } from "#core/db/jobs.ts";
import { arenaRunSchema } from "#core/db/rating-rows.ts";
import { toRatings } from "#core/db/rating-sums.ts";
import { sealedRowSchema } from "#core/db/recorded-content.ts";
import { type RollupRow, rollupRowSchema, type TagRow, tagRowSchema } from "#core/db/rollup-sums.ts";
import { utcDay } from "#core/db/row-keys.ts";
import { usageEventSchema } from "#core/db/usage-event.ts";
import { keepSeconds } from "#core/db/usage-events.ts";
import { deliveryView } from "#core/deliveries/delivery-view.ts";
import { GatewayError } from "#core/errors.ts";
import { showExports } from "#core/exports/manage.ts";
import { jobView } from "#core/jobs/job-view.ts";
import { listKeys } from "#core/keys/keys.ts";
import { logger } from "#core/observability/logger.ts";
import { showPresets } from "#core/presets/manage.ts";
import { showProviderKeys } from "#core/provider-keys/provider-keys.ts";
import { requestView } from "#core/usage/request-view.ts";
import { toJsonText } from "#core/values/json-text.ts";

/**
 * An account's data as JSON lines, page by page. The last line of a page has the cursor of the next, so an interrupted export can
 * continue, and no copy of the data is stored (decision 0014). The views that the lines are made of contain no secrets.
 */

const dayMs = 86_400_000;
/** No further call is made once this much was read, bytes. A call reads 1 MB at most, and an answer holds 6 MB. */
const enoughBytes = 1_048_576;
/** Days that a page looks at: an empty one costs a call. */
const maxDaysPerPage = 150;

/** A line: its type, and members of their own. */
type Line = Readonly<Record<string, unknown>> & { readonly type: string };

const costs = ({ costPicoUsd, byokCostPicoUsd }: RollupRow | TagRow) => ({
  costUsd: toUsd(costPicoUsd + byokCostPicoUsd),
  byokCostUsd: toUsd(byokCostPicoUsd),
});

/** The sums of a row without what only the gateway uses. */
const sumsView = <Row extends RollupRow | TagRow>(row: Row) => {
  const internal = /^(?:pk|sk|expiresAt|indexed|costPicoUsd|byokCostPicoUsd|latency\d+)$/;
  return { ...Object.fromEntries(Object.entries(row).filter(([name]) => !internal.test(name))), ...costs(row) };
};

interface Section {
  readonly kind: (userId: string) => RowKind;
  /** Undefined for a row that is too old. */
  readonly line: (
    item: Record<string, unknown>,
    nowMs: number,
    userId: string,
  ) => Line | undefined | Promise<Line | undefined>;
}

const deliveryLine = (item: Record<string, unknown>): Line => ({
  type: "delivery",
  ...deliveryView(deliverySchema.parse(item)),
});

/** A run of the arena, and the user's vote on it. */
const arenaRunLine = (item: Record<string, unknown>): Line => {
  const { userId: _, startedAt, vote, ...run } = arenaRunSchema.parse(item);
  const votedAt = vote === undefined ? null : new Date(vote.at).toISOString();
  return {
    type: "arena_run",
    ...run,
    startedAt: new Date(startedAt).toISOString(),
    vote: vote === undefined ? null : { winner: vote.winner, at: votedAt },
  };
};

const votes = (milli: number): number => milli / 1_000;

/** The sums of votes from which the account's ratings are computed, by pair: of the first model over the second, and back. */
const ratingsLine = (item: Record<string, unknown>, nowMs: number): Line => {
  const { share, people, panels, models, pairs } = toRatings(item, nowMs);
  return {
    type: "ratings",
    share,
    votes: { people, models: panels },
    pairs: pairs.map(([i, j, ...sums]) => {
      const [first, second, panelsFirst, panelsSecond] = sums;
      return {
        models: [models[i]?.name ?? null, models[j]?.name ?? null],
        people: [votes(first), votes(second)],
        fights: [votes(panelsFirst), votes(panelsSecond)],
      };
    }),
  };
};

/** What a key has recorded of a generation. */
const contentLine = async (item: Record<string, unknown>, nowMs: number, userId: string): Promise<Line | undefined> => {
  const row = sealedRowSchema.parse(item);
  if (row.expiresAt * 1_000 <= nowMs) return undefined;
  const [, requestId = "", generation] = row.sk.split("#");
  const content = await openContent({ userId, requestId, generation: Number(generation) }, row);
  if (content === undefined) return { type: "unreadable", row: row.sk };
  const expiresAt = new Date(row.expiresAt * 1_000).toISOString();
  return { type: "content", requestId, generation: Number(generation), expiresAt, ...content };
};

/** What lies in one partition each, in the order of the export. The requests follow, day by day. */
const sections: readonly Section[] = [
  {
    kind: rowKinds.jobs,
    line: (item, nowMs) => ({ type: "job", ...jobView(jobRowSchema.parse(item), nowMs) }),
  },
  { kind: rowKinds.pendingDeliveries, line: deliveryLine },
  { kind: rowKinds.endedDeliveries, line: deliveryLine },
  {
    kind: rowKinds.dailyUsage,
    line: (item) => ({ type: "daily_usage", ...sumsView(rollupRowSchema.parse(item)) }),
  },
  { kind: rowKinds.arenaRuns, line: arenaRunLine },
  { kind: rowKinds.tagUsage, line: (item) => ({ type: "tag_usage", ...sumsView(tagRowSchema.parse(item)) }) },
  { kind: rowKinds.ratings, line: ratingsLine },
  { kind: rowKinds.content, line: contentLine },
];

const requestLine = (item: Record<string, unknown>): Line => ({
  type: "request",
  ...requestView(usageEventSchema.parse(item)),
});

/** Where a page continues: in a section after a sort key, or within a day's requests. */
const positionSchema = z.union([
  z.strictObject({
    section: z
      .int()
      .min(0)
      .max(sections.length - 1),
    after: z.string().optional(),
  }),
  z.strictObject({ day: z.iso.date(), after: z.string().optional() }),
]);
type Position = z.infer<typeof positionSchema>;

const toCursor = (position: Position): string => Buffer.from(JSON.stringify(position)).toString("base64url");

const wrongCursor = (): GatewayError =>
  new GatewayError("BAD_REQUEST", "cursor is not the `cursor` of a page's last line.", { param: "cursor" });

const readCursor = (cursor: string): Position => {
  try {
    return positionSchema.parse(JSON.parse(Buffer.from(cursor, "base64url").toString()));
  } catch {
    throw wrongCursor();
  }
};

/** Of a sort key. Source: Amazon DynamoDB developer guide, "Constraints". */
const maxKeyBytes = 1_024;

/** DynamoDB refuses a start outside of what is read, such as a forged cursor names. @throws GatewayError BAD_REQUEST */
const requireWithin = ({ prefix }: RowKind, after: string | undefined): void => {
  if (after === undefined || (after.startsWith(prefix) && Buffer.byteLength(after) <= maxKeyBytes)) return;
  throw wrongCursor();
};

/** Whose data it is. */
export interface Exported {
  readonly userId: string;
  readonly email: string | undefined;
}

/** Lines about the account, its keys and its exports: all on the first page. */
const firstLines = async ({ userId, email }: Exported, nowMs: number): Promise<readonly Line[]> => {
  const [keys, providerKeys, presets, targets] = await Promise.all([
    listKeys(userId, nowMs),
    showProviderKeys(userId),
    showPresets(userId),
    showExports(userId),
  ]);
  return [
    { type: "account", userId, email: email ?? null, exportedAt: new Date(nowMs).toISOString() },
    ...keys.map((key) => ({ type: "api_key", ...key })),
    ...providerKeys.map((key) => ({ type: "provider_key", ...key })),
    ...presets.map((preset) => ({ type: "preset", ...preset })),
    ...targets.map(({ kind, ...target }) => ({ type: "export", kind, ...target })),
  ];
};

/** Whether a schema refused a row: zod, zod/mini and rows of ratings throw errors of different names. */
const isUnreadable = (error: unknown): boolean =>
  error instanceof Error && /^(?:\$?ZodError|UnreadableRow)$/.test(error.name);

class Page {
  readonly lines: Line[] = [];
  readonly nowMs: number;
  #bytes = 0;

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  get isFull(): boolean {
    return this.#bytes >= enoughBytes;
  }

  /** Adds rows of a kind until the page is full. Resolves to the sort key after which to go on; undefined at the end. */
  async add(
    userId: string,
    kind: RowKind,
    after: string | undefined,
    line: Section["line"],
  ): Promise<string | undefined> {
    requireWithin(kind, after);
    let start = after;
    do {
      const { items, next, readBytes } = await readSome(kind, start);
      this.#bytes += readBytes;
      for (const item of items) await this.#addLine(userId, item, line);
      start = next;
    } while (start !== undefined && !this.isFull);
    return start;
  }

  /** A row that cannot be read is named and left out: it must not end the export of all others. */
  async #addLine(userId: string, item: Record<string, unknown>, line: Section["line"]): Promise<void> {
    try {
      const made = await line(item, this.nowMs, userId);
      if (made === undefined) return;
      this.lines.push(made);
      // A sealed row is compressed.
      if (item.sealed !== undefined) this.#bytes += toJsonText(made).length;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      logger.error("A row of an account cannot be exported", { row: String(item.sk) });
      this.lines.push({ type: "unreadable", row: String(item.sk) });
    }
  }
}

/** The oldest day whose requests are kept. */
const oldestDay = (nowMs: number): string => utcDay(nowMs - keepSeconds * 1_000 - dayMs);

/** Adds requests of days, oldest first. Resolves to where to go on; undefined at the end. */
const addDays = async (page: Page, userId: string, from: string, after?: string): Promise<Position | undefined> => {
  const today = utcDay(page.nowMs);
  let day = from < oldestDay(page.nowMs) ? oldestDay(page.nowMs) : from;
  let start = day === from ? after : undefined;
  for (let days = 0; day <= today; days += 1) {
    if (page.isFull || days >= maxDaysPerPage) return { day, ...(start === undefined ? {} : { after: start }) };
    start = await page.add(userId, eventsOfDay(userId, day), start, requestLine);
    if (start === undefined) day = utcDay(Date.parse(day) + dayMs);
  }
  return undefined;
};

/** Adds a page of data, starting at a position. Resolves to where the next page starts; undefined at the end. */
const fill = async (page: Page, { userId }: Exported, at: Position): Promise<Position | undefined> => {
  if ("day" in at) return addDays(page, userId, at.day, at.after);
  let { after } = at;
  for (const [section, { kind, line }] of sections.entries()) {
    if (section < at.section) continue;
    if (page.isFull) return { section };
    after = await page.add(userId, kind(userId), after, line);
    if (after !== undefined) return { section, after };
  }
  return addDays(page, userId, oldestDay(page.nowMs));
};

/**
 * A page of an account's data: JSON lines, each with a `type`. The last one is `next` with a cursor, or `end`.
 * @throws GatewayError BAD_REQUEST for a cursor of no page, SERVICE_UNAVAILABLE; TableUnavailable
 */
export const exportAccount = async (whose: Exported, cursor: string | undefined, nowMs: number): Promise<string> => {
  const at = cursor === undefined ? { section: 0 } : readCursor(cursor);
  const page = new Page(nowMs);
  if (cursor === undefined) page.lines.push(...(await firstLines(whose, nowMs)));
  const next = await fill(page, whose, at);
  page.lines.push(next === undefined ? { type: "end" } : { type: "next", cursor: toCursor(next) });
  return page.lines.map((line) => `${toJsonText(line)}\n`).join("");
};
