import { readFile, writeFile } from "node:fs/promises";
import { relative, resolve } from "node:path";

/**
 * `npm run operator -- write-durations <report>`: records how long the slow test files take, for tests/support/longest-first.ts.
 * The report comes from `npx vitest run --reporter=json --outputFile=<report>`.
 */

interface Report {
  readonly testResults: readonly { readonly name: string; readonly startTime: number; readonly endTime: number }[];
}

/** Shorter files fill the gaps at the end in any order. */
const minSeconds = 3;
const root = resolve(import.meta.dirname, "../..");

const [report] = process.argv.slice(2);
if (report === undefined)
  throw new Error("Usage: npm run operator -- write-durations <report of vitest's JSON reporter>");
const { testResults } = JSON.parse(await readFile(report, "utf8")) as Report;
const slow = testResults
  .map(({ name, startTime, endTime }) => [relative(root, name), Math.round((endTime - startTime) / 1_000)] as const)
  .filter(([, seconds]) => seconds >= minSeconds)
  .sort(([, left], [, right]) => right - left);
const file = resolve(root, "tests/support/durations.json");
await writeFile(file, `${JSON.stringify(Object.fromEntries(slow), null, 2)}\n`);
console.log(`${slow.length} of ${testResults.length} files take ${minSeconds} s or more: ${relative(root, file)}`);
