import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./tests/support/longest-first.ts";
import { filesWithSharedModules, testFiles } from "./tests/support/shared-modules.ts";

const include = "tests/**/*.test.ts";
const exclude = ["tests/load/**", "tests/bench/**"];
const sharing = filesWithSharedModules(testFiles(include, exclude));

const common = {
  testTimeout: 30_000,
  hookTimeout: 120_000,
  setupFiles: ["tests/support/setup.ts"],
};

// Test processes inherit V8's cache of the packages' code, which each would otherwise compile again.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "node_modules/.cache/concurred-tests");

export default defineConfig({
  test: {
    reporters: ["default"],
    globalSetup: ["tests/support/global-setup.ts"],
    // On two cores, one more than they are: tests that wait leave theirs free. Three take 0.86 times as long as two.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      { test: { ...common, name: "own modules", include: [include], exclude: [...exclude, ...sharing] } },
      { test: { ...common, name: "shared modules", include: [...sharing], isolate: false } },
    ],
  },
});
