import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { buildFunctions } from "#infra/local/build-functions.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** What all clouds of a run share: built functions, and V8's cache of the code that starts them. */
    readonly sharedBuild: { readonly functionsDir: string; readonly compileCache: string };
  }
}

/**
 * Once before all tests: builds the dashboard's page, which its functions import, and the functions, which dozens of local
 * clouds run; and says what this run leaves out, so that a green run is not taken for more than it is.
 */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const folder = await mkdtemp(join(tmpdir(), "concurred-tests-"));
  const functionsDir = join(folder, "functions");
  await buildFunctions(functionsDir, () => undefined);
  project.provide("sharedBuild", { functionsDir, compileCache: join(folder, "compile-cache") });
  if (!existsSync(join(import.meta.dirname, "../../../shared/contracts"))) {
    process.stdout.write("The vendors' specifications are not beside the repository: contract tests are skipped.\n");
  }
  // Clouds that end with their test process may still write into it.
  return () => rm(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
};
