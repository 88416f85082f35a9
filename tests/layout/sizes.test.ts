import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { maxClassFields, maxFunctionLines, oversized } from "#infra/layout/sizes.ts";

const files = execFileSync("git", ["ls-files", "core", "functions", "infra"], { encoding: "utf8" })
  .split("\n")
  .filter((file) => /(?<!\.d)\.tsx?$/.test(file));

describe("sizes", () => {
  it("no function is over 60 lines and no class over 8 fields without a sentence that says why", () => {
    expect(files.flatMap((file) => oversized(file, readFileSync(file, "utf8")))).toEqual([]);
  });

  it("the check sees a long function and a class of many fields, and accepts a reason", () => {
    const body = Array.from({ length: maxFunctionLines }, (_, line) => `  step(${line});`).join("\n");
    const long = `export const long = (): void => {\n${body}\n};\n`;
    const fields = Array.from({ length: maxClassFields + 1 }, (_, field) => `  readonly f${field} = 0;`).join("\n");
    const wide = `export class Wide {\n${fields}\n  static none = 1;\n}\n`;
    expect(oversized("a.ts", long)).toHaveLength(1);
    expect(oversized("a.ts", wide)).toHaveLength(1);
    expect(oversized("a.ts", `/** Long. Length: a table. */\n${long}/** Fields: a table. */\n${wide}`)).toEqual([]);
    expect(oversized("a.ts", wide.replace("  readonly f0 = 0;\n", ""))).toEqual([]);
  });
});
