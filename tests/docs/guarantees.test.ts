import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const folder = join(import.meta.dirname, "../../docs/quality");

interface Line {
  /** 1 to 51, or the number of a fault, F01 and so on. */
  readonly number: string;
  readonly guarantee: string;
  readonly tests: readonly { readonly file: string; readonly name: string | undefined }[];
}

const lines: readonly Line[] = readFileSync(join(folder, "guarantees.md"), "utf8")
  .split("\n")
  .flatMap((row) => {
    const [, number, guarantee = "", tests = ""] =
      /^\| (\d+|F\d\d) \| (.+?) \| (?:[^|]+ \| )?(\[[^|]+) \|$/.exec(row) ?? [];
    if (number === undefined) return [];
    const held = tests.split("<br>").map((test) => {
      const [, file = "", name] = /^\[[^\]]+\]\(([^)]+)\)(?:: (.+))?$/.exec(test) ?? [];
      return { file, name };
    });
    return [{ number, guarantee, tests: held }];
  });

describe("docs/quality/guarantees.md", () => {
  it("has every line of the list once, in order", () => {
    const numbers = lines.map(({ number }) => number);
    const faults = numbers.slice(51);
    expect(numbers.slice(0, 51)).toEqual(Array.from({ length: 51 }, (_, index) => String(index + 1)));
    expect(faults.every((number) => number.startsWith("F"))).toBe(true);
    expect(faults).toEqual([...new Set(faults)].sort());
  });

  it.each(lines)("$number: $guarantee", ({ tests }) => {
    expect(tests.length).toBeGreaterThan(0);
    for (const { file, name } of tests) {
      expect(existsSync(join(folder, file)), file).toBe(true);
      if (name !== undefined) expect(readFileSync(join(folder, file), "utf8")).toContain(name);
      else expect(file).toMatch(/tests\/(bench|load)\//);
    }
    expect(tests.some(({ name }) => name !== undefined)).toBe(true);
  });
});
