import { readFile } from "node:fs/promises";
import * as z from "zod";

/**
 * `npm run operator -- check-licences`: checks every package in the lock file against the accepted licences. Exits with 1 when
 * a licence is not accepted.
 */

/** Licences that ask for no more than their notice. */
const permissive = [
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "ISC",
  "MIT",
  "MIT-0",
  "Unlicense",
] as const;

/**
 * Taken for what is never deployed only: MPL-2.0 asks that changed files be given on, and we change none; CC-BY-4.0, of
 * caniuse-lite's table of browsers below Stryker's Babel, asks to name its source when it is given on, and we do not.
 */
const developmentOnly = ["MPL-2.0", "CC-BY-4.0"] as const;

const packageSchema = z.looseObject({
  version: z.string().optional(),
  license: z.string().optional(),
  dev: z.boolean().optional(),
  /** Of an optional package that only development asks for. */
  devOptional: z.boolean().optional(),
  link: z.boolean().optional(),
});
const lockSchema = z.object({ packages: z.record(z.string(), packageSchema) });

export interface LicenceProblem {
  /** `name@version`. */
  readonly name: string;
  readonly licence: string;
  readonly development: boolean;
}

/** Whether an SPDX expression of names, `OR`, `AND` and brackets can be met by licences that are taken. */
export const isTaken = (expression: string, taken: ReadonlySet<string>): boolean => {
  const text = expression.trim();
  const alternatives = splitOutside(text, " OR ");
  if (alternatives.length > 1) return alternatives.some((each) => isTaken(each, taken));
  const all = splitOutside(text, " AND ");
  if (all.length > 1) return all.every((each) => isTaken(each, taken));
  if (text.startsWith("(") && text.endsWith(")")) return isTaken(text.slice(1, -1), taken);
  return taken.has(text);
};

/** Splits at a word that stands outside of brackets. */
const splitOutside = (text: string, word: string): string[] => {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index < text.length; index++) {
    if (text[index] === "(") depth += 1;
    else if (text[index] === ")") depth -= 1;
    else if (depth === 0 && text.startsWith(word, index)) {
      parts.push(text.slice(start, index));
      start = index + word.length;
    }
  }
  return [...parts, text.slice(start)];
};

/** The packages of a lock file whose licence is not taken. A package without one is a problem too. */
export const licenceProblems = (lockFile: string): readonly LicenceProblem[] => {
  const { packages } = lockSchema.parse(JSON.parse(lockFile));
  const deployed = new Set<string>(permissive);
  const anywhere = new Set<string>([...permissive, ...developmentOnly]);
  return Object.entries(packages)
    .filter(([path, { link }]) => path !== "" && link !== true)
    .map(([path, { version = "?", license = "none", dev = false, devOptional = false }]) => ({
      name: `${path.replace(/^.*node_modules\//, "")}@${version}`,
      licence: license,
      development: dev || devOptional,
    }))
    .filter(({ licence, development }) => !isTaken(licence, development ? anywhere : deployed));
};

if (import.meta.main) {
  const problems = licenceProblems(await readFile(new URL("../../package-lock.json", import.meta.url), "utf8"));
  for (const { name, licence, development } of problems) {
    console.log(`${name}: ${licence}${development ? " (development)" : " (deployed)"}`);
  }
  console.log(
    problems.length === 0
      ? "Every licence is accepted."
      : `${problems.length} packages have a licence that is not accepted.`,
  );
  process.exitCode = problems.length === 0 ? 0 : 1;
}
