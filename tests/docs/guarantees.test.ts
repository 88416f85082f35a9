import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const folder = join(import.meta.dirname, "../../docs/quality");

interface Line {
  readonly number: number;
  readonly guarantee: string;
  readonly tests: readonly { readonly file: string; readonly name: string | undefined }[];
}

const lines: readonly Line[] = readFileSync(join(folder, "guarantees.md"), "utf8")
  .split("\n")
  .flatMap((row) => {
    const [, number, guarantee = "", tests = ""] = /^\| (\d+) \| (.+?) \| (.+) \|$/.exec(row) ?? [];
    if (number === undefined) return [];
    const held = tests.split("<br>").map((test) => {
      const [, file = "", name] = /^\[[^\]]+\]\(([^)]+)\)(?:: (.+))?$/.exec(test) ?? [];
      return { file, name };
    });
    return [{ number: Number(number), guarantee, tests: held }];
  });

describe("docs/quality/guarantees.md", () => {
  it("has every line of the list once, in order", () => {
    expect(lines.map(({ number }) => number)).toEqual(Array.from({ length: 51 }, (_, index) => index + 1));
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
