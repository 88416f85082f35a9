import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { ensurePlatform } from "#infra/mocked/install-platform.ts";

/**
 * Type-checks `sst.config.ts` and `infra/*.ts`, whose globals have types only after `sst install`. SST brings its components
 * as source and not as declarations, so TypeScript checks them too, under our stricter rules: errors
 * in them are not ours to fix and are left out.
 */

const root = path.resolve(import.meta.dirname, "../..");
const timeoutMs = 180_000;

const compile = async (): Promise<string> => {
  const compiler = path.join(root, "node_modules/typescript/bin/tsc");
  const args = [compiler, "-p", "infra/tsconfig.sst.json", "--pretty", "false"];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: root,
      timeout: timeoutMs,
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  } catch (error) {
    const { stdout, killed } = error as { stdout?: string; killed?: boolean };
    // The compiler exits with 1 or 2 after it printed the errors.
    if (killed === true || stdout === undefined || stdout === "") throw error;
    return stdout;
  }
};

/** Type errors in our own files, one per line. Throws when the compiler could not run. */
export const findTypeFaults = async (): Promise<readonly string[]> => {
  const lines = (await compile()).split("\n");
  return lines.filter((line) => /^\S.*error TS/.test(line) && !line.startsWith(".sst/"));
};

if (import.meta.main) {
  const missing = await ensurePlatform();
  if (missing !== undefined) throw new Error(missing);
  const faults = await findTypeFaults();
  console.log(faults.length === 0 ? "sst.config.ts and infra/*.ts have no type errors" : faults.join("\n"));
  process.exitCode = faults.length === 0 ? 0 : 1;
}
