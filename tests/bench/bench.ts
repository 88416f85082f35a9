import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { runLoad } from "./load-client.ts";
import {
  aboveFloor,
  type CpuRounds,
  type CpuSubject,
  type Effort,
  fullEffort,
  functionSubject,
  measureCold,
  measureCpu,
  measureLatency,
  measureMemory,
  measureStall,
  quickEffort,
  toOwnCpu,
} from "./measure.ts";
import { type Peer, startPortkey } from "./portkey.ts";
import type { DependenciesReady } from "./processes/dependencies.ts";
import type { GatewayReady } from "./processes/gateway.ts";
import { BenchProcess } from "./processes/process.ts";
import type { ProviderReady } from "./processes/provider.ts";
import { startGateway } from "./processes/start-gateway.ts";
import {
  type BenchResult,
  type EngineResult,
  type LatencyRow,
  type Stall,
  stallMegabytes,
  writeReport,
} from "./report.ts";
import {
  allScenarios,
  callsTarget,
  chatTarget,
  dialectCases,
  dialectTarget,
  floorTarget,
  plainScenarios,
  quickScenarios,
  refusalTargets,
  type Scenario,
  scenarioName,
} from "./scenarios.ts";
import { median } from "./statistics.ts";

/**
 * `npm run bench`: compares the gateway with the bare provider, functions that do nothing, and a peer, in one run. Tables and
 * Unkey answer immediately, so that it measures the gateway; one part repeats it over the embedded engine.
 */

const { values: flags } = parseArgs({
  options: {
    /** A short version: fewer scenarios, one round. */
    quick: { type: "boolean", default: false },
    /** Parts to measure, such as `cpu,cold`. Default: all. */
    only: { type: "string", default: "cpu,refusals,chunks,latency,dialects,engine,cold,memory,stall" },
    /** Print only; do not write docs/quality/performance.md and results/latest.json. */
    dry: { type: "boolean", default: false },
  },
});

const effort: Effort = flags.quick ? quickEffort : fullEffort;

const maxWorkers = 64;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

type DependenciesKind = "instant-dependencies" | "dependencies";

interface Parts {
  readonly provider: BenchProcess<ProviderReady>;
  readonly dependencies: BenchProcess<DependenciesReady>;
  readonly gateway: BenchProcess<GatewayReady>;
  readonly peer: Peer | undefined;
}

/** Without the answer cache: the fake provider's answers are all the same, and a hit would ask nobody. */
const headersOf = ({ dependencies }: Parts) => ({
  authorization: `Bearer ${dependencies.ready.apiKey}`,
  "x-cache": "no-cache",
});

const targetsOf = (parts: Parts, scenario: Scenario) => {
  const { provider, gateway, peer } = parts;
  const { url } = gateway.ready;
  return {
    direct: chatTarget(scenario, `${provider.ready.url}/chat/completions`, {}),
    gateway: chatTarget(scenario, `${url}/api/v1/chat/completions`, headersOf(parts)),
    floor: floorTarget(scenario, url),
    ...(peer === undefined ? {} : { peer: chatTarget(scenario, peer.url, peer.headers) }),
  };
};

type Subjects = Readonly<Record<string, CpuSubject>>;

/** The gateway and the function that does nothing; the peer where it is installed. */
const plainSubjects = (parts: Parts, scenario: Scenario): Subjects => {
  const { gateway, peer } = parts;
  const targets = targetsOf(parts, scenario);
  return {
    gateway: functionSubject(gateway, "gateway", targets.gateway),
    floor: functionSubject(gateway, "floor", targets.floor),
    ...(peer === undefined || targets.peer === undefined
      ? {}
      : { peer: { target: targets.peer, usedMicros: async () => peer.cpuMicros() } }),
  };
};

/** These, the bare calls next to a JSON answer, and the other dialects. */
const allSubjects = (parts: Parts, scenario: Scenario): Subjects => {
  const { gateway } = parts;
  const { url } = gateway.ready;
  const dialects = dialectCases.map((each) => {
    const target = dialectTarget(each, scenario, url, headersOf(parts));
    return [each.name, functionSubject(gateway, each.target, target)] as const;
  });
  return {
    ...plainSubjects(parts, scenario),
    ...(scenario.stream ? {} : { calls: functionSubject(gateway, "floor", callsTarget(scenario, url)) }),
    ...Object.fromEntries(dialects),
  };
};

const one = (stream: boolean, chunks: number, gapMs = 0): Scenario => ({
  stream,
  chunks,
  gapMs,
  connections: 1,
  promptBytes: 200,
});

const cpuEffort = { requests: effort.cpuRequests, warmUpRequests: effort.warmUpRequests, batches: effort.cpuBatches };

/** CPU that each kind of refusal costs above the function that does nothing. */
const measureRefusals = async (parts: Parts): Promise<CpuRounds<string>> => {
  const { gateway } = parts;
  const targets = Object.entries(refusalTargets(gateway.ready.url, headersOf(parts)));
  const subjects = targets.map(([name, target]) => [name, functionSubject(gateway, "gateway", target)] as const);
  const floor = functionSubject(gateway, "floor", floorTarget(one(false, 64), gateway.ready.url));
  return measureCpu({ floor, ...Object.fromEntries(subjects) }, cpuEffort);
};

/** CPU that a chunk costs on its own: the slope between two lengths in turn, so that what a request costs drops out. */
const measureChunkCpu = async (parts: Parts) => {
  const [short, long] = [40, 320];
  const lengths = [short, long].flatMap((chunks) =>
    Object.entries(plainSubjects(parts, one(true, chunks, 2))).map(
      ([name, subject]) => [`${name} ${chunks}`, subject] as const,
    ),
  );
  const paced = { requests: effort.pacedRequests, warmUpRequests: 3, batches: effort.pacedBatches, maxMs: 4_000 };
  const rounds = await measureCpu(Object.fromEntries(lengths), paced);
  const slopes = (name: string): readonly number[] =>
    (rounds[`${name} ${long}`] ?? []).map(
      (ms, batch) => ((ms - (rounds[`${name} ${short}`]?.[batch] ?? Number.NaN)) / (long - short)) * 1_000,
    );
  const [gateway, floor, peer] = [slopes("gateway"), slopes("floor"), slopes("peer")];
  return {
    gatewayMicros: median(gateway),
    floorMicros: median(floor),
    ownMicros: aboveFloor(gateway, floor).median,
    peerMicros: peer.length === 0 ? undefined : median(peer),
  };
};

const measureMemories = async ({ provider, dependencies, ...parts }: Parts) => {
  const scenario = one(true, 40, 10);
  const memoryOf = async (name: "gateway" | "floor"): Promise<number> => {
    // A process of its own, so that only this function's workers are in it.
    const gateway = await startGateway(provider.ready, dependencies.ready, { maxWorkers });
    try {
      const targets = targetsOf({ ...parts, provider, dependencies, gateway }, scenario);
      return await measureMemory(gateway, targets[name], effort.memoryWorkers);
    } finally {
      await gateway.stop();
    }
  };
  return { gatewayBytes: await memoryOf("gateway"), floorBytes: await memoryOf("floor") };
};

/** The same over the embedded engine in place of tables that answer at once. */
const measureEngine = async ({ provider, peer }: Parts): Promise<EngineResult> => {
  const dependencies = await BenchProcess.start<DependenciesReady>("dependencies" satisfies DependenciesKind);
  const gateway = await startGateway(provider.ready, dependencies.ready, { maxWorkers });
  try {
    const parts = { provider, dependencies, gateway, peer };
    const cpu = (stream: boolean) => measureCpu(plainSubjects(parts, one(stream, 64)), cpuEffort);
    return {
      latency: await measureLatencies(parts, plainScenarios),
      jsonCpu: toOwnCpu(await cpu(false)),
      streamCpu: toOwnCpu(await cpu(true)),
    };
  } finally {
    await gateway.stop();
    await dependencies.stop();
  }
};

/** Memory of a stream that nobody reads, short and long. */
const measureStalls = async ({ provider, dependencies, ...parts }: Parts): Promise<Stall> => {
  const streams = 8;
  const of = async (megabytes: number): Promise<number> => {
    const gateway = await startGateway(provider.ready, dependencies.ready, { maxWorkers });
    try {
      const target = (chunks: number) =>
        targetsOf({ ...parts, provider, dependencies, gateway }, one(true, chunks)).gateway;
      // Every worker is warm, and has passed on as much before.
      await runLoad(target(20_000), { connections: streams, maxRequests: streams * 3, maxMs: 20_000 });
      return await measureStall(gateway, target(megabytes * 4_000), streams);
    } finally {
      await gateway.stop();
    }
  };
  return { shortBytes: await of(stallMegabytes.short), longBytes: await of(stallMegabytes.long) };
};

const measureLatencies = async (parts: Parts, scenarios: readonly Scenario[]): Promise<readonly LatencyRow[]> => {
  const warmUp: Scenario = {
    ...one(true, 20, 10),
    connections: Math.max(...scenarios.map((each) => each.connections)),
  };
  const { gateway, floor } = targetsOf(parts, warmUp);
  // Slow streams, so that every connection gets a worker of its own before anything is measured.
  await measureLatency({ gateway, floor }, warmUp, { ...effort, rounds: 1 });
  const rows: LatencyRow[] = [];
  for (const scenario of scenarios) {
    rows.push({ scenario, targets: await measureLatency(targetsOf(parts, scenario), scenario, effort) });
    say(`  ${rows.length} of ${scenarios.length}: ${scenarioName(scenario)}`);
  }
  return rows;
};

/** Latencies of the other dialects on one connection. */
const measureDialects = async (parts: Parts) => {
  const rows = [];
  for (const scenario of plainScenarios) {
    const targets = dialectCases.map((each) => {
      const target = dialectTarget(each, scenario, parts.gateway.ready.url, headersOf(parts));
      return [each.name, target] as const;
    });
    const { direct, gateway } = targetsOf(parts, scenario);
    const all = { direct, "/v1/chat/completions": gateway, ...Object.fromEntries(targets) };
    rows.push({ scenario, targets: await measureLatency(all, scenario, effort) });
  }
  return rows;
};

const measureAll = async (parts: Parts): Promise<BenchResult> => {
  const { eagerBytes, totalBytes } = parts.gateway.ready;
  const when = async <Value>(part: string, measure: () => Promise<Value>): Promise<Value | undefined> => {
    if (!flags.only.split(",").includes(part)) return undefined;
    const startedAt = performance.now();
    const value = await measure();
    say(`Measured ${part} in ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);
    return value;
  };
  return {
    measuredAt: new Date().toISOString(),
    node: process.version,
    cores: cpus().length,
    quick: flags.quick,
    rounds: effort.rounds,
    peerInstalled: parts.peer !== undefined,
    bundle: { eagerBytes, totalBytes },
    jsonCpu: await when("cpu", () => measureCpu(allSubjects(parts, one(false, 64)), cpuEffort)),
    streamCpu: await when("cpu", () => measureCpu(allSubjects(parts, one(true, 64)), cpuEffort)),
    refusalCpu: await when("refusals", () => measureRefusals(parts)),
    chunkCpu: await when("chunks", () => measureChunkCpu(parts)),
    latency: await when("latency", () => measureLatencies(parts, flags.quick ? quickScenarios : allScenarios)),
    dialects: await when("dialects", () => measureDialects(parts)),
    engine: await when("engine", () => measureEngine(parts)),
    cold: await when("cold", () => measureCold(parts.gateway, targetsOf(parts, one(true, 64)), effort.coldStarts)),
    memory: await when("memory", () => measureMemories(parts)),
    stall: await when("stall", () => measureStalls(parts)),
  };
};

const main = async (): Promise<void> => {
  const closers: (() => Promise<void> | void)[] = [];
  try {
    const provider = await BenchProcess.start<ProviderReady>("provider");
    closers.push(() => provider.stop());
    const dependencies = await BenchProcess.start<DependenciesReady>("instant-dependencies" satisfies DependenciesKind);
    closers.push(() => dependencies.stop());
    const gateway = await startGateway(provider.ready, dependencies.ready, { maxWorkers });
    closers.push(() => gateway.stop());
    const peer = await startPortkey(provider.ready.url);
    closers.push(() => peer?.close());
    const result = await measureAll({ provider, dependencies, gateway, peer });
    await writeReport(result, { dry: flags.dry });
  } finally {
    for (const close of closers.reverse()) await close();
  }
};

await main();
