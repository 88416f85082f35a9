import { figure, type Row, short, table, verdict } from "./markdown.ts";
import { aboveFloor, type CpuRounds, type Latency, type OwnCpu, toOwnCpu } from "./measure.ts";
import { type BenchResult, type ChunkCpu, type LatencyRow, stallMegabytes } from "./report.ts";
import { dialectCases, plainScenarios } from "./scenarios.ts";
import { type Figure, toFigure } from "./statistics.ts";

/** The tables of costs, each with its goals. */

const megabytes = (bytes: number): string => `${short(bytes / 1024 / 1024, 1)} MB`;
const kilobytes = (bytes: number): string => `${short(bytes / 1024, 1)} KB`;

const cpuRow = (name: string, rounds: CpuRounds<string> | undefined, goalMs: number): readonly Row[] => {
  if (rounds === undefined) return [];
  const { gatewayMs, floorMs, ownMs, callsMs } = toOwnCpu(rounds);
  return [
    [
      ...[name, figure(gatewayMs), figure(floorMs), figure(ownMs), callsMs === undefined ? "" : figure(callsMs)],
      ...[`≤ ${goalMs}`, verdict(ownMs.median, goalMs)],
    ],
  ];
};

const chunkRow = (cpu: ChunkCpu | undefined): readonly Row[] =>
  cpu === undefined
    ? []
    : [
        [
          "CPU per chunk, 2 ms apart, µs",
          ...[cpu.gatewayMicros, cpu.floorMicros, cpu.ownMicros].map((micros) => short(micros, 0)),
          ...["", "≤ 20", verdict(cpu.ownMicros, 20)],
        ],
      ];

const coldRows = (cold: BenchResult["cold"]): readonly Row[] => {
  if (cold === undefined) return [];
  const ratio = cold.gatewayMs.median / cold.floorMs.median;
  const addedMs = cold.gatewayCpuMs.median - cold.floorCpuMs.median;
  return [
    [
      ...["First byte of a new worker, ms", figure(cold.gatewayMs, 0), figure(cold.floorMs, 0)],
      ...[`${short(ratio, 2)} times`, "", "≤ 2 times", verdict(ratio, 2)],
    ],
    [
      "CPU of import and first request, ms",
      ...[figure(cold.gatewayCpuMs, 0), figure(cold.floorCpuMs, 0), short(addedMs, 0)],
      ...["", "≤ 0.65 of before issue 17", "see below"],
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
          ...["", "≤ 20 MB in total", verdict(memory.gatewayBytes, 20 * 1024 * 1024)],
        ],
      ];

const stallRow = (stall: BenchResult["stall"]): readonly Row[] => {
  if (stall === undefined) return [];
  const { short: brief, long } = stallMegabytes;
  return [
    [
      `Memory of an unread stream, ${brief} and ${long} MB`,
      `${megabytes(stall.shortBytes)} and ${megabytes(stall.longBytes)}`,
      ...["", "", "", "equal", verdict(stall.longBytes, stall.shortBytes + 4 * 1024 * 1024)],
    ],
  ];
};

export const costTable = ({ jsonCpu, streamCpu, chunkCpu, cold, memory, stall, bundle }: BenchResult): string =>
  table(
    ["Measure", "Gateway", "Empty function", "Difference", "Raw calls only", "Goal", "Met"],
    [
      ...cpuRow("CPU per JSON request, ms", jsonCpu, 1),
      ...cpuRow("CPU per stream of 64 chunks, ms", streamCpu, 2),
      ...chunkRow(chunkCpu),
      ...coldRows(cold),
      ...memoryRow(memory),
      ...stallRow(stall),
      [
        ...["Code loaded before the first request", kilobytes(bundle.eagerBytes), "2 KB", "", ""],
        ...["≤ 200 KB", verdict(bundle.eagerBytes, 200 * 1024)],
      ],
    ],
  );

export const refusalsTable = ({ floor = [], ...refusals }: CpuRounds<string>): string =>
  table(
    ["A chat completion that is refused", "CPU, ms"],
    Object.entries(refusals).map(([name, rounds]) => [name, figure(aboveFloor(rounds, floor))]),
  );

const peerCpuRow = (name: string, { ownMs, peerMs, ofPeer }: OwnCpu, goal: number): readonly Row[] =>
  peerMs === undefined || ofPeer === undefined
    ? []
    : [[name, figure(ownMs), figure(peerMs), figure(ofPeer), `≤ ${goal}`, verdict(ofPeer.median, goal)]];

/** What each adds before the first byte of the body, round by round. */
const firstByteRow = (name: string, { targets }: LatencyRow): readonly Row[] => {
  const { direct, gateway, peer } = targets;
  if (peer === undefined) return [];
  const added = ({ firstByteRounds }: Latency): number[] =>
    firstByteRounds.map((ms, round) => ms - (direct.firstByteRounds[round] ?? Number.NaN));
  const [ours, theirs] = [added(gateway), added(peer)];
  const ratio: Figure = toFigure(ours.map((ms, round) => ms / (theirs[round] ?? Number.NaN)));
  const goal = 1 / 6;
  return [
    [name, figure(toFigure(ours)), figure(toFigure(theirs)), figure(ratio), "≤ 1/6", verdict(ratio.median, goal)],
  ];
};

/** Streams of 64 chunks for a small prompt on one connection. */
const plainStream = (latency: readonly LatencyRow[] | undefined): LatencyRow | undefined =>
  latency?.find(
    ({ scenario }) =>
      scenario.connections === 1 &&
      scenario.stream &&
      plainScenarios.some(
        ({ promptBytes, chunks }) => promptBytes === scenario.promptBytes && chunks === scenario.chunks,
      ),
  );

export const peerTable = ({ jsonCpu, streamCpu, chunkCpu, latency, engine }: BenchResult): string => {
  const [first, engineFirst] = [plainStream(latency), plainStream(engine?.latency)];
  return table(
    ["Measure", "Gateway's own", "Portkey", "Ratio", "Goal", "Met"],
    [
      ...(jsonCpu === undefined ? [] : peerCpuRow("CPU of a JSON chat, ms", toOwnCpu(jsonCpu), 0.8)),
      ...(streamCpu === undefined ? [] : peerCpuRow("CPU of a stream of 64 chunks, ms", toOwnCpu(streamCpu), 0.4)),
      ...(chunkCpu?.peerMicros === undefined
        ? []
        : [
            [
              ...["CPU of a chunk 2 ms apart, runtime included, µs", short(chunkCpu.gatewayMicros, 0)],
              ...[short(chunkCpu.peerMicros, 0), short(chunkCpu.gatewayMicros / chunkCpu.peerMicros, 2), "", ""],
            ],
          ]),
      ...(first === undefined ? [] : firstByteRow("Added before the first token, ms", first)),
      ...(engine === undefined
        ? []
        : [
            ...peerCpuRow("CPU of a JSON chat over the embedded engine, ms", engine.jsonCpu, 0.8),
            ...peerCpuRow("CPU of a stream over the embedded engine, ms", engine.streamCpu, 0.4),
          ]),
      ...(engineFirst === undefined
        ? []
        : firstByteRow("Added before the first token over the embedded engine, ms", engineFirst)),
    ],
  );
};

export const dialectsTable = ({ jsonCpu, streamCpu, dialects = [] }: BenchResult): string => {
  const names = ["/v1/chat/completions", ...dialectCases.map(({ name }) => name)];
  const cpuOf = (rounds: CpuRounds<string> | undefined, name: string): string =>
    rounds === undefined ? "" : figure(toOwnCpu(rounds, name === names[0] ? "gateway" : name).ownMs);
  const latencyOf = (stream: boolean, name: string): string => {
    const targets = dialects.find(({ scenario }) => scenario.stream === stream)?.targets;
    const [direct, own] = [targets?.direct, targets?.[name]];
    if (direct === undefined || own === undefined) return "";
    const rounds = own.firstByteRounds.map((ms, round) => ms - (direct.firstByteRounds[round] ?? Number.NaN));
    return figure(toFigure(rounds));
  };
  return table(
    [
      "Endpoint",
      "own CPU of a JSON answer, ms",
      "own CPU of a stream of 64, ms",
      "added before a JSON answer, ms",
      "added before the first token, ms",
    ],
    names.map((name) => [
      name,
      ...[cpuOf(jsonCpu, name), cpuOf(streamCpu, name)],
      ...[latencyOf(false, name), latencyOf(true, name)],
    ]),
  );
};
