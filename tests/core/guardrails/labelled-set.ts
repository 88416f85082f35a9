import { readFileSync } from "node:fs";
import { type PiiType, piiTypes } from "#core/guardrails/finding.ts";
import { findPii } from "#core/guardrails/scan.ts";

export interface LabelledText {
  readonly type: PiiType;
  readonly text: string;
  readonly value: string;
}

const folder = new URL("../../fixtures/pii/", import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), "utf8").replaceAll("¦", "");

export const positives = JSON.parse(read("positives.json")) as readonly LabelledText[];
export const negatives = JSON.parse(read("negatives.json")) as readonly string[];

export interface Grade {
  readonly type: PiiType;
  readonly labelled: number;
  readonly found: number;
  /** Findings of this type where nothing of it is. */
  readonly wrong: number;
  readonly precision: number;
  readonly recall: number;
}

/** A value counts as found when one finding of its type covers it; a finding counts as wrong when it touches no label. */
export const grade = (spell = (text: string): string => text): readonly Grade[] => {
  const found = new Map<PiiType, number>();
  const wrong = new Map<PiiType, number>();
  const count = (counts: Map<PiiType, number>, type: PiiType): void => {
    counts.set(type, (counts.get(type) ?? 0) + 1);
  };
  for (const { type, text, value } of positives.map((each) => ({
    ...each,
    text: spell(each.text),
    value: spell(each.value),
  }))) {
    const start = text.indexOf(value);
    const end = start + value.length;
    const findings = findPii(text);
    if (findings.some((finding) => finding.type === type && finding.start <= start && finding.end >= end)) {
      count(found, type);
    }
    for (const finding of findings) if (finding.end <= start || finding.start >= end) count(wrong, finding.type);
  }
  for (const text of negatives) for (const { type } of findPii(spell(text))) count(wrong, type);
  return piiTypes.map((type) => {
    const labelled = positives.filter((positive) => positive.type === type).length;
    const hits = found.get(type) ?? 0;
    const misfires = wrong.get(type) ?? 0;
    return {
      type,
      labelled,
      found: hits,
      wrong: misfires,
      precision: hits / (hits + misfires),
      recall: hits / labelled,
    };
  });
};

/** The grades as the table of docs/guide/guardrails.md. */
export const gradeTable = (grades: readonly Grade[]): string =>
  [
    "| Type | Labelled | Found | Wrong | Precision | Recall |",
    "|---|---|---|---|---|---|",
    ...grades.map(
      ({ type, labelled, found, wrong, precision, recall }) =>
        `| ${type} | ${labelled} | ${found} | ${wrong} | ${precision.toFixed(3)} | ${recall.toFixed(3)} |`,
    ),
  ].join("\n");
