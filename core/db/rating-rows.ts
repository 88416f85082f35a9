import * as z from "zod/mini";
import { noRow, type RatingsRow, toRatings } from "./rating-sums.ts";
import { arenaRunKey, stageRatingsKey } from "./row-keys.ts";
import {
  type Expression,
  getItem,
  type ItemKey,
  type Plain,
  type PlainItem,
  putItem,
  queryPrefix,
  won,
} from "./table.ts";

/**
 * A user's ratings as sums of votes, and the runs that can be voted on: rows of the rollups table (decision 0013). The lean
 * port, since arena runs write and `auto:rated` reads them.
 */

const keepSeconds = 400 * 86_400;

/** The stage's sums are spread over so many rows, so that votes of many users at once do not wait for each other. */
export const stageShards = 8;

/** A user's sums, or a part of the stage's; empty ones where nothing was voted yet. @throws AwsError */
export const readRatings = async (
  key: ItemKey,
  nowMs: number,
  options: { readonly consistent?: boolean; readonly signal?: AbortSignal } = {},
): Promise<RatingsRow> => {
  const item = await getItem("rollups", key, options);
  return item === undefined ? noRow : toRatings(item, nowMs);
};

/** All parts of the stage's sums. @throws AwsError */
export const readStageRatings = async (nowMs: number): Promise<readonly RatingsRow[]> => {
  const items = await queryPrefix("rollups", stageRatingsKey(0).pk, "RATINGS#", { limit: stageShards });
  return items.map((item) => toRatings(item, nowMs));
};

interface RatingsPut {
  readonly item: ItemKey & PlainItem;
  readonly expression: Expression;
}

/** The write that replaces a row of sums which nobody else has changed meanwhile. */
export const ratingsPut = (
  key: ItemKey,
  version: number,
  row: Omit<RatingsRow, "version">,
  nowMs: number,
): RatingsPut => ({
  item: {
    ...key,
    version: version + 1,
    models: row.models as unknown as Plain,
    pairs: row.pairs.map((pair) => pair.join(" ")),
    people: row.people,
    panels: row.panels,
    ...(row.share ? { share: true } : {}),
    ...(row.sharers > 0 ? { sharers: row.sharers } : {}),
    ...(row.recent.length > 0 ? { recent: row.recent } : {}),
    // What a user shares can be taken out of the stage's sums only by the user's own row, so neither ends before that.
    ...(row.share || row.sharers > 0 ? {} : { expiresAt: Math.floor(nowMs / 1_000) + keepSeconds }),
  },
  expression:
    version === 0
      ? { condition: "attribute_not_exists(pk)" }
      : { condition: "#version = :version", names: { "#version": "version" }, values: { ":version": version } },
});

/** Replaces a row of sums. False when another vote came first. @throws AwsError */
export const putRatings = (key: ItemKey, { version, ...row }: RatingsRow, nowMs: number): Promise<boolean> => {
  const { item, expression } = ratingsPut(key, version, row, nowMs);
  return won(putItem("rollups", item, expression));
};

/** How long a run can be voted on, ms: as long as feedback can be given. */
export const voteableMs = 30 * 86_400_000;

export const arenaRunSchema = z.object({
  userId: z.string(),
  runId: z.string(),
  keyId: z.optional(z.string()),
  mode: z.string(),
  agents: z.array(z.object({ agentId: z.string(), model: z.string() })),
  startedAt: z.number(),
  vote: z.optional(z.object({ winner: z.string(), at: z.number() })),
});

/** A run of the arena: who made it, and which model answered as which agent. */
export type ArenaRunRow = z.infer<typeof arenaRunSchema>;

/** Notes a run. Noting it again changes nothing. @throws AwsError */
export const putArenaRun = async (run: ArenaRunRow): Promise<void> => {
  const { vote: _, ...facts } = run;
  const item = {
    ...arenaRunKey(run.userId, run.runId),
    ...(facts as PlainItem),
    expiresAt: Math.floor((run.startedAt + voteableMs) / 1_000),
  };
  await won(putItem("rollups", item, { condition: "attribute_not_exists(pk)" }));
};

/** A user's run that can still be voted on. @throws AwsError */
export const readArenaRun = async (userId: string, runId: string, nowMs: number): Promise<ArenaRunRow | undefined> => {
  const item = await getItem("rollups", arenaRunKey(userId, runId), { consistent: true });
  if (item === undefined) return undefined;
  const run = arenaRunSchema.parse(item);
  return run.startedAt + voteableMs < nowMs ? undefined : run;
};
