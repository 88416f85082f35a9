import { defineConfig } from "vitest/config";
import { groups } from "./groups.ts";

/** Vitest as Stryker runs it: the tests of one group, and no build of the dashboard, which none of them needs. */
const name = process.env.MUTATION_GROUP ?? "";
const group = groups[name];
if (group === undefined) throw new Error(`MUTATION_GROUP is ${name}, which is no group`);

export default defineConfig({
  test: {
    include: [...group.tests],
    // A mutant that hangs a test is found out by it, so no longer than a slow machine needs.
    testTimeout: 20_000,
    hookTimeout: 60_000,
    setupFiles: ["tests/support/setup.ts"],
  },
});
