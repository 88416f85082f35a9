import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/**
 * `npm run load -- rights [function …]`: takes each right from its function, one at a time, and expects the function's
 * scenario (tests/rights/scenarios.ts) to fail, or the log to say what it lacks. `npm test` runs the scenarios with all
 * rights, which they all use, and takes a sample of rights (tests/rights/sample.test.ts).
 */

const root = join(import.meta.dirname, "../..");
const names = process.argv.slice(2);

<<<<<<< HEAD
/** The tests that run the functions of an area, by the beginning of the path that a function serves. */
const testsByPath: readonly (readonly [prefix: string, tests: readonly string[]])[] = [
  [
    "/api/v1/chat",
    [
      "tests/e2e/usage.test.ts",
      "tests/e2e/cache.test.ts",
      "tests/e2e/admission.test.ts",
      "tests/accounts/byok.test.ts",
      "tests/core/idempotency",
    ],
  ],
  ["/api/v1/responses", ["tests/e2e/responses"]],
  ["/api/v1/messages", ["tests/e2e/anthropic-sdk.test.ts"]],
  ["/api/v1/embeddings", ["tests/e2e/embeddings.test.ts"]],
  ["/api/v1/keys", ["tests/rights/sample.test.ts", "tests/accounts/cloud.test.ts", "tests/browser"]],
  ["/api/v1/provider-keys", ["tests/rights/sample.test.ts", "tests/accounts/byok.test.ts", "tests/browser"]],
  ["/api/v1/usage", ["tests/rights/sample.test.ts", "tests/accounts/cloud.test.ts"]],
  ["/api/v1/requests", ["tests/e2e/lifecycle.test.ts", "tests/e2e/requests.test.ts"]],
  ["/api/v1/models", ["tests/rights/sample.test.ts", "tests/e2e/auth.test.ts"]],
  ["/api/v1/jobs", ["tests/media"]],
  ["/api/v1/media", ["tests/media"]],
  ["/api/v1/image", ["tests/media"]],
  ["/api/v1/video", ["tests/media"]],
  ["/api/v1/fashion", ["tests/media"]],
  ["/api/v1/vision", ["tests/media"]],
  ["/api/chat", ["tests/e2e/arena-chat.test.ts"]],
  ["/api/v1/battle", ["tests/e2e/arena.test.ts"]],
  ["/api/v1/fight", ["tests/e2e/arena.test.ts"]],
  ["/api/mcp", ["tests/e2e/mcp.test.ts"]],
  ["/api/v1/council", ["tests/e2e/council.test.ts"]],
  ["/api/health", ["tests/rights/sample.test.ts"]],
];

/** Tests of functions without a path. */
const backgroundTests: Readonly<Record<string, readonly string[]>> = {
  SweepUsage: ["tests/e2e/lifecycle.test.ts", "tests/faults/killed.test.ts"],
  UsageRollup: ["tests/accounts/cloud.test.ts"],
  PollJobs: ["tests/media"],
};

const testsOf = (row: { readonly id: string; readonly path?: string }): readonly string[] =>
  row.path === undefined
    ? (backgroundTests[row.id] ?? [])
    : (testsByPath.find(([prefix]) => row.path?.startsWith(prefix))?.[1] ?? []);

/** Whether the tests pass although the function is without the right. */
const passesWithout = (id: string, grant: Grant, tests: readonly string[]): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const args = [join(root, "node_modules/vitest/vitest.mjs"), "run", ...tests, "--maxWorkers=1", "--bail=1"];
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: "ignore",
      env: { ...process.env, WITHOUT_RIGHTS: `${id} ${grant}` },
    });
    child.on("error", reject);
    child.on("close", (code) => resolve(code === 0));
  });

const rows: readonly (Pick<Route, "id" | "grants"> & { readonly path?: string })[] = [
  ...(routes as readonly Route[]),
  ...backgroundFunctions,
];

const chosen = new Set(process.argv.slice(2));
let unnoticed = 0;
for (const row of rows.filter(({ id }) => chosen.size === 0 || chosen.has(id))) {
  const tests = testsOf(row);
  for (const grant of rightsOf(row)) {
    const passed = tests.length === 0 || (await passesWithout(row.id, grant, tests));
    if (passed) unnoticed += 1;
    console.log(`${passed ? "NOT NOTICED" : "noticed    "}  ${row.id} ${grant}`);
  }
}
console.log(
  unnoticed === 0 ? "Every right is missed by a test when it is gone." : `${unnoticed} rights are missed by none.`,
=======
const child = spawn(
  process.execPath,
  [join(root, "node_modules/vitest/vitest.mjs"), "run", "tests/rights/every-right.test.ts", "--maxWorkers=1"],
  { cwd: root, stdio: "inherit", env: { ...process.env, TAKE_RIGHTS: names.length === 0 ? "all" : names.join(",") } },
>>>>>>> main
);
const [code] = await once(child, "close");
process.exitCode = typeof code === "number" ? code : 1;
