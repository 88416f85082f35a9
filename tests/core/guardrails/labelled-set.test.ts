import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { grade, gradeTable, negatives, positives } from "./labelled-set.ts";

const grades = grade();

describe("the labelled set of personal data", () => {
  it("is large enough to mean something, and labels values that stand in their texts", () => {
    expect(positives.length).toBeGreaterThanOrEqual(200);
    expect(negatives.length).toBeGreaterThanOrEqual(200);
    for (const { text, value } of positives) expect(text).toContain(value);
    expect(new Set(negatives).size).toBe(negatives.length);
  });

  it.each(grades)("$type keeps a precision of 0.95 and a recall of 0.8", ({ precision, recall }) => {
    expect(precision).toBeGreaterThanOrEqual(0.95);
    expect(recall).toBeGreaterThanOrEqual(0.8);
  });

  it("has the figures that docs/guide/guardrails.md shows", () => {
    const table = gradeTable(grades);
    console.log(table);
    expect(readFileSync(new URL("../../../docs/guide/guardrails.md", import.meta.url), "utf8")).toContain(table);
  });
});
