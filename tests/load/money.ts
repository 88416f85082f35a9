import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { exaSearchPicoUsd } from "#core/catalog/search-prices.ts";
import { machineLoad } from "#tests/bench/machine-load.ts";
import { replaceSection, table } from "#tests/bench/markdown.ts";
import { type LoadedGateway, startLoadedGateway } from "./mixed/gateway.ts";
import { newAgent } from "./mixed/traffic.ts";
import { daysSince, type GatewayBooks, readBooks, spendOf, statedTokens } from "./money/books.ts";
import { type BookkeepingProvider, startBookkeepingProvider } from "./money/provider.ts";
import { ask, kindOf, kinds } from "./money/requests.ts";

/**
 * `npm run load -- money`: ten minutes of chats, cancels, timeouts, cut-off answers, strict retries, refusals and battles with
 * searches on `npm start`, against a provider that keeps its own books. In the end the provider's books, the usage events, the
 * daily sums and the daily cap must agree: tokens to the last one, money to the pico-dollar.
 */

const { values: flags } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    connections: { type: "string", default: "12" },
    /** Print only; do not write docs/quality/performance.md. */
    dry: { type: "boolean", default: false },
  },
});

const connections = Number(flags.connections);
/** Longest time in which the books have to be complete after the last answer, ms. */
const settleWaitMs = 60_000;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const drive = async (
  gateway: LoadedGateway,
): Promise<{ readonly made: Map<string, number>; readonly faults: string[] }> => {
  const untilMs = performance.now() + Number(flags.minutes) * 60_000;
  const made = new Map<string, number>();
  const faults: string[] = [];
  let next = 0;
  const connection = async (): Promise<void> => {
    const agent = newAgent();
    while (performance.now() < untilMs) {
      const index = next++;
      const kind = kindOf(index);
      await ask(gateway, agent, kind, index).catch((error: unknown) => faults.push(`${kind.name}: ${String(error)}`));
      made.set(kind.name, (made.get(kind.name) ?? 0) + 1);
    }
    agent.destroy();
  };
  await Promise.all(Array.from({ length: connections }, connection));
  return { made, faults };
};

/** The books once every request is settled and summed up, or after the time that this may take. */
const settledBooks = async (gateway: LoadedGateway, startedAtMs: number): Promise<GatewayBooks> => {
  const until = performance.now() + settleWaitMs;
  for (;;) {
    const books = await readBooks(gateway, daysSince(startedAtMs));
    const requests = books.events.filter(({ generation }) => generation === 0).length;
    const isSettled =
      books.openRequests === 0 &&
      books.events.every(({ status }) => status !== "open") &&
      books.rollups.requests === requests;
    if (isSettled || performance.now() > until) return books;
    await pause(1_000);
  }
};

type Pair = readonly [what: string, ours: bigint | number, theirs: bigint | number];

const compare = ({ events, rollups, spentPicoUsd, openRequests }: GatewayBooks, { books }: BookkeepingProvider) => {
  const chats = events.filter(({ provider }) => provider !== "exa");
  const searches = events.filter(({ provider }) => provider === "exa");
  const cost = events.reduce((sum, { costPicoUsd }) => sum + (costPicoUsd ?? 0n), 0n);
  const stated = chats.map(statedTokens);
  const tokens = events.reduce((sum, { inputTokens, outputTokens }) => sum + inputTokens + outputTokens, 0);
  const pairs: readonly Pair[] = [
    ["open requests, none", openRequests, 0],
    [
      "calls: attempts of the events, the provider's count",
      chats.reduce((sum, { attempts }) => sum + attempts.length, 0),
      books.calls,
    ],
    ["input tokens that the provider stated", stated.reduce((sum, { input }) => sum + input, 0), books.inputTokens],
    ["output tokens that the provider stated", stated.reduce((sum, { output }) => sum + output, 0), books.outputTokens],
    ["searches", searches.length, books.searches],
    [
      "cost of searches, pico-USD",
      searches.reduce((sum, event) => sum + (event.costPicoUsd ?? 0n), 0n),
      exaSearchPicoUsd * BigInt(books.searches),
    ],
    ["tokens: daily sums, events", rollups.tokens, tokens],
    ["cost: daily sums, events, pico-USD", rollups.costPicoUsd, cost],
    [
      "daily cap: row, events by what is booked, pico-USD",
      spentPicoUsd,
      events.reduce((sum, event) => sum + spendOf(event), 0n),
    ],
  ];
  return pairs;
};

const main = async (): Promise<void> => {
  const provider = await startBookkeepingProvider();
  const { url } = provider.server;
  const startedAtMs = Date.now();
  const gateway = await startLoadedGateway({ OPENAI_BASE_URL: url, GOOGLE_BASE_URL: url, EXA_BASE_URL: url });
  try {
    say(`${flags.minutes} minutes on ${connections} connections: ${kinds.map(({ name }) => name).join(", ")}`);
    const { made, faults } = await drive(gateway);
    const load = machineLoad();
    const books = await settledBooks(gateway, startedAtMs);
    const pairs = compare(books, provider);
    const wrong = pairs.filter(([, ours, theirs]) => ours !== theirs);
    const requests = [...made.values()].reduce((sum, count) => sum + count, 0);
    const text = [
      `Measured ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC: ${flags.minutes} minutes, ${connections} connections, ${requests} requests, ${books.events.length} usage events; ${load}. ${faults.length} requests were answered otherwise than they had to be.`,
      table(
        ["", "One book", "The other"],
        pairs.map(([what, ours, theirs]) => [what, String(ours), String(theirs)]),
      ),
      `Requests: ${[...made].map(([name, count]) => `${name} ${count}`).join(", ")}.`,
    ].join("\n\n");
    say(`\n${text}`);
    for (const fault of faults.slice(0, 10)) say(fault);
    if (!flags.dry) await replaceSection("money", text);
    if (wrong.length > 0 || faults.length > 0)
      throw new Error(`${wrong.map(([what]) => what).join("; ")} ${faults.length}`);
  } finally {
    await gateway.stop();
    await provider.server.close();
  }
};

await main();
