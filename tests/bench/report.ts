import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { costTable, dialectsTable, peerTable, refusalsTable } from "./cost-tables.ts";
import { machineLoad } from "./machine-load.ts";
import { figure, type Row, replaceSection, short, table } from "./markdown.ts";
import type { ColdStart, CpuRounds, Latency, OwnCpu } from "./measure.ts";
import { type Scenario, scenarioName } from "./scenarios.ts";

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

/** Over the embedded engine in place of tables that answer at once. */
export interface EngineResult {
  readonly latency: readonly LatencyRow[];
  readonly jsonCpu: OwnCpu;
  readonly streamCpu: OwnCpu;
}

/** Everything of one run, as results/latest.json keeps it: what was asked for. */
export interface BenchResult {
  readonly measuredAt: string;
  readonly node: string;
  readonly cores: number;
  readonly quick: boolean;
  readonly rounds: number;
  readonly peerInstalled: boolean;
  readonly bundle: { readonly eagerBytes: number; readonly totalBytes: number };
  /** `gateway`, `floor`, `calls` and `peer`, and each other dialect by its name. */
  readonly jsonCpu: CpuRounds<string> | undefined;
  readonly streamCpu: CpuRounds<string> | undefined;
  /** `floor`, and each refusal by its name. */
  readonly refusalCpu: CpuRounds<string> | undefined;
  readonly chunkCpu: ChunkCpu | undefined;
  readonly latency: readonly LatencyRow[] | undefined;
  readonly dialects: readonly DialectRow[] | undefined;
  readonly engine: EngineResult | undefined;
  readonly cold: ColdStart | undefined;
  readonly memory: { readonly gatewayBytes: number; readonly floorBytes: number } | undefined;
  readonly stall: Stall | undefined;
}

/** Latencies by the name of the endpoint; `direct` is the provider. */
export interface DialectRow {
  readonly scenario: Scenario;
  readonly targets: Readonly<Record<string, Latency>>;
}

export interface ChunkCpu {
  readonly gatewayMicros: number;
  readonly floorMicros: number;
  readonly ownMicros: number;
  readonly peerMicros: number | undefined;
}

const resultFile = join(import.meta.dirname, "results/latest.json");

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

/** Shows a result, and unless dry writes it to docs/quality/performance.md and results/latest.json. */
export const writeReport = async (result: BenchResult, { dry }: { readonly dry: boolean }): Promise<void> => {
  const { measuredAt, node, cores, rounds, quick, latency, engine, peerInstalled } = result;
  const about = `Measured ${measuredAt.slice(0, 16).replace("T", " ")} UTC with Node ${node} on ${cores} cores, ${rounds} round${rounds === 1 ? "" : "s"} of latency and ${result.jsonCpu?.floor?.length ?? 0} batches of CPU, every target in turn${quick ? "; the quick version" : ""}; ${machineLoad()}.`;
  const parts = [about, costTable(result)];
  if (result.refusalCpu !== undefined) {
    parts.push("A refusal, above the empty function:", refusalsTable(result.refusalCpu));
  }
  if (peerInstalled) {
    parts.push(
      "In comparison with Portkey's process, which checks no keys, enforces no limits and meters nothing:",
      peerTable(result),
    );
  }
  if (result.jsonCpu !== undefined || result.dialects !== undefined) {
    parts.push("The other dialects, in front of their own provider and of another's:", dialectsTable(result));
  }
  if (latency !== undefined) parts.push("Latency:", latencyTable(latency, peerInstalled));
  if (engine !== undefined) {
    parts.push(
      "With the embedded engine, which writes one row at a time:",
      latencyTable(engine.latency, peerInstalled),
    );
  }
  const text = parts.join("\n\n");
  process.stdout.write(`\n${text}\n`);
  if (dry) return;
  await mkdir(join(import.meta.dirname, "results"), { recursive: true });
  await writeFile(resultFile, `${JSON.stringify(result, null, 2)}\n`);
  await replaceSection("bench", text);
};
