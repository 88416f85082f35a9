import { dispatch, type NamedCommands, script } from "#infra/commands/named-commands.ts";

/** `npm run load -- <name>`: memory and cost that must not grow. */
export const loadCommands = {
  agents: {
    summary: "conversations of 200 turns and 400 KB in each dialect; usage is exact, and memory must not grow",
    run: script("tests/load/agents.ts"),
  },
  mixed: {
    summary:
      "ten minutes of mixed traffic, whose usage must equal the client's own count; then budgets, tags and kills, after which all books must agree",
    run: script("tests/load/mixed.ts"),
  },
  money: {
    summary:
      "ten minutes of cancels, timeouts, retries and searches; the daily cap, rollups, events and the provider's own accounts agree",
    run: script("tests/load/money.ts"),
  },
  streams: {
    summary: "a hundred slow streams over sixty workers, twice",
    run: script("tests/load/streams.ts"),
  },
  waves: {
    summary: "ten waves of sixty streams",
    run: script("tests/load/streams.ts", "--waves", "10", "--streams", "60", "--per-second", "30", "--seconds", "3"),
  },
  "long-stream": {
    summary: "memory must not grow with the length of a stream",
    run: [process.execPath, "--expose-gc", "tests/load/long-stream.ts"],
  },
  "request-log": {
    summary: "a page of the request log reads at most 1 MB over 100 to 1,000,000 events; a number is the largest set",
    run: script("tests/load/request-log.ts"),
  },
  requests: {
    summary: "memory must not grow with the number of requests",
    run: script("tests/load/requests.ts"),
  },
  rights: {
    summary: "every right of every function is missed when it is gone; ten minutes, or name functions",
    run: script("tests/rights/each-right.ts"),
  },
  usage: {
    summary: "the cost of reading usage must not grow with the number of events",
    run: script("tests/load/usage-100k.ts"),
  },
} satisfies NamedCommands;

if (import.meta.main) {
  const usage = "npm run load -- <name> [arguments]";
  process.exitCode = await dispatch({ usage, commands: loadCommands }, process.argv.slice(2));
}
