import { defineConfig } from "vitest/config";
import { LongestFirst } from "./tests/support/longest-first.ts";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    exclude: ["tests/load/**", "tests/bench/**", "node_modules/**"],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    reporters: ["default"],
    setupFiles: ["tests/support/setup.ts"],
    globalSetup: ["tests/support/global-setup.ts"],
    // On two cores, one more than they are: tests that wait leave theirs free. Three take 0.86 times as long as two.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
  },
});
