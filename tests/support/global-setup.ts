import { existsSync } from "node:fs";
import { join } from "node:path";

/** Once before all tests: says what this run leaves out, so that a green run is not taken for more than it is. */
export const setup = (): void => {
  if (!existsSync(join(import.meta.dirname, "../../../shared/contracts"))) {
    process.stdout.write("The vendors' specifications are not beside the repository: contract tests are skipped.\n");
  }
};
