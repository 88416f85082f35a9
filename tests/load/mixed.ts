import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { replaceSection, table } from "#tests/bench/markdown.ts";
import { median, quantile } from "#tests/bench/statistics.ts";
import { booksAfterKills } from "./mixed/after-kills.ts";
import { type LoadedGateway, startLoadedGateway } from "./mixed/gateway.ts";
import { type Count, type Gauge, type Kind, mixedKinds, newAgent, noCount, send, slowStream } from "./mixed/traffic.ts";

/**
 * `npm run load -- mixed`: ten minutes of mixed traffic on `npm start`: open streams, ramped up, and every other kind of request
 * in turn. No request may fail, usage must equal the client's count to the last token, memory must stay flat, and the front
 * end's event loop responsive. Then two minutes under budgets and tags while functions are killed: budgets, sums and the request log
 * must agree (mixed/after-kills.ts).
 */

const { values: flags } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    /** Streams that are open at once. */
    streams: { type: "string", default: "60" },
    "per-second": { type: "string", default: "2" },
    /** Length of a stream. */
    seconds: { type: "string", default: "20" },
    /** Connections with every other kind of request. */
    others: { type: "string", default: "3" },
    /** Of the part with budgets, tags and kills; 0 leaves it out. */
    "kill-minutes": { type: "string", default: "2" },
    /** Only that part. Nothing is written to docs/quality/performance.md. */
    "only-kills": { type: "boolean", default: false },
    /** Print only; do not write docs/quality/performance.md. */
    dry: { type: "boolean", default: false },
  },
});

const durationMs = Number(flags.minutes) * 60_000;
const openStreams = Number(flags.streams);
const others = Number(flags.others);
const streamKind = slowStream(Number(flags.seconds));
const sampleMs = 2_000;
/** How much more memory the last quarter of the steady time may take than its second. */
const growthLimit = 1.1;
/** Longest time in which usage has to have caught up with the last request, ms. */
const rollupWaitMs = 30_000;
const allowedLoopDelayMs = 1_000;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

interface Tally {
  readonly count: Count;
  readonly byKind: Map<string, number>;
  readonly failures: string[];
}

const note = ({ count, byKind }: Tally, kind: Kind, counted: Partial<Count>): void => {
  for (const name of Object.keys(count) as (keyof Count)[]) count[name] += counted[name] ?? 0;
  byKind.set(kind.name, (byKind.get(kind.name) ?? 0) + 1);
};

/** One connection: its next request begins when its last answer is whole. */
const loop = async (
  gateway: LoadedGateway,
  tally: Tally,
  kinds: readonly Kind[],
  first: number,
  untilMs: number,
  gauge?: Gauge,
) => {
  const agent = newAgent();
  for (let index = first; performance.now() < untilMs; index++) {
    const kind = kinds[index % kinds.length];
    if (kind === undefined) continue;
    try {
      note(tally, kind, kind.count(await send(gateway, agent, kind, index, gauge)));
    } catch (error) {
      tally.failures.push(String(error));
    }
  }
  agent.destroy();
};

interface UsageAnswer {
  readonly totalRequests: number;
  readonly totalTokens: number;
  readonly generations: number;
  readonly errors: number;
  readonly cacheHits: number;
}

const readUsage = async (gateway: LoadedGateway): Promise<Count> => {
  const usage: Kind = { name: "the usage", method: "GET", path: "/api/v1/usage", count: () => ({}) };
  const agent = newAgent();
  const { text } = await send(gateway, agent, usage, 0);
  agent.destroy();
  const { data } = JSON.parse(text) as { readonly data: UsageAnswer };
  const { totalRequests: requests, totalTokens: tokens, generations, errors, cacheHits } = data;
  return { requests, generations, errors, cacheHits, tokens };
};

/** Usage once it shows as many requests as were counted, or after the time that it may take. */
const settledUsage = async (gateway: LoadedGateway, requests: number): Promise<Count> => {
  const until = performance.now() + rollupWaitMs;
  for (;;) {
    const usage = await readUsage(gateway);
    if (usage.requests >= requests || performance.now() > until) return usage;
    await pause(500);
  }
};

interface Sample {
  readonly residentBytes: number;
  readonly openStreams: number;
}

const drive = async (gateway: LoadedGateway, tally: Tally): Promise<readonly Sample[]> => {
  const untilMs = performance.now() + durationMs;
  const samples: Sample[] = [];
  const streams: Gauge = { open: 0 };
  const watch = setInterval(() => {
    void gateway.residentBytes().then((residentBytes) => samples.push({ residentBytes, openStreams: streams.open }));
  }, sampleMs);
  const loops: Promise<void>[] = [];
  for (let index = 0; index < others; index++) {
    loops.push(loop(gateway, tally, mixedKinds, index * 5, untilMs));
  }
  for (let index = 0; index < openStreams; index++) {
    loops.push(loop(gateway, tally, [streamKind], index, untilMs, streams));
    await pause(1_000 / Number(flags["per-second"]));
  }
  await Promise.all(loops);
  clearInterval(watch);
  return samples;
};

const megabytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(0);

const quarter = (samples: readonly number[], which: number): number =>
  median(samples.slice(Math.floor((samples.length * which) / 4), Math.floor((samples.length * (which + 1)) / 4)));

/** The part with kills, if it is wanted: nothing otherwise. */
const afterKills = async (): ReturnType<typeof booksAfterKills> => {
  const minutes = Number(flags["kill-minutes"]);
  if (minutes === 0) return { text: "", wrong: [] };
  const result = await booksAfterKills(minutes, others);
  say(`\n${result.text}`);
  return result;
};

const main = async (): Promise<void> => {
  if (flags["only-kills"]) {
    const { wrong } = await afterKills();
    if (wrong.length > 0) throw new Error(wrong.join("; "));
    return;
  }
  const gateway = await startLoadedGateway();
  try {
    const tally: Tally = { count: noCount(), byKind: new Map(), failures: [] };
    say(`${flags.minutes} minutes, ${openStreams} open streams and ${others} other connections on ${gateway.url}`);
    const samples = await drive(gateway, tally);
    const { count } = tally;
    const usage = await settledUsage(gateway, count.requests);
    // The last quarter but for the streams that were let run out.
    const steady = samples.slice(Math.ceil((openStreams / Number(flags["per-second"]) / sampleMs) * 1_000));
    const resident = steady.map(({ residentBytes }) => residentBytes);
    const [second, last] = [quarter(resident, 1), quarter(resident, 3)];
    const open = steady.map((sample) => sample.openStreams);
    const delays = await gateway.loopDelaysMs();
    const names = Object.keys(count) as (keyof Count)[];
    const text = [
      `Measured ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC: ${flags.minutes} minutes, ${openStreams} open streams of ${flags.seconds} s each, started ${flags["per-second"]} per second, and ${others} other connections. ${tally.failures.length} requests failed. Open streams, sampled every ${sampleMs / 1_000} s: median ${median(open)}, maximum ${Math.max(...open)}.`,
      table(
        ["", ...names],
        [
          ["Client's count", ...names.map((name) => String(count[name]))],
          ["GET /api/v1/usage", ...names.map((name) => String(usage[name]))],
        ],
      ),
      `Memory of the whole process, median of the second and of the last quarter: ${megabytes(second)} and ${megabytes(last)} MB (${(last / second).toFixed(3)} times). Maximum event-loop delay of the front end per second, ms: median ${median(delays).toFixed(0)}, p99 ${quantile(delays, 0.99).toFixed(0)}, maximum ${Math.max(...delays).toFixed(0)}.`,
      [...tally.byKind].map(([name, requests]) => `${name} ${requests}`).join(", "),
    ].join("\n\n");
    say(`\n${text}`);
    for (const failure of tally.failures.slice(0, 5)) say(failure);
    await gateway.stop();
    const { text: killsText, wrong } = await afterKills();
    if (!flags.dry) await replaceSection("mixed", `${text}\n\n${killsText}`.trimEnd());
    const faults = [
      tally.failures.length > 0 && "requests failed",
      names.some((name) => count[name] !== usage[name]) && "usage is not what was counted",
      last > second * growthLimit && "memory grows",
      quantile(delays, 0.99) > allowedLoopDelayMs && "the event loop is held up",
      wrong.length > 0 && wrong.join("; "),
    ].filter((fault) => fault !== false);
    if (faults.length > 0) throw new Error(faults.join("; "));
  } finally {
    await gateway.stop();
  }
};

await main();
