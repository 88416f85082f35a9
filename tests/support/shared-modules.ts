import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** What keeps a test file to itself: modules that it replaces, an environment that it changes, parts of the gateway in its own process. */
const needsOwnModules =
  /process\.env|vi\.(mock|stub|spyOn|hoisted|doMock|resetModules|useFakeTimers|setSystemTime)|hasTables|captureLog|\buse(Accounts|Kms|\w*Gateway)\b/;

/**
 * Test files that may share modules, which a worker then loads once instead of once for each file: a quarter of the processor
 * time of 242 such files. A file that names any of the above gets its own.
 */
export const filesWithSharedModules = (files: readonly string[]): readonly string[] =>
  files.filter((file) => !needsOwnModules.test(readFileSync(join(root, file), "utf8")));

export const testFiles = (include: string, exclude: readonly string[]): readonly string[] =>
  globSync(include, { cwd: root, exclude });
