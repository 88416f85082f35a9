import { existsSync } from "node:fs";
import { join } from "node:path";
import { buildDashboard } from "#infra/build-dashboard.ts";

/**
 * Once before all tests: builds the dashboard's page, which its functions import, and says what this run leaves out, so
 * that a green run is not taken for more than it is.
 */
export const setup = async (): Promise<void> => {
  await buildDashboard();
  if (!existsSync(join(import.meta.dirname, "../../../shared/contracts"))) {
    process.stdout.write("The vendors' specifications are not beside the repository: contract tests are skipped.\n");
  }
};
