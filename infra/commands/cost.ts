import { parseArgs } from "node:util";
import { billOf, breakEven, compare, concurrencyOf, type Traffic, totalOf, usdText } from "./cost/bill.ts";
import { idleReport } from "./cost/idle.ts";
import { pricesDate, pricesRegion } from "./cost/prices.ts";
import { readUnits, sumOf, writeUnits } from "./cost/request-units.ts";

/** `npm run cost -- --requests 1e6 --tokens-out 500 --seconds 8`: a month's bill by service. `--explain` breaks down DynamoDB's units, `--idle` shows stages without traffic. */

const options = {
  /** Chat completions per month. */
  requests: { type: "string", default: "1e6" },
  "tokens-in": { type: "string", default: "1000" },
  "tokens-out": { type: "string", default: "500" },
  /** How long the provider takes for an answer. */
  seconds: { type: "string", default: "8" },
  memory: { type: "string", default: "1024" },
  peak: { type: "string", default: "5" },
  /** Share of requests that may use the cache, and the share of those that hit. */
  cached: { type: "string", default: "1" },
  "cache-hits": { type: "string", default: "0" },
  /** Requests of the same user that are open when one begins. */
  open: { type: "string", default: "1" },
  "kms-calls": { type: "string", default: "1" },
  combinations: { type: "string", default: "10" },
  "streams-per-task": { type: "string", default: "500" },
  "min-tasks": { type: "string", default: "2" },
  explain: { type: "boolean", default: false },
  /** What a stage costs without traffic, instead of a bill. */
  idle: { type: "boolean", default: false },
} as const;

const parse = (args: readonly string[]) => parseArgs({ args: [...args], options }).values;

/** A number from the command line. Throws an Error for text that is not a number, and for negative numbers. */
const toNumber = (name: string, text: string): number => {
  const value = Number(text);
  if (text === "" || !Number.isFinite(value) || value < 0) throw new Error(`--${name} is not a number: ${text}`);
  return value;
};

const shareOf = (name: string, text: string): number => {
  const value = toNumber(name, text);
  if (value > 1) throw new Error(`--${name} is a share from 0 to 1: ${text}`);
  return value;
};

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(0)} %`;

/** The complete output of the command. Throws an Error that names an invalid flag. */
export const costReport = (args: readonly string[]): string => {
  const flags = parse(args);
  if (flags.idle) return idleReport();
  const traffic: Traffic = {
    openRequests: toNumber("open", flags.open),
    requests: toNumber("requests", flags.requests),
    inputTokens: toNumber("tokens-in", flags["tokens-in"]),
    outputTokens: toNumber("tokens-out", flags["tokens-out"]),
    seconds: toNumber("seconds", flags.seconds),
    memoryMb: toNumber("memory", flags.memory),
    peak: toNumber("peak", flags.peak),
    cached: shareOf("cached", flags.cached),
    cacheHits: shareOf("cache-hits", flags["cache-hits"]),
    kmsCalls: toNumber("kms-calls", flags["kms-calls"]),
    combinations: toNumber("combinations", flags.combinations),
  };
  const containers = {
    streamsPerTask: toNumber("streams-per-task", flags["streams-per-task"]),
    minTasks: toNumber("min-tasks", flags["min-tasks"]),
  };
  const bill = billOf(traffic);
  const total = totalOf(bill);
  const [dominant] = bill;
  const { mean, peak } = concurrencyOf(traffic);
  const { serverlessUsd, containerUsd, how } = compare(traffic, containers);
  const even = breakEven(traffic, containers);
  const million = traffic.requests === 0 ? 0 : (total / traffic.requests) * 1e6;
  const rows = bill.map(
    ({ service, usd, how: why }) =>
      `${service.padEnd(34)}${usdText(usd).padStart(14)}  ${percent(usd, total).padStart(5)}  ${why}`,
  );
  const explained = [
    ["Written by a request", writeUnits(traffic)] as const,
    ["Read by a request", readUnits(traffic)] as const,
  ].flatMap(([title, counted]) => [
    "",
    `${title}: ${sumOf(counted).toFixed(1)} units`,
    ...counted.map(({ what, units }) => `  ${units.toFixed(1).padStart(5)}  ${what}`),
  ]);
  return [
    `A month in ${pricesRegion}, list prices of ${pricesDate}, without free tiers and without the providers' own bills.`,
    `${traffic.requests.toLocaleString("en")} requests of ${traffic.seconds} s; ${mean.toFixed(1)} run at once on average, ${peak.toFixed(0)} at the peak.`,
    "",
    ...rows,
    `${"Total".padEnd(34)}${usdText(total).padStart(14)}         ${usdText(million)} a million requests`,
    "",
    `Dominant: ${dominant?.service ?? "-"} (${percent(dominant?.usd ?? 0, total)}).`,
    `API Gateway and Lambda ${usdText(serverlessUsd)}; containers that always run instead ${usdText(containerUsd)} (${how}).`,
    even === undefined
      ? "At this shape of traffic containers are never cheaper."
      : `At this shape of traffic containers are cheaper from about ${even.toLocaleString("en")} requests a month.`,
    ...(flags.explain ? explained : []),
    "",
  ].join("\n");
};

if (import.meta.main) {
  try {
    process.stdout.write(costReport(process.argv.slice(2)));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
