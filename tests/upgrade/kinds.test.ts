import { describe, expect, it } from "vitest";
import type { TableId } from "#core/tables.ts";
import { type Row, readTable, tableIds, versions } from "./recording.ts";

/** Every kind of row that a table has held so far, by its keys. A new kind is added here with the version that brings it. */
const kinds: Readonly<Record<TableId, Readonly<Record<string, RegExp>>>> = {
  keys: {
    keyMark: /^KEY#[0-9a-f]{64}\/MARK$/,
    userKey: /^USER#[^/#]+\/KEY#\w+$/,
    admission: /^USER#[^/#]+\/ADMISSION$/,
  },
  providerKeys: {
    providerKey: /^USER#[^/#]+\/PROVIDER_KEY#pk_/,
    slug: /^USER#[^/#]+\/SLUG#/,
    count: /^USER#[^/#]+\/COUNT$/,
    rotation: /^ROTATION\/CURRENT$/,
  },
  usage: { event: /^USER#[^/#]+#\d{4}-\d\d-\d\d\/req_[^#]+#\d+$/ },
  rollups: {
    sums: /^USER#[^/#]+\/DAY#\d{4}-\d\d-\d\d#/,
    unlistedModels: /^UNLISTED#[^/#]+\/DAY#/,
    rolledUp: /^ROLLED_UP#[^/#]+#\d{4}-\d\d-\d\d\/req_/,
  },
  cache: {
    answer: /^USER#[^/#]+\/ANSWER#[0-9a-f]{64}$/,
    lock: /^USER#[^/#]+\/ANSWER#[0-9a-f]{64}#LOCK$/,
    idempotency: /^USER#[^/#]+\/IDEMPOTENCY#\w+#[0-9a-f]{64}$/,
  },
  jobs: { job: /^USER#[^/#]+\/JOB#job_/ },
};

/** Values of an attribute that make rows of one kind differ in what is done with them. */
const states: readonly (readonly [TableId, string, readonly string[]])[] = [
  ["usage", "status", ["abandoned", "cancelled", "error", "ok", "open"]],
  ["usage", "unit", ["characters", "credits", "images", "seconds", "songs"]],
  ["cache", "state", ["done", "not-kept", "running"]],
  ["cache", "encoding", ["base64", "utf8"]],
  ["cache", "format", ["completion", "frames"]],
  ["jobs", "status", ["completed", "failed", "processing", "queued"]],
  ["jobs", "kind", ["clip", "fashion", "image", "music", "speech", "video"]],
];
/** Attributes that only some rows of a kind have. */
const attributes: readonly (readonly [TableId, readonly string[]])[] = [
  ["keys", ["revokedAt", "expiresAtMs", "verifiedAt", "rotatedFrom", "disabledAt"]],
  ["providerKeys", ["rotatedAt"]],
  ["usage", ["runId", "byokCostPicoUsd", "openShard", "timeToFirstTokenMs"]],
  ["cache", ["unstorable", "usage"]],
  ["jobs", ["dueShard", "webhook", "outputHeldUntil", "providerKeyId", "error", "detail"]],
];

const nameOf = ({ pk, sk }: Row): string => `${pk?.S}/${sk?.S}`;
const textOf = (row: Row, attribute: string): readonly string[] => {
  const text = row[attribute]?.S;
  return text === undefined ? [] : [text];
};

describe.each(versions)("the fixtures of %s", (version) => {
  it.each(tableIds)("hold every kind of row of %s, and none that has no name", (table) => {
    const patterns = Object.entries(kinds[table]);
    const found = readTable(version, table).map(
      (row) => patterns.find(([, pattern]) => pattern.test(nameOf(row)))?.[0] ?? nameOf(row),
    );
    expect([...new Set(found)].toSorted()).toEqual(patterns.map(([kind]) => kind).toSorted());
  });

  it.each(states)("hold rows of %s in every %s", (table, attribute, wanted) => {
    const found = new Set(readTable(version, table).flatMap((row) => textOf(row, attribute)));
    expect([...found].toSorted()).toEqual(wanted);
  });

  it.each(attributes)("hold rows of %s with every attribute that few have", (table, wanted) => {
    const found = new Set(readTable(version, table).flatMap((row) => Object.keys(row)));
    expect(wanted.filter((attribute) => !found.has(attribute))).toEqual([]);
  });
});
