import { readFileSync } from "node:fs";
import { posix } from "node:path";

/** The imports of source files, read as text: types count as well, since an upward type is an upward dependency. */

export interface FileImport {
  readonly from: string;
  readonly to: string;
  /** Names of a static import; empty for `import()`. */
  readonly names: readonly string[];
}

const statement = /(?:^|\n)\s*(?:import|export)\s+(?:type\s+)?(?:([^"';]*?)\s+from\s+)?"([^"]+)"/g;
const dynamic = /import\(\s*"([^"]+)"\s*\)/g;
const aliases = ["core", "functions", "infra", "tests"];

/** A specifier as a path from the root, or undefined for a package. */
const resolve = (from: string, specifier: string): string | undefined => {
  if (specifier.startsWith(".")) return posix.normalize(posix.join(posix.dirname(from), specifier));
  const alias = aliases.find((name) => specifier.startsWith(`#${name}/`));
  return alias === undefined ? undefined : specifier.slice(1);
};

const namesOf = (clause: string | undefined): readonly string[] =>
  (clause ?? "")
    .replace(/[{}]/g, " ")
    .split(",")
    .map(
      (name) =>
        name
          .replace(/^\s*type\s+/, "")
          .trim()
          .split(/\s+as\s+/)[0] ?? "",
    )
    .filter((name) => name !== "");

/** The imports of one file's text. */
export const importsOf = (from: string, text: string): readonly FileImport[] => {
  const found = [
    ...[...text.matchAll(statement)].map(([, clause, specifier = ""]) => ({ specifier, names: namesOf(clause) })),
    ...[...text.matchAll(dynamic)].map(([, specifier = ""]) => ({ specifier, names: [] })),
  ];
  return found.flatMap(({ specifier, names }) => {
    const to = resolve(from, specifier);
    return to === undefined ? [] : [{ from, to, names }];
  });
};

/** The imports of files below a root folder. */
export const readImports = (root: string, files: readonly string[]): readonly FileImport[] =>
  files.flatMap((file) => importsOf(file, readFileSync(posix.join(root, file), "utf8")));
