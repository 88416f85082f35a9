import { Agent } from "node:http";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { exchange, type LoadTarget } from "./load-client.ts";
import type { DependenciesReady } from "./processes/dependencies.ts";
import type { GatewayReady, Used } from "./processes/gateway.ts";
import type { NetworkInput, NetworkReady } from "./processes/network.ts";
import { BenchProcess } from "./processes/process.ts";
import type { ProviderReady } from "./processes/provider.ts";
import { startGateway } from "./processes/start-gateway.ts";
import { chatTarget, type Scenario } from "./scenarios.ts";
import { median, quantile } from "./statistics.ts";

/**
 * What a user waits for on AWS: the time that the gateway adds before the first token, with TLS and delays in front of every
 * stand-in. With the folder of another checkout both are measured in turn, and their ratio is what counts.
 * `npm run bench -- aws [folder]`
 */

const { positionals, values: flags } = parseArgs({
  allowPositionals: true,
  options: { warm: { type: "string", default: "60" }, cold: { type: "string", default: "15" } },
});

/** As measured from Lambda in one region (docs/quality/performance.md): ms. */
const distances = {
  unkey: { connectMs: 50, answerMs: 25 },
  dynamodb: { connectMs: 3, answerMs: 3 },
  provider: { connectMs: 30, answerMs: 200 },
} as const;

const scenario: Scenario = { stream: true, connections: 1, promptBytes: 200, chunks: 64, gapMs: 0 };

interface Side {
  readonly name: "here" | "there";
  readonly gateway: BenchProcess<GatewayReady>;
  readonly target: LoadTarget;
}

const usedMicros = async ({ gateway }: Side): Promise<number> => (await gateway.ask<Used>("used", "gateway")).cpuMicros;

const show = (name: string, unit: string, samples: Readonly<Record<Side["name"], readonly number[]>>): void => {
  const { here, there } = samples;
  const quartiles = [0.25, 0.75].map((at) => quantile(here, at).toFixed(1)).join(" to ");
  const compared =
    there.length === 0
      ? ""
      : `, there ${median(there).toFixed(1)} ${unit}, ratio ${(median(here) / median(there)).toFixed(2)}`;
  process.stdout.write(`${name}: here ${median(here).toFixed(1)} ${unit} (${quartiles})${compared}\n`);
};

/** First bytes on one kept connection, less the provider's own wait, and the CPU of each request. */
const measureWarm = async (sides: readonly Side[]): Promise<void> => {
  const added: Record<Side["name"], number[]> = { here: [], there: [] };
  const cpu: Record<Side["name"], number[]> = { here: [], there: [] };
  const agents = new Map(sides.map(({ name }) => [name, new Agent({ keepAlive: true, maxSockets: 1 })]));
  const ask = ({ name, target }: Side) => exchange(target, agents.get(name) ?? new Agent());
  for (const side of sides) for (let request = 0; request < 10; request++) await ask(side);
  for (let request = 0; request < Number(flags.warm); request++) {
    for (const side of sides) {
      const before = await usedMicros(side);
      const { firstByteMs } = await ask(side);
      added[side.name].push(firstByteMs - distances.provider.answerMs);
      cpu[side.name].push(((await usedMicros(side)) - before) / 1_000);
    }
  }
  for (const agent of agents.values()) agent.destroy();
  show("added before the first token, warm", "ms", added);
  show("CPU of a stream, TLS included", "ms", cpu);
};

/** The same in an environment that has just started. */
const measureCold = async (sides: readonly Side[]): Promise<void> => {
  const added: Record<Side["name"], number[]> = { here: [], there: [] };
  for (let start = 0; start < Number(flags.cold); start++) {
    for (const { name, gateway, target } of sides) {
      await gateway.ask("chill", "gateway");
      const agent = new Agent();
      const { firstByteMs } = await exchange(target, agent);
      agent.destroy();
      added[name].push(firstByteMs - distances.provider.answerMs);
    }
  }
  show("added before the first token, cold", "ms", added);
};

const closers: (() => Promise<void>)[] = [];
const started = async <Ready>(process: Promise<BenchProcess<Ready>>): Promise<BenchProcess<Ready>> => {
  const ready = await process;
  closers.push(() => ready.stop());
  return ready;
};

try {
  const provider = await started(BenchProcess.start<ProviderReady>("provider"));
  const plain = await started(BenchProcess.start<DependenciesReady>("instant-dependencies"));
  const network = await started(
    BenchProcess.start<NetworkReady>("network", {
      unkey: { url: plain.ready.unkey.url, ...distances.unkey },
      dynamodb: { url: plain.ready.dynamoDbEndpoint, ...distances.dynamodb },
      provider: { url: provider.ready.url, ...distances.provider },
    } satisfies NetworkInput),
  );
  const { urls, certificate } = network.ready;
  const dependencies: DependenciesReady = {
    ...plain.ready,
    dynamoDbEndpoint: urls.dynamodb ?? "",
    unkey: { ...plain.ready.unkey, url: urls.unkey ?? "" },
  };
  const side = async (name: Side["name"], checkout?: string): Promise<Side> => {
    const options = { maxWorkers: 1, env: { NODE_EXTRA_CA_CERTS: certificate } };
    const gateway = await started(startGateway({ url: urls.provider ?? "" }, dependencies, options, checkout));
    const headers = { authorization: `Bearer ${dependencies.apiKey}`, "x-cache": "no-cache" };
    const target = chatTarget(scenario, `${gateway.ready.url}/api/v1/chat/completions`, headers);
    return { name, gateway, target };
  };
  const [folder] = positionals;
  const sides = [await side("here"), ...(folder === undefined ? [] : [await side("there", resolve(folder))])];
  await measureWarm(sides);
  await measureCold(sides);
} finally {
  for (const close of closers.reverse()) await close();
}
