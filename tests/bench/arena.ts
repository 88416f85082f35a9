import type { ArenaRun, Generated, GenerationRequest } from "#core/arena/arena-run.ts";
import { arenaFrames } from "#core/arena/run-arena.ts";
import { SearchBudget } from "#core/arena/search-budget.ts";
import { noTokens } from "#core/catalog/token-usage.ts";
import { GatewayError } from "#core/errors.ts";
import { quantile } from "./statistics.ts";

/**
 * `npm run bench -- arena`: the time that a blind fight of eight agents adds to the slowest agent in each round. Agents stream
 * their tokens at different paces. An agent's time is measured around its call, the round's from its start to its end as a
 * reader of the stream sees it. Fails when the median round takes over 5 % longer. Only the arena is measured; `npm run bench`
 * measures the cost of a provider call.
 */

const agents = 8;
const rounds = 5;
const chunks = 150;
const allowedRatio = 1.05;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

class PacedRun implements ArenaRun {
  readonly runId = "req_bench";
  readonly signal = new AbortController().signal;
  readonly abortReason = new GatewayError("CONFLICT", "Cancelled.");
  readonly overCost = false;
  readonly cancelled = false;
  readonly searches = new SearchBudget();
  readonly totals = { inputTokens: 0, outputTokens: 0, costPicoUsd: 0n };
  /** Each answer's own time, ms, in the order of their starts: a round's are together. */
  readonly ownMs: number[] = [];

  remainingMs(): number {
    return 840_000;
  }

  search<Result>(work: () => Promise<Result>): Promise<Result> {
    return work();
  }

  async record(): Promise<void> {
    // A bench has no ratings.
  }

  async generate(request: GenerationRequest): Promise<Generated> {
    const done = { toolCalls: [], usage: noTokens, costPicoUsd: 0n, model: request.model, finishReason: "stop" };
    if (request.responseFormat !== undefined) return { ...done, content: "" };
    const startedAt = performance.now();
    const paceMs = 5 + Number(request.model);
    let content = "";
    for (let chunk = 0; chunk < chunks; chunk++) {
      await pause(paceMs);
      const text = `word ${chunk} `;
      content += text;
      request.onText(text);
    }
    this.ownMs.push(performance.now() - startedAt);
    return { ...done, content };
  }
}

const main = async (): Promise<void> => {
  const run = new PacedRun();
  const frames = arenaFrames(run, {
    mode: "fight",
    message: "Why is the sky blue?",
    models: Array.from({ length: agents }, (_, index) => String(index)),
    history: [],
    stream: true,
    search: false,
    rounds,
    fightMode: "blind",
    maxCostUsd: undefined,
    maxTokens: undefined,
  });
  const roundMs: number[] = [];
  let startedAt = 0;
  for await (const frame of frames) {
    const now = performance.now();
    // One part may end a round and start the next.
    if (frame.includes("event: round.end")) roundMs.push(now - startedAt);
    if (frame.includes("event: round.start")) startedAt = now;
  }
  const ratios = roundMs.map((ms, round) => ms / Math.max(...run.ownMs.slice(round * agents, (round + 1) * agents)));
  const median = quantile(ratios, 0.5);
  const shown = ratios.map((ratio) => ratio.toFixed(4)).join(", ");
  process.stdout.write(
    `Blind fight, ${agents} agents, ${rounds} rounds: round / slowest agent = ${median.toFixed(4)} (each: ${shown}); allowed ${allowedRatio}\n`,
  );
  if (roundMs.length !== rounds || median > allowedRatio) process.exitCode = 1;
};

await main();
