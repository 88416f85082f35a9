import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Row, replaceSection, table } from "./markdown.ts";
import type { ColdStart, Latency, OwnCpu } from "./measure.ts";
import { type Scenario, scenarioName } from "./scenarios.ts";
import type { Figure } from "./statistics.ts";

export interface LatencyRow {
  readonly scenario: Scenario;
  readonly targets: Readonly<Record<"direct" | "gateway" | "floor", Latency> & { readonly peer?: Latency }>;
}

/** How long the streams are that nobody reads. A chunk has some 250 bytes. */
export const stallMegabytes = { short: 15, long: 60 } as const;

/** What one of them adds to the process's memory. */
export interface Stall {
  readonly shortBytes: number;
  readonly longBytes: number;
}

/** Everything of one run, as results/latest.json keeps it. */
export interface BenchResult {
  readonly measuredAt: string;
  readonly node: string;
  readonly cores: number;
  readonly quick: boolean;
  readonly rounds: number;
  readonly peerInstalled: boolean;
  readonly bundle: { readonly eagerBytes: number; readonly totalBytes: number };
  // What was asked for.
  readonly jsonCpu: OwnCpu | undefined;
  readonly streamCpu: OwnCpu | undefined;
  readonly chunkCpu: ChunkCpu | undefined;
  readonly latency: readonly LatencyRow[] | undefined;
  /** The same over the embedded engine. */
  readonly engine: readonly LatencyRow[] | undefined;
  readonly cold: ColdStart | undefined;
  readonly memory: { readonly gatewayBytes: number; readonly floorBytes: number } | undefined;
  readonly stall: Stall | undefined;
}

export interface ChunkCpu {
  readonly gatewayMicros: number;
  readonly floorMicros: number;
  readonly ownMicros: number;
  readonly peerMicros: number | undefined;
}

const resultFile = join(import.meta.dirname, "results/latest.json");

const short = (value: number, digits: number): string => value.toFixed(digits);

/** The median with the range of the rounds, where there was more than one. */
const figure = ({ median, lowest, highest }: Figure, digits = 2): string =>
  lowest === highest
    ? short(median, digits)
    : `${short(median, digits)} (${short(lowest, digits)}–${short(highest, digits)})`;

const megabytes = (bytes: number): string => `${short(bytes / 1024 / 1024, 1)} MB`;
const kilobytes = (bytes: number): string => `${short(bytes / 1024, 1)} KB`;
const verdict = (value: number, target: number): string =>
  value <= target ? "yes" : `no, by ${short((value / target - 1) * 100, 0)} %`;

const latencyTable = (latency: readonly LatencyRow[], peerInstalled: boolean): string =>
  table(
    [
      "Scenario",
      "Target",
      "p50 ms",
      "p99 ms",
      "added p50",
      "added p99",
      "first byte p50",
      "added",
      "over the floor",
      "req/s",
    ],
    latency.flatMap(({ scenario, targets }) => {
      const { direct, floor } = targets;
      const row = (name: string, latency: Latency): Row => [
        scenarioName(scenario),
        name,
        figure(latency.p50Ms),
        figure(latency.p99Ms),
        short(latency.p50Ms.median - direct.p50Ms.median, 2),
        short(latency.p99Ms.median - direct.p99Ms.median, 2),
        figure(latency.firstByteP50Ms),
        short(latency.firstByteP50Ms.median - direct.firstByteP50Ms.median, 2),
        name === "this gateway" ? short(latency.p50Ms.median - floor.p50Ms.median, 2) : "",
        short(latency.requestsPerSecond.median, 0),
      ];
      const rows = [
        row("provider directly", direct),
        row("empty function (floor)", floor),
        row("this gateway", targets.gateway),
      ];
      const empty = ["", "", "", "", "", "", "", ""];
      if (targets.peer !== undefined) rows.push(row("Portkey 1.15.2", targets.peer));
      else if (!peerInstalled) rows.push([scenarioName(scenario), "Portkey 1.15.2: not installed", ...empty]);
      return rows;
    }),
  );

const cpuRow = (name: string, cpu: OwnCpu | undefined, targetMs: number): readonly Row[] =>
  cpu === undefined
    ? []
    : [
        [
          name,
          figure(cpu.gatewayMs),
          figure(cpu.floorMs),
          figure(cpu.ownMs),
          cpu.callsMs === undefined ? "" : figure(cpu.callsMs),
          cpu.peerMs === undefined ? "" : figure(cpu.peerMs),
          `≤ ${targetMs}`,
          verdict(cpu.ownMs.median, targetMs),
        ],
      ];

const chunkRow = (cpu: ChunkCpu | undefined): readonly Row[] =>
  cpu === undefined
    ? []
    : [
        [
          "CPU per chunk, 2 ms apart, µs",
          short(cpu.gatewayMicros, 0),
          short(cpu.floorMicros, 0),
          short(cpu.ownMicros, 0),
          "",
          cpu.peerMicros === undefined ? "" : short(cpu.peerMicros, 0),
          "≤ 20",
          verdict(cpu.ownMicros, 20),
        ],
      ];

const coldRow = (cold: BenchResult["cold"]): readonly Row[] => {
  if (cold === undefined) return [];
  const ratio = cold.gatewayMs.median / cold.floorMs.median;
  return [
    [
      "First byte of a new worker, ms",
      figure(cold.gatewayMs, 0),
      figure(cold.floorMs, 0),
      `${short(ratio, 2)} times`,
      "",
      "",
      "≤ 2 times",
      verdict(ratio, 2),
    ],
  ];
};

const memoryRow = (memory: BenchResult["memory"]): readonly Row[] =>
  memory === undefined
    ? []
    : [
        [
          "Memory per environment",
          megabytes(memory.gatewayBytes),
          megabytes(memory.floorBytes),
          megabytes(memory.gatewayBytes - memory.floorBytes),
          "",
          "",
          "≤ 20 MB in total",
          verdict(memory.gatewayBytes, 20 * 1024 * 1024),
        ],
      ];

const stallRow = (stall: BenchResult["stall"]): readonly Row[] => {
  if (stall === undefined) return [];
  const { short: brief, long } = stallMegabytes;
  return [
    [
      `Memory of an unread stream, ${brief} and ${long} MB`,
      `${megabytes(stall.shortBytes)} and ${megabytes(stall.longBytes)}`,
      "",
      "",
      "",
      "",
      "equal",
      verdict(stall.longBytes, stall.shortBytes + 4 * 1024 * 1024),
    ],
  ];
};

const costTable = ({ jsonCpu, streamCpu, chunkCpu, cold, memory, stall, bundle }: BenchResult): string =>
  table(
    ["Measure", "Gateway", "Empty function", "Difference", "Raw calls only", "Portkey's process", "Goal", "Met"],
    [
      ...cpuRow("CPU per JSON request, ms", jsonCpu, 1),
      ...cpuRow("CPU per stream of 64 chunks, ms", streamCpu, 2),
      ...chunkRow(chunkCpu),
      ...coldRow(cold),
      ...memoryRow(memory),
      ...stallRow(stall),
      [
        "Code loaded before the first request",
        kilobytes(bundle.eagerBytes),
        "2 KB",
        "",
        "",
        "",
        "≤ 200 KB",
        verdict(bundle.eagerBytes, 200 * 1024),
      ],
    ],
  );

/** Shows a result, and unless dry writes it to docs/quality/performance.md and results/latest.json. */
export const writeReport = async (result: BenchResult, { dry }: { readonly dry: boolean }): Promise<void> => {
  const { measuredAt, node, cores, rounds, quick, latency, engine, peerInstalled } = result;
  const about = `Measured ${measuredAt.slice(0, 16).replace("T", " ")} UTC with Node ${node} on ${cores} cores, ${rounds} round${rounds === 1 ? "" : "s"}${quick ? ", the quick version" : ""}.`;
  const parts = [about, costTable(result)];
  if (latency !== undefined) parts.push(latencyTable(latency, peerInstalled));
  if (engine !== undefined) {
    parts.push("With the embedded engine, which writes one row at a time:", latencyTable(engine, peerInstalled));
  }
  const text = parts.join("\n\n");
  process.stdout.write(`\n${text}\n`);
  if (dry) return;
  await mkdir(join(import.meta.dirname, "results"), { recursive: true });
  await writeFile(resultFile, `${JSON.stringify(result, null, 2)}\n`);
  await replaceSection("bench", text);
};
