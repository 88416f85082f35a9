import { findMediaModel } from "#core/catalog/media-models.ts";
import { isListed } from "#core/catalog/resolve.ts";
import { type Additions, addEvent, noAdditions } from "#core/db/rollup-sums.ts";
import {
  addToRollups,
  type RollupChange,
  type RollupTarget,
  rollupExpiry,
  rollupKey,
  unlistedModelName,
} from "#core/db/rollups.ts";
import { summedTagValue } from "#core/db/tag-names.ts";
import type { UsageEvent } from "#core/db/usage-events.ts";

/** Items of a transaction: a mark for each event, and the rows that they touch. */
const maxItems = 100;

/** Events without a key are summed under this name. */
const noKey = "none";

const keyOf = ({ userId, day, requestId, generation }: UsageEvent): string =>
  `${userId}/${day}/${requestId}/${generation}`;

const modelTarget = async (event: UsageEvent): Promise<RollupTarget> => ({
  userId: event.userId,
  day: event.day,
  keyId: event.keyId ?? noKey,
  model:
    isListed(event.model) || findMediaModel(event.model) !== undefined
      ? event.model
      : await unlistedModelName(event.userId, event.day, event.model),
  provider: event.provider,
});

/** The row of each tag that its day still has room for. */
const tagTargets = async ({ userId, day, tags = {} }: UsageEvent): Promise<readonly RollupTarget[]> => {
  const targets: RollupTarget[] = [];
  for (const [tag, named] of Object.entries(tags)) {
    const value = await summedTagValue({ userId, day, expiresAt: rollupExpiry(day) }, tag, named);
    if (value !== undefined) targets.push({ userId, day, tag, value });
  }
  return targets;
};

const targetKey = (target: RollupTarget): string => {
  const { pk, sk } = rollupKey(target);
  return `${pk}/${sk}`;
};

interface TargetedEvent {
  readonly event: UsageEvent;
  /** The row of its key and model, and one of each tag. */
  readonly targets: readonly RollupTarget[];
}

/** What events add, one change for each row that they touch. */
export const toChanges = (targeted: readonly TargetedEvent[]): readonly RollupChange[] => {
  const changes = new Map<string, { target: RollupTarget; additions: Additions }>();
  for (const { event, targets } of targeted) {
    for (const target of targets) {
      const name = targetKey(target);
      const change = changes.get(name) ?? { target, additions: noAdditions() };
      addEvent(change.additions, event);
      changes.set(name, change);
    }
  }
  return [...changes.values()];
};

/** Cuts events so that their marks and rows fit into one transaction. */
const intoTransactions = (targeted: readonly TargetedEvent[]): readonly (readonly TargetedEvent[])[] => {
  const batches: TargetedEvent[][] = [];
  let batch: TargetedEvent[] = [];
  let rows = new Set<string>();
  for (const one of targeted) {
    const touched = one.targets.map(targetKey);
    const items = batch.length + 1 + new Set([...rows, ...touched]).size;
    if (items > maxItems) {
      batches.push(batch);
      batch = [];
      rows = new Set();
    }
    batch.push(one);
    for (const row of touched) rows.add(row);
  }
  return [...batches, batch];
};

/** Gives each event its rows. */
export const withTargets = async (events: readonly UsageEvent[]): Promise<readonly TargetedEvent[]> => {
  const targeted: TargetedEvent[] = [];
  for (const event of events) {
    targeted.push({ event, targets: [await modelTarget(event), ...(await tagTargets(event))] });
  }
  return targeted;
};

/**
 * Adds settled events to the daily sums, each exactly once whatever is delivered twice, out of order or cut off half way.
 * Resolves to how many were new. Throws when DynamoDB fails: everything may be delivered again.
 */
export const rollUp = async (events: readonly UsageEvent[], nowMs: number): Promise<number> => {
  const settled = events.filter(({ status }) => status !== "open");
  const unique = [...new Map(settled.map((event) => [keyOf(event), event])).values()];
  let added = 0;
  for (const batch of intoTransactions(await withTargets(unique))) {
    let left = batch;
    while (left.length > 0) {
      const known = await addToRollups(
        left.map(({ event }) => event),
        toChanges(left),
        Math.floor(nowMs / 1_000),
      );
      if (known.length === 0) {
        added += left.length;
        break;
      }
      const skip = new Set(known);
      left = left.filter((_, index) => !skip.has(index));
    }
  }
  return added;
};
