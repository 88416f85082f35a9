import { mkdir, writeFile } from "node:fs/promises";
import { matchesGlob } from "node:path";
import { parseArgs } from "node:util";
import { groups, type MutationGroup } from "./groups.ts";

/**
 * `npm run mutate`: makes one small change to the code after another and counts the changes that no test notices. Arguments
 * restrict it to folders or files: `npm run mutate -- core/auth core/generation/admission.ts`. Exits with 1 below the minimum score.
 */

const { values: flags, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    /** Mutants at the same time. */
    concurrency: { type: "string", default: "1" },
    /** Runs every mutant again, rather than those whose code or tests changed since the last run. */
    force: { type: "boolean", default: false },
  },
});

/** Percent of the mutants of a folder that tests must notice. */
const requiredScore = 85;
const folder = ".mutation";

type MutantStatus =
  | "Killed"
  | "Timeout"
  | "Survived"
  | "NoCoverage"
  | "Ignored"
  | "CompileError"
  | "RuntimeError"
  | "Pending";

interface Mutant {
  readonly status: MutantStatus;
}

/** The part of Stryker's API that is used here. */
interface StrykerModule {
  readonly Stryker: new (options: Readonly<Record<string, unknown>>) => { runMutationTest(): Promise<Mutant[]> };
}

/** Installed in this folder by `npm run mutate`, so the types are not there when the project is checked. */
const stryker = "@stryker-mutator/core";
const { Stryker } = (await import(stryker)) as StrykerModule;

const sourcesOf = (group: MutationGroup): readonly string[] => {
  if (wanted.length === 0 || wanted.includes(group.folder)) return group.sources;
  return wanted.filter((file) => group.sources.some((source) => matchesGlob(file, source)));
};

/** Runs a group in a copy of the project. Its fork takes the group's name from the environment. */
const mutate = (name: string, sources: readonly string[]): Promise<Mutant[]> => {
  process.env.MUTATION_GROUP = name;
  return new Stryker({
    mutate: [...sources],
    testRunner: "vitest",
    plugins: ["@stryker-mutator/vitest-runner"],
    // As in the project's own runs: the runner's default, threads, shares what tests take for their own.
    vitest: { configFile: "tests/mutation/vitest.config.ts", pool: "forks", related: false },
    coverageAnalysis: "perTest",
    concurrency: Number(flags.concurrency),
    // A busy machine must not be taken for a mutant that hangs.
    timeoutMS: 30_000,
    dryRunTimeoutMinutes: 10,
    incremental: true,
    force: flags.force,
    incrementalFile: `${folder}/${name}.incremental.json`,
    reporters: ["clear-text", "progress-append-only"],
    clearTextReporter: { allowColor: false, allowEmojis: false, logTests: false, reportTests: false },
    tempDirName: `${folder}/${name}.sandbox`,
    ignorePatterns: ["docs", ".build", ".local", ".test-output", folder],
    // Stryker would read it by TypeScript's API, which version 7 no longer has.
    tsconfigFile: "none",
    allowConsoleColors: false,
  }).runMutationTest();
};

/** Mutants by what became of them, as the document lists them. */
const count = (mutants: readonly Mutant[]): Readonly<Record<string, number>> => {
  const counted: Record<string, number> = { killed: 0, timeout: 0, survived: 0, noCoverage: 0, ignored: 0, errors: 0 };
  const names: Readonly<Record<Mutant["status"], string>> = {
    Killed: "killed",
    Timeout: "timeout",
    Survived: "survived",
    NoCoverage: "noCoverage",
    Ignored: "ignored",
    CompileError: "errors",
    RuntimeError: "errors",
    Pending: "errors",
  };
  for (const { status } of mutants) counted[names[status]] = (counted[names[status]] ?? 0) + 1;
  return counted;
};

const score = ({ killed = 0, timeout = 0, survived = 0, noCoverage = 0 }: Readonly<Record<string, number>>): number =>
  (100 * (killed + timeout)) / (killed + timeout + survived + noCoverage);

const results = new Map<string, Mutant[]>();
await mkdir(folder, { recursive: true });
for (const [name, group] of Object.entries(groups)) {
  const sources = sourcesOf(group);
  if (sources.length === 0) continue;
  results.set(group.folder, [...(results.get(group.folder) ?? []), ...(await mutate(name, sources))]);
}
const rows = [...results].map(([name, mutants]) => {
  const counted = count(mutants);
  return { folder: name, ...counted, score: Number(score(counted).toFixed(1)) };
});
console.table(rows);
await writeFile(`${folder}/scores.json`, JSON.stringify({ date: new Date().toISOString(), rows }, null, 2));
if (rows.length === 0) console.log(`No group has ${wanted.join(" or ")}.`);
process.exitCode = rows.length > 0 && rows.every((row) => row.score >= requiredScore) ? 0 : 1;
