import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/**
 * `npm run load -- rights [function …]`: takes each right from its function, one at a time, and expects the function's
 * scenario (tests/rights/scenarios.ts) to ask for it in vain, which the log says. `npm test` runs the scenarios with all
 * rights, which they all use, and takes a sample of rights (tests/rights/sample.test.ts).
 */

const root = join(import.meta.dirname, "../..");
const names = process.argv.slice(2);

const child = spawn(
  process.execPath,
  [join(root, "node_modules/vitest/vitest.mjs"), "run", "tests/rights/every-right.test.ts", "--maxWorkers=1"],
  { cwd: root, stdio: "inherit", env: { ...process.env, TAKE_RIGHTS: names.length === 0 ? "all" : names.join(",") } },
);
const [code] = await once(child, "close");
process.exitCode = typeof code === "number" ? code : 1;
