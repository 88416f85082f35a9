import { Agent } from "node:http";
import { parseArgs } from "node:util";
import { openCheckout } from "./checkout.ts";
import { exchange, type LoadTarget, runLoad } from "./load-client.ts";
import { machineLoad } from "./machine-load.ts";
import { type Row, replaceSection, short, table, verdict } from "./markdown.ts";
import { type CpuSubject, functionSubject, measureMemory } from "./measure.ts";
import type { DependenciesReady } from "./processes/dependencies.ts";
import type { GatewayReady, Target, Used } from "./processes/gateway.ts";
import { BenchProcess } from "./processes/process.ts";
import type { ProviderReady } from "./processes/provider.ts";
import { startGateway } from "./processes/start-gateway.ts";
import { chatTarget, floorTarget, type Scenario } from "./scenarios.ts";
import { median, quantile } from "./statistics.ts";

/**
 * This checkout against another one, in one run: both gateways run side by side and take turns batch by batch, so that the
 * ratios hold although the machine's speed drifts. `npm run bench -- against <commit, or folder of a checkout>` writes
 * docs/quality/performance.md unless `--dry`.
 */

const { positionals, values: flags } = parseArgs({
  allowPositionals: true,
  options: {
    batches: { type: "string", default: "21" },
    cold: { type: "string", default: "15" },
    /** Starts of a process whose memory is measured. */
    memory: { type: "string", default: "3" },
    dry: { type: "boolean", default: false },
  },
});
const [named] = positionals;
if (named === undefined) throw new Error("Name the commit or the folder of the checkout to compare with");

const maxWorkers = 16;
const warmUp = { connections: 1, maxRequests: 1_500, maxMs: 8_000 };
const requestsPerBatch = 60;

type Gateway = BenchProcess<GatewayReady>;

interface Side {
  /** Folder of the checkout; undefined for this one. */
  readonly folder: string | undefined;
  readonly gateway: Gateway;
  /** Of its own checkout, behind the embedded engine. */
  readonly local: Gateway;
  readonly localKey: string;
}

type Sides = readonly [here: Side, there: Side];
type Samples = readonly [here: number[], there: number[]];

/** A row of the report: quartiles of the paired ratios. */
const toRow = (name: string, digits: number, [here, there]: Samples, goal?: number): Row => {
  const ratios = here.map((value, index) => value / (there[index] ?? Number.NaN));
  const [low = Number.NaN, middle = Number.NaN, high = Number.NaN] = [0.25, 0.5, 0.75].map((at) =>
    quantile(ratios, at),
  );
  const row = [
    ...[name, short(median(there), digits), short(median(here), digits)],
    `${short(middle, 2)} (${short(low, 2)}–${short(high, 2)})`,
    ...(goal === undefined ? ["", ""] : [`≤ ${goal}`, verdict(middle, goal)]),
  ];
  process.stdout.write(`${row.join(" | ")}\n`);
  return row;
};

const one = (stream: boolean): Scenario => ({ stream, chunks: 64, gapMs: 0, connections: 1, promptBytes: 200 });

const chatOf = (gateway: Gateway, apiKey: string, scenario: Scenario): LoadTarget =>
  chatTarget(scenario, `${gateway.ready.url}/api/v1/chat/completions`, {
    authorization: `Bearer ${apiKey}`,
    "x-cache": "no-cache",
  });

const cpuOf = async ({ target, usedMicros }: CpuSubject, maxRequests: number): Promise<number> => {
  const before = await usedMicros();
  const { requests } = await runLoad(target, { connections: 1, maxRequests, maxMs: 20_000 });
  return ((await usedMicros()) - before) / requests / 1_000;
};

/** CPU of a request above a function that does nothing, batch by batch. */
const compareCpu = async (sides: Sides, apiKey: string, stream: boolean): Promise<Samples> => {
  const scenario = one(stream);
  const own: Samples = [[], []];
  const subjects = sides.map(({ gateway }, index) => ({
    own: own[index as 0 | 1],
    gateway: functionSubject(gateway, "gateway", chatOf(gateway, apiKey, scenario)),
    floor: functionSubject(gateway, "floor", floorTarget(scenario, gateway.ready.url)),
  }));
  for (const { gateway, floor } of subjects) {
    for (const { target } of [gateway, floor]) await runLoad(target, warmUp);
  }
  for (let batch = 0; batch < Number(flags.batches); batch++) {
    for (const { own, gateway, floor } of subjects) {
      const used = await cpuOf(gateway, requestsPerBatch);
      own.push(used - (await cpuOf(floor, requestsPerBatch)));
    }
  }
  return own;
};

/** First byte of a new environment, and the CPU of its import and first request above the function that does nothing. */
const compareCold = async (sides: Sides, apiKey: string) => {
  const first: Samples = [[], []];
  const cpu: Samples = [[], []];
  const start = async (gateway: Gateway, name: Target, target: LoadTarget) => {
    await gateway.ask("chill", name);
    const agent = new Agent();
    const { firstByteMs } = await exchange(target, agent);
    agent.destroy();
    return { firstByteMs, cpuMs: (await gateway.ask<Used>("used", name)).cpuMicros / 1_000 };
  };
  for (let count = 0; count < Number(flags.cold); count++) {
    for (const [index, { gateway }] of sides.entries()) {
      const floor = await start(gateway, "floor", floorTarget(one(true), gateway.ready.url));
      const chat = await start(gateway, "gateway", chatOf(gateway, apiKey, one(true)));
      first[index as 0 | 1].push(chat.firstByteMs);
      cpu[index as 0 | 1].push(chat.cpuMs - floor.cpuMs);
    }
  }
  return { first, cpu };
};

/** Median wait for a JSON chat over each side's own embedded engine, round by round. */
const compareEngine = async (sides: Sides): Promise<Samples> => {
  const waits: Samples = [[], []];
  const targets = sides.map(({ local, localKey }) => chatOf(local, localKey, one(false)));
  for (const target of targets) await runLoad(target, { ...warmUp, maxRequests: 400 });
  for (let round = 0; round < Number(flags.batches); round++) {
    for (const [index, target] of targets.entries()) {
      const { wholeMs } = await runLoad(target, { connections: 1, maxRequests: 60, maxMs: 10_000 });
      waits[index as 0 | 1].push(median(wholeMs));
    }
  }
  return waits;
};

const closers: (() => Promise<void>)[] = [];
const started = async <Ready>(process: Promise<BenchProcess<Ready>>): Promise<BenchProcess<Ready>> => {
  const ready = await process;
  closers.push(() => ready.stop());
  return ready;
};

/** Memory of an environment above an empty function's, in a process that serves nothing else. */
const compareMemory = async (sides: Sides, provider: ProviderReady, dependencies: DependenciesReady) => {
  const grown: Samples = [[], []];
  const megabytesOf = async (folder: string | undefined, targetOf: (gateway: Gateway) => LoadTarget) => {
    const gateway = await startGateway(provider, dependencies, { maxWorkers }, folder);
    try {
      return (await measureMemory(gateway, targetOf(gateway), maxWorkers)) / 1_048_576;
    } finally {
      await gateway.stop();
    }
  };
  // Slow streams, so that every connection gets an environment.
  const paced: Scenario = { ...one(true), chunks: 40, gapMs: 10 };
  for (let count = 0; count < Number(flags.memory); count++) {
    for (const [index, { folder }] of sides.entries()) {
      const floor = await megabytesOf(folder, (gateway) => floorTarget(paced, gateway.ready.url));
      const chat = await megabytesOf(folder, (gateway) => chatOf(gateway, dependencies.apiKey, paced));
      grown[index as 0 | 1].push(chat - floor);
    }
  }
  return grown;
};

const main = async (): Promise<void> => {
  const checkout = await openCheckout(named);
  closers.push(checkout.close);
  const provider = await started(BenchProcess.start<ProviderReady>("provider"));
  const dependencies = await started(BenchProcess.start<DependenciesReady>("instant-dependencies"));
  const side = async (folder?: string): Promise<Side> => {
    const processes = folder === undefined ? undefined : `${folder}/tests/bench/processes`;
    const engine = await started(BenchProcess.start<DependenciesReady>("dependencies", {}, {}, [], processes));
    const start = (behind: DependenciesReady) => started(startGateway(provider.ready, behind, { maxWorkers }, folder));
    const [gateway, local] = [await start(dependencies.ready), await start(engine.ready)];
    return { folder, gateway, local, localKey: engine.ready.apiKey };
  };
  const sides: Sides = [await side(), await side(checkout.folder)];
  const { apiKey } = dependencies.ready;
  const eager: Samples = [[], []];
  for (const [index, { gateway }] of sides.entries()) eager[index as 0 | 1].push(gateway.ready.eagerBytes / 1_024);
  const rows = [
    toRow("own CPU of a JSON chat, ms", 2, await compareCpu(sides, apiKey, false), 0.65),
    toRow("own CPU of a stream of 64 chunks, ms", 2, await compareCpu(sides, apiKey, true), 0.75),
  ];
  const { first, cpu } = await compareCold(sides, apiKey);
  rows.push(
    toRow("CPU of import and first request above the empty function, ms", 1, cpu, 0.65),
    toRow("first byte of a new environment, ms", 0, first),
    toRow("p50 of a JSON chat over the embedded engine, ms", 2, await compareEngine(sides), 0.6),
    toRow("code loaded before the first request, KB", 1, eager),
  );
  const memory = await compareMemory(sides, provider.ready, dependencies.ready);
  rows.push(toRow("memory of an environment above the empty function's, MB", 1, memory, 0.85));
  const about = `Measured ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC with Node ${process.version} against ${checkout.name}: medians, and quartiles of the ratios of ${flags.batches} pairs of batches, ${flags.cold} of starts and ${flags.memory} of processes; ${machineLoad()}.`;
  const text = `${about}\n\n${table(["Measure", "Before", "Now", "Ratio", "Goal", "Met"], rows)}`;
  process.stdout.write(`\n${text}\n`);
  if (!flags.dry) await replaceSection("against", text);
};

try {
  await main();
} finally {
  for (const close of closers.reverse()) await close();
}
