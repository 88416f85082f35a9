import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const file = join(import.meta.dirname, "durations.json");
const root = join(import.meta.dirname, "../..");

/** Seconds that the slow test files took in the last recorded run, by path. `npm run operator -- write-durations` records. */
const seconds = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Readonly<Record<string, number>>) : {};

/**
 * Starts the slowest files first, so that both workers stay busy to the end. A clean checkout has no cache of durations, and
 * file sizes say little: a short browser test takes longer than a long table of cases.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const duration = ({ moduleId }: TestSpecification): number => seconds[relative(root, moduleId)] ?? 0;
    return files.toSorted((left, right) => duration(right) - duration(left));
  }
}
