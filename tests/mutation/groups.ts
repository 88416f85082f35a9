/** What is mutated together, and by which tests. Few and fast tests: each mutant runs all of them that reach it. */
export interface MutationGroup {
  /** The folder of the score, such as `core/auth`. */
  readonly folder: string;
  /** Globs of source files. */
  readonly sources: readonly string[];
  /** Globs of test files. Whatever these do not notice counts as survived, though another test might. */
  readonly tests: readonly string[];
}

/** Files of core/auth that stand behind the dashboard's session. */
const sessionFiles = [
  "admitted-users",
  "cookies",
  "count-request",
  "next-path",
  "session-claims",
  "supabase-client",
  "unkey-client",
];

/** Files of core/usage that add up what was metered. */
const sumFiles = ["rebuild", "rollup", "rollup-sums", "summary", "sweep"];

export const groups: Readonly<Record<string, MutationGroup>> = {
  encryption: {
    folder: "core/encryption",
    sources: ["core/encryption/*.ts"],
    tests: ["tests/core/encryption/*.test.ts"],
  },
  keys: {
    folder: "core/auth",
    sources: [`core/auth/!(${sessionFiles.join("|")}).ts`],
    tests: [
      "tests/core/auth/{api-key,key-format,local-limiter,rate-limit,session-admitted-users,session-sign-up-policy,unkey-verify}.test.ts",
    ],
  },
  sessions: {
    folder: "core/auth",
    sources: [`core/auth/@(${sessionFiles.join("|")}).ts`],
    tests: [
      "tests/core/auth/{count-request,counted-address,next-path,session-admitted-users,session-claims,supabase-client}.test.ts",
    ],
  },
  routing: {
    folder: "core/routing",
    sources: ["core/routing/*.ts"],
    tests: ["tests/core/routing/!(routed-chat).test.ts"],
  },
  metering: {
    folder: "core/usage",
    sources: [`core/usage/!(${sumFiles.join("|")}).ts`],
    tests: [
      "tests/core/usage/{end-of-request,estimate,meter,place,rollup-latency,settlement,token-usage,unused}.test.ts",
    ],
  },
  sums: {
    folder: "core/usage",
    sources: [`core/usage/@(${sumFiles.join("|")}).ts`],
    tests: ["tests/core/usage/{rebuild,rollup,rollup-sums,summary,sweep}.test.ts"],
  },
};
