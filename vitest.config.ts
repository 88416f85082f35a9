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
    // Two small cores: more forks than that only slow each other down.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
  },
});
