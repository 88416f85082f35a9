import { Agent } from "node:http";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { exchange, type LoadTarget, runLoad } from "./load-client.ts";
import { type CpuSubject, functionSubject, measureMemory } from "./measure.ts";
import type { DependenciesReady } from "./processes/dependencies.ts";
import type { GatewayReady } from "./processes/gateway.ts";
import { BenchProcess } from "./processes/process.ts";
import type { ProviderReady } from "./processes/provider.ts";
import { startGateway } from "./processes/start-gateway.ts";
import { chatTarget, floorTarget, type Scenario } from "./scenarios.ts";
import { median, quantile } from "./statistics.ts";

/**
 * This checkout against another one, in one run: both gateways run side by side and take turns batch by batch, so that the
 * ratios hold although the machine's speed drifts. `npm run bench -- against <folder of the other checkout>`
 */

const { positionals, values: flags } = parseArgs({
  allowPositionals: true,
  options: {
    batches: { type: "string", default: "21" },
    cold: { type: "string", default: "15" },
    memory: { type: "boolean", default: false },
  },
});
const [folder] = positionals;
if (folder === undefined) throw new Error("Name the folder of the checkout to compare with");

const maxWorkers = 16;
const warmUpRequests = 1_500;
const requestsPerBatch = 100;

type Gateway = BenchProcess<GatewayReady>;
type Sides = Readonly<Record<"here" | "there", Gateway>>;

/** Quartiles of paired ratios. */
const show = (name: string, here: readonly number[], there: readonly number[], unit: string): void => {
  const ratios = here.map((value, index) => value / (there[index] ?? Number.NaN)).sort((left, right) => left - right);
  const [low, middle, high] = [0.25, 0.5, 0.75].map((at) => quantile(ratios, at).toFixed(3));
  process.stdout.write(
    `${name}: here ${median(here).toFixed(3)} ${unit}, there ${median(there).toFixed(3)} ${unit}, ratio ${middle} (${low} to ${high})\n`,
  );
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
const compareCpu = async ({ here, there }: Sides, apiKey: string, stream: boolean): Promise<void> => {
  const scenario = one(stream);
  const subjects = [here, there].map((gateway) => ({
    gateway: functionSubject(gateway, "gateway", chatOf(gateway, apiKey, scenario)),
    floor: functionSubject(gateway, "floor", floorTarget(scenario, gateway.ready.url)),
  }));
  for (const { gateway, floor } of subjects) {
    await cpuOf(gateway, warmUpRequests);
    await cpuOf(floor, warmUpRequests);
  }
  const own: [number[], number[]] = [[], []];
  for (let batch = 0; batch < Number(flags.batches); batch++) {
    for (const [index, { gateway, floor }] of subjects.entries()) {
      const used = await cpuOf(gateway, requestsPerBatch);
      own[index as 0 | 1].push(used - (await cpuOf(floor, requestsPerBatch)));
    }
  }
  show(stream ? "own CPU of a stream of 64" : "own CPU of a JSON request", own[0], own[1], "ms");
};

const compareCold = async ({ here, there }: Sides, apiKey: string): Promise<void> => {
  const first: [number[], number[]] = [[], []];
  for (let start = 0; start < Number(flags.cold); start++) {
    for (const [index, gateway] of [here, there].entries()) {
      await gateway.ask("chill", "gateway");
      const agent = new Agent();
      const { firstByteMs } = await exchange(chatOf(gateway, apiKey, one(true)), agent);
      agent.destroy();
      first[index as 0 | 1].push(firstByteMs);
    }
  }
  show("cold first byte", first[0], first[1], "ms");
};

const closers: (() => Promise<void>)[] = [];
try {
  const provider = await BenchProcess.start<ProviderReady>("provider");
  closers.push(() => provider.stop());
  const dependencies = await BenchProcess.start<DependenciesReady>("instant-dependencies");
  closers.push(() => dependencies.stop());
  const start = (checkout?: string) => startGateway(provider.ready, dependencies.ready, { maxWorkers }, checkout);
  const here = await start();
  closers.push(() => here.stop());
  const there = await start(resolve(folder));
  closers.push(() => there.stop());
  const { apiKey } = dependencies.ready;
  show("eager bundle", [here.ready.eagerBytes / 1_024], [there.ready.eagerBytes / 1_024], "KB");
  await compareCpu({ here, there }, apiKey, false);
  await compareCpu({ here, there }, apiKey, true);
  await compareCold({ here, there }, apiKey);
  if (flags.memory) {
    const grown = async (gateway: Gateway) =>
      (await measureMemory(gateway, chatOf(gateway, apiKey, one(true)), maxWorkers)) / 1_048_576;
    show("memory of an environment", [await grown(here)], [await grown(there)], "MB");
  }
} finally {
  for (const close of closers.reverse()) await close();
}
