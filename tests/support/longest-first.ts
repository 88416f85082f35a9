import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const file = join(import.meta.dirname, "durations.json");
const root = join(import.meta.dirname, "../..");

/** Seconds that the slow test files took in the last recorded run, by path. `npm run operator -- write-durations` records. */
const seconds = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Readonly<Record<string, number>>) : {};

/**
 * Starts the slowest files first, so that all workers stay busy to the end. A clean checkout has no cache of durations, and
 * file sizes say little: a short browser test takes longer than a long table of cases. Files that share modules come after
 * all others, since a worker is kept only for a next file that shares them too.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const duration = ({ moduleId }: TestSpecification): number => seconds[relative(root, moduleId)] ?? 0;
    const isolated = ({ project }: TestSpecification): number => Number(project.config.isolate);
    return files.toSorted((left, right) => isolated(right) - isolated(left) || duration(right) - duration(left));
  }
}
