import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Folders that hold what is installed, built or recorded, and nothing that a person wrote. */
const skipped = new Set([
  ".build",
  ".git",
  ".local",
  ".mutation",
  ".sst",
  ".test-output",
  "coverage",
  "node_modules",
  "results",
]);

export const repositoryRoot = join(import.meta.dirname, "../..");

/** Absolute paths of all files below a folder of the repository. */
export const filesBelow = (folder: string = repositoryRoot): readonly string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
