import { Agent } from "node:http";
import { parseArgs } from "node:util";
import { openCheckout } from "./checkout.ts";
import { exchange, type LoadTarget } from "./load-client.ts";
import { machineLoad } from "./machine-load.ts";
import { replaceSection, short, table, verdict } from "./markdown.ts";
import type { DependenciesReady } from "./processes/dependencies.ts";
import type { GatewayReady, Target, Used } from "./processes/gateway.ts";
import type { NetworkInput, NetworkReady } from "./processes/network.ts";
import { BenchProcess } from "./processes/process.ts";
import type { ProviderReady } from "./processes/provider.ts";
import { startGateway } from "./processes/start-gateway.ts";
import { chatTarget, dialectCases, dialectTarget, refusalTargets, type Scenario } from "./scenarios.ts";
import { median, quantile } from "./statistics.ts";

/**
 * What a user waits for on AWS: the time that the gateway adds before the first token, with TLS and delays in front of every
 * stand-in, in each dialect. With a commit or the folder of another checkout, chat completions of both are measured in turn, and their ratio is what
 * counts. `npm run bench -- aws [commit]` writes docs/quality/performance.md unless `--dry`.
 */

const { positionals, values: flags } = parseArgs({
  allowPositionals: true,
  options: {
    warm: { type: "string", default: "60" },
    cold: { type: "string", default: "15" },
    dry: { type: "boolean", default: false },
  },
});

/** As measured from Lambda in one region: ms. */
const distances = {
  unkey: { connectMs: 50, answerMs: 25 },
  dynamodb: { connectMs: 3, answerMs: 3 },
  provider: { connectMs: 30, answerMs: 200 },
} as const;

/** Set in a run against another checkout, before the first change of issue 17. */
const goals = { warmMs: 0.8, coldMs: 0.65, warmCpuMs: 0.75, coldCpuMs: 0.65 } as const;

const scenario: Scenario = { stream: true, connections: 1, promptBytes: 200, chunks: 64, gapMs: 0 };

/** One kind of request to one gateway, and what was measured of it: each figure once a request. */
interface Subject {
  readonly name: string;
  readonly gateway: BenchProcess<GatewayReady>;
  readonly function: Target;
  readonly target: LoadTarget;
  /** Taken off what is waited for: what the provider takes for itself. */
  readonly providerMs: number;
  readonly samples: Record<"warmMs" | "warmCpuMs" | "coldMs" | "coldCpuMs", number[]>;
}

const usedMs = async ({ gateway, function: name }: Subject): Promise<number> =>
  (await gateway.ask<Used>("used", name)).cpuMicros / 1_000;

/** First bytes on one kept connection, less the provider's own wait, and the CPU of each request. */
const measureWarm = async (subjects: readonly Subject[]): Promise<void> => {
  const agent = new Agent({ keepAlive: true });
  for (const { target } of subjects) for (let request = 0; request < 10; request++) await exchange(target, agent);
  for (let request = 0; request < Number(flags.warm); request++) {
    for (const subject of subjects) {
      const before = await usedMs(subject);
      const { firstByteMs } = await exchange(subject.target, agent);
      subject.samples.warmMs.push(firstByteMs - subject.providerMs);
      subject.samples.warmCpuMs.push((await usedMs(subject)) - before);
    }
  }
  agent.destroy();
};

/** The same in an environment that has just started. Its CPU is that of the import and the first request. */
const measureCold = async (subjects: readonly Subject[]): Promise<void> => {
  for (let start = 0; start < Number(flags.cold); start++) {
    for (const subject of subjects) {
      await subject.gateway.ask("chill", subject.function);
      const agent = new Agent();
      const { firstByteMs } = await exchange(subject.target, agent);
      agent.destroy();
      subject.samples.coldMs.push(firstByteMs - subject.providerMs);
      subject.samples.coldCpuMs.push(await usedMs(subject));
    }
  }
};

/** The median with its quartiles. */
const shown = (samples: readonly number[]): string => {
  const [low = Number.NaN, high = Number.NaN] = [0.25, 0.75].map((at) => quantile(samples, at));
  return `${short(median(samples), 1)} (${short(low, 1)}–${short(high, 1)})`;
};

const waitsTable = (subjects: readonly Subject[]): string =>
  table(
    ["Stream of 64 chunks", "added warm, ms", "added cold, ms", "CPU warm, ms", "CPU of import and first request, ms"],
    subjects.map(({ name, samples: { warmMs, coldMs, warmCpuMs, coldCpuMs } }) => [
      name,
      ...[warmMs, coldMs, warmCpuMs, coldCpuMs].map(shown),
    ]),
  );

const comparedTable = (here: Subject, there: Subject): string => {
  const rows = [
    ["added before the first token, warm, ms", "warmMs"],
    ["added before the first token, cold, ms", "coldMs"],
    ["CPU of a stream of 64 chunks, TLS included, ms", "warmCpuMs"],
    ["CPU of import and first request, TLS included, ms", "coldCpuMs"],
  ] as const;
  return table(
    ["Chat completions", "Before", "Now", "Ratio", "Goal", "Met"],
    rows.map(([name, figure]) => {
      const ratio = median(here.samples[figure]) / median(there.samples[figure]);
      return [
        ...[name, shown(there.samples[figure]), shown(here.samples[figure]), short(ratio, 2)],
        ...[`≤ ${goals[figure]}`, verdict(ratio, goals[figure])],
      ];
    }),
  );
};

const closers: (() => Promise<void>)[] = [];
const started = async <Ready>(process: Promise<BenchProcess<Ready>>): Promise<BenchProcess<Ready>> => {
  const ready = await process;
  closers.push(() => ready.stop());
  return ready;
};

/** TLS and delays in front of the stand-ins, and what starts a gateway behind them. */
const startNetwork = async () => {
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
  const options = { maxWorkers: 4, env: { NODE_EXTRA_CA_CERTS: certificate } };
  const gateway = (checkout?: string) =>
    started(startGateway({ url: urls.provider ?? "" }, dependencies, options, checkout));
  return { gateway, headers: { authorization: `Bearer ${dependencies.apiKey}`, "x-cache": "no-cache" } };
};

const main = async (): Promise<void> => {
  const { gateway, headers } = await startNetwork();
  const here = await gateway();
  const { answerMs: providerMs } = distances.provider;
  const subject = (
    parts: Pick<Subject, "name" | "gateway" | "function" | "target">,
    wait: number = providerMs,
  ): Subject => ({
    ...parts,
    providerMs: wait,
    samples: { warmMs: [], warmCpuMs: [], coldMs: [], coldCpuMs: [] },
  });
  const chat = (name: string, side: BenchProcess<GatewayReady>): Subject => {
    const target = chatTarget(scenario, `${side.ready.url}/api/v1/chat/completions`, headers);
    return subject({ name, gateway: side, function: "gateway", target });
  };
  const [named] = positionals;
  const checkout = named === undefined ? undefined : await openCheckout(named);
  if (checkout !== undefined) closers.push(checkout.close);
  const own = chat("/v1/chat/completions", here);
  const before = checkout === undefined ? undefined : chat(checkout.name, await gateway(checkout.folder));
  const dialects = dialectCases.map((each) => {
    const target = dialectTarget(each, scenario, here.ready.url, headers);
    return subject({ name: each.name, gateway: here, function: each.target, target });
  });
  const refusals = Object.entries(refusalTargets(here.ready.url, headers)).map(([name, target]) =>
    subject({ name: `a refusal ${name}`, gateway: here, function: "gateway", target }, 0),
  );
  const measured = [own, ...dialects, ...refusals];
  const all = [own, ...(before === undefined ? [] : [before]), ...dialects, ...refusals];
  await measureWarm(all);
  await measureCold(all);
  const about = `Measured ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC with Node ${process.version}: medians and quartiles of ${flags.warm} warm and ${flags.cold} cold requests, every row in turn; ${machineLoad()}.`;
  const text = `${about}\n\n${waitsTable(measured)}`;
  process.stdout.write(`${text}\n`);
  if (!flags.dry) await replaceSection("aws", text);
  if (before === undefined) return;
  const compared = `${about} Before is ${before.name}.\n\n${comparedTable(own, before)}`;
  process.stdout.write(`\n${compared}\n`);
  if (!flags.dry) await replaceSection("aws-before", compared);
};

try {
  await main();
} finally {
  for (const close of closers.reverse()) await close();
}
