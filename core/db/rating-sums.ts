/** Sums of votes as their rows hold them. Without zod and the reads: `auto:rated` loads this into
 * a chat, and shares nothing that would become a chunk of its own. */

/**
 * One pair of models: their places in the row's list, then thousandths of votes. People's for the first over the second and
 * the other way, then those of fights' models. Numbers, never names, since names are free-form.
 */
export type PairRow = readonly [number, number, number, number, number, number];

export interface VoteSums {
  /**
   * `at`: unix ms of the model's last vote. `shared`: its votes are in the stage's sums; noted, since a later catalogue may list
   * other models than the one by which they were added.
   */
  readonly models: readonly { readonly name: string; readonly at: number; readonly shared?: boolean }[];
  readonly pairs: readonly PairRow[];
  /** Votes of people, and of fights' panels of models. */
  readonly people: number;
  readonly panels: number;
}

export const noSums: VoteSums = { models: [], pairs: [], people: 0, panels: 0 };

/** A row of sums. `version` rises with each write; 0 for a row that is not there. */
export interface RatingsRow extends VoteSums {
  readonly version: number;
  /** Of a user's row: their votes count in the stage's sums as well. */
  readonly share: boolean;
  /** Of a row of the stage: how many users' votes are in it. */
  readonly sharers: number;
  /** The fights whose models' votes were counted last: a write whose answer was lost is known by its run. */
  readonly recent: readonly string[];
}

/** A row that is not there. */
export const noRow: RatingsRow = { ...noSums, version: 0, share: false, sharers: 0, recent: [] };

const pairForm = /^\d{1,6}( \d{1,15}){5}$/;

const isText = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): value is number => typeof value === "number";

const unreadable = (message: string): Error => Object.assign(new Error(message), { name: "UnreadableRow" });

const listOf = <Value>(value: unknown, is: (each: unknown) => each is Value): readonly Value[] => {
  if (Array.isArray(value) && value.every(is)) return value as readonly Value[];
  throw unreadable("A row of ratings holds a list that cannot be read");
};

const numberOf = (value: unknown, otherwise?: number): number => {
  const number = value ?? otherwise;
  if (isNumber(number)) return number;
  throw unreadable("A row of ratings lacks a number");
};

const isModel = (value: unknown): value is VoteSums["models"][number] => {
  const { name, at } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return isText(name) && isNumber(at);
};
const isPair = (value: unknown): value is string => isText(value) && pairForm.test(value);

/**
 * A row as it was read. One past its end is gone, and the next write must replace it. Shared rows have no end.
 * @throws Error for what is no such row
 */
export const toRatings = (item: Readonly<Record<string, unknown>>, nowMs: number): RatingsRow => {
  const version = numberOf(item.version);
  if (numberOf(item.expiresAt, Number.POSITIVE_INFINITY) * 1_000 < nowMs) return { ...noRow, version };
  return {
    version,
    models: listOf(item.models, isModel),
    pairs: listOf(item.pairs, isPair).map((pair) => pair.split(" ").map(Number) as unknown as PairRow),
    people: numberOf(item.people),
    panels: numberOf(item.panels),
    share: item.share === true,
    sharers: numberOf(item.sharers, 0),
    recent: listOf(item.recent ?? [], isText),
  };
};
