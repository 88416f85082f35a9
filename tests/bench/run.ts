import { dispatch, type NamedCommands, script } from "#infra/commands/named-commands.ts";

/** `npm run bench [-- <name>]`: measurements of speed. All but `arena` and `council` write docs/quality/performance.md. */
export const benchCommands = {
  gateway: {
    summary: "latency, CPU, cold start and memory next to an empty function and Portkey (default); --quick",
    prepare: ["npm", "ci", "--prefix", "tests/bench/peer"],
    run: script("tests/bench/bench.ts"),
  },
  translation: {
    summary: "CPU of a stream chunk that an adapter translates",
    run: script("tests/bench/translation.ts", "--write"),
  },
  dialects: {
    summary: "CPU of a stream chunk in each dialect, native and translated; --quick",
    run: script("tests/bench/dialects.ts", "--write"),
  },
  guardrails: {
    summary: "CPU of a stream chunk under guardrails",
    run: script("tests/bench/guardrails.ts", "--write"),
  },
  arena: {
    summary: "time that a blind fight of eight agents adds to the slowest agent",
    run: script("tests/bench/arena.ts"),
  },
  council: {
    summary: "accuracy against cost: best single model, majority vote, fight, council; --write; CK_KEY for real models",
    run: script("tests/bench/council.ts"),
  },
  bodies: {
    summary: "CPU and memory of 5 MB bodies, refused and read",
    run: script("tests/bench/bodies.ts"),
  },
  aws: {
    summary:
      "time added before the first token with TLS and AWS's delays, warm and cold; with a commit or a folder, compared to it; --dry",
    run: script("tests/bench/aws.ts"),
  },
  against: {
    summary: "CPU, cold start, memory and `npm start` compared with the commit or folder that is the argument; --dry",
    run: script("tests/bench/against.ts"),
  },
  growth: {
    summary: "CPU per message, tool, key, event and model: flat or linear; --quick, --only=<part of a name>",
    run: script("tests/bench/growth-sweeps.ts"),
  },
} satisfies NamedCommands;

if (import.meta.main) {
  const usage = "npm run bench [-- <name> [arguments]]";
  const defaultName: keyof typeof benchCommands = "gateway";
  process.exitCode = await dispatch({ usage, commands: benchCommands, defaultName }, process.argv.slice(2));
}
