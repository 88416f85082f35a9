/** What is mutated together, and by which tests. Few and fast tests: each mutant runs all of them that reach it. */
export interface MutationGroup {
  /** The folder of the score, such as `core/auth`. */
  readonly folder: string;
  /** Globs of source files. */
  readonly sources: readonly string[];
  /** Globs of test files. Whatever these do not notice counts as survived, though another test might. */
  readonly tests: readonly string[];
}

/** Files of core/auth that need Supabase: their tests sign in over the real chain. */
const sessionSources = ["count-request", "next-path", "session-claims", "supabase-client", "unkey-client"].map(
  (name) => `core/auth/${name}.ts`,
);

export const groups: Readonly<Record<string, MutationGroup>> = {
  encryption: {
    folder: "core/encryption",
    sources: ["core/encryption/*.ts"],
    tests: ["tests/core/encryption/*.test.ts"],
  },
  keys: {
    folder: "core/auth",
    sources: ["core/auth/*.ts", ...sessionSources.map((file) => `!${file}`)],
    tests: ["tests/core/auth/*.test.ts"],
  },
  sessions: {
    folder: "core/auth",
    sources: sessionSources,
    tests: ["tests/core/auth/session-*.test.ts", "tests/accounts/sessions.test.ts"],
  },
  routing: {
    folder: "core/routing",
    sources: ["core/routing/*.ts"],
    tests: ["tests/core/routing/*.test.ts"],
  },
  usage: {
    folder: "core/usage",
    sources: ["core/usage/*.ts"],
    tests: ["tests/core/usage/*.test.ts", "tests/accounts/usage.test.ts"],
  },
};
