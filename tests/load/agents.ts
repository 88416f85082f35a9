import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { replaceSection, table } from "#tests/bench/markdown.ts";
import { median } from "#tests/bench/statistics.ts";
import { type AgentDialect, agents } from "./agents/agent.ts";
import { agentModels, type Conversed, converse, faultsIn } from "./agents/conversation.ts";
import { type LoadedGateway, startLoadedGateway } from "./mixed/gateway.ts";
import { daysSince, type GatewayBooks, readBooks, spendOf } from "./money/books.ts";

/**
 * `npm run load -- agents`: conversations of 200 turns and 400 KB in each dialect, twice: tools in parallel, images in their
 * results, models that change on the way, streams that are cut in mid-call and asked again. No answer may be lost, usage must be
 * exact, and the second round may leave no more memory than the first.
 */

const { values: flags } = parseArgs({
  options: {
    turns: { type: "string", default: "200" },
    rounds: { type: "string", default: "2" },
    /** Print only; do not write docs/quality/performance.md. */
    dry: { type: "boolean", default: false },
  },
});

const turns = Number(flags.turns);
const rounds = Number(flags.rounds);
const historyBytes = 400_000;
/** Each turn has three texts of this length. */
const filler = Math.max(0, Math.ceil(historyBytes / turns / 3) - 100);
const settleMs = 15_000;
const rollupWaitMs = 60_000;
/** How much more memory the last round may leave than the first. */
const growthLimit = 1.15;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const settledBooks = async (gateway: LoadedGateway, startedAtMs: number, requests: number): Promise<GatewayBooks> => {
  const until = performance.now() + rollupWaitMs;
  for (;;) {
    const books = await readBooks(gateway, daysSince(startedAtMs));
    const isSettled = books.rollups.requests >= requests && books.openRequests === 0;
    if (isSettled || performance.now() > until) return books;
    await pause(500);
  }
};

/** The gateway's own time until an answer began, in a quarter of a conversation, ms. */
const quarterMs = ({ exchanges }: Conversed, { events }: GatewayBooks, which: number): number => {
  const size = Math.ceil(exchanges.length / 4);
  const ids = new Set(exchanges.slice(which * size, (which + 1) * size).map(({ requestId }) => requestId));
  return median(events.filter(({ requestId }) => ids.has(requestId)).map(({ overheadMs = 0 }) => overheadMs));
};

const kilobytes = (bytes: number): string => (bytes / 1_000).toFixed(0);
const megabytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(0);

const bookRows = (conversed: readonly Conversed[], { events, rollups, spentPicoUsd }: GatewayBooks) => {
  const exchanges = conversed.flatMap((each) => each.exchanges);
  const tokens = events.reduce((sum, event) => sum + event.inputTokens + event.outputTokens, 0);
  const cost = events.reduce((sum, event) => sum + (event.costPicoUsd ?? 0n), 0n);
  const spend = events.reduce((sum, event) => sum + spendOf(event), 0n);
  return [
    ["requests: agents, events", String(exchanges.length), String(events.length)],
    ["requests: agents, daily sums", String(exchanges.length), String(rollups.requests)],
    ["tokens: daily sums, events", String(rollups.tokens), String(tokens)],
    ["cost: daily sums, events, pico-USD", String(rollups.costPicoUsd), String(cost)],
    ["daily cap: row, events by what is booked, pico-USD", String(spentPicoUsd), String(spend)],
  ] as const;
};

const main = async (): Promise<void> => {
  const gateway = await startLoadedGateway();
  const startedAtMs = Date.now();
  const options = { turns, filler, models: agentModels, cutEvery: 10, switchEvery: 7 };
  try {
    const conversed: Conversed[] = [];
    const memory: number[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const dialect of Object.keys(agents) as AgentDialect[]) {
        conversed.push(await converse(gateway, dialect, options));
        say(`Round ${round + 1}, ${dialect}: ${conversed.at(-1)?.exchanges.length} requests`);
      }
      await pause(settleMs);
      memory.push(await gateway.residentBytes());
    }
    const count = conversed.reduce((sum, { exchanges }) => sum + exchanges.length, 0);
    const books = await settledBooks(gateway, startedAtMs, count);
    const rows = bookRows(conversed, books);
    const faults = conversed.flatMap((each) => faultsIn(each, books.events));
    const [first = 0, last = 0] = [memory[0], memory.at(-1)];
    const text = [
      `Measured ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC: ${turns} turns in each dialect, ${rounds} times; ${count} requests, of which ${conversed.flatMap(({ exchanges }) => exchanges).filter(({ answered }) => answered === undefined).length} streams were cut in mid-call and asked again. Overhead is the gateway's own time until an answer began, as a median. Models: ${agentModels.join(", ")}. ${faults.length} answers were booked otherwise than they said.`,
      table(
        [
          "Dialect",
          "Requests",
          "Last request, KB",
          "Overhead of the first quarter, ms",
          "Overhead of the last quarter, ms",
        ],
        conversed.map((each) => [
          each.dialect,
          String(each.exchanges.length),
          kilobytes(each.exchanges.at(-1)?.sentBytes ?? 0),
          quarterMs(each, books, 0).toFixed(0),
          quarterMs(each, books, 3).toFixed(0),
        ]),
      ),
      table(["", "One book", "The other"], rows),
      `Memory of the whole process, simulated providers and their journal too, after each round: ${memory.map(megabytes).join(", ")} MB.`,
    ].join("\n\n");
    say(`\n${text}`);
    for (const fault of faults.slice(0, 5)) say(fault);
    if (!flags.dry) await replaceSection("agents", text);
    const wrong = [
      faults.length > 0 && "usage is not exact",
      rows.some(([, one, other]) => one !== other) && "the books disagree",
      books.openRequests > 0 && "requests are open",
      last > first * growthLimit && "memory grows",
    ].filter((each) => each !== false);
    if (wrong.length > 0) throw new Error(wrong.join("; "));
  } finally {
    await gateway.stop();
  }
};

await main();
