import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { runLoad } from "./load-client.ts";
import type { DependenciesReady } from "./processes/dependencies.ts";
import type { Used } from "./processes/gateway.ts";
import { BenchProcess } from "./processes/process.ts";
import type { ProviderReady } from "./processes/provider.ts";
import { startGateway } from "./processes/start-gateway.ts";
import { chatTarget, type Scenario } from "./scenarios.ts";

/**
 * `node tests/bench/profile.ts [--stream] [--chunks 64] [--gap 0]`: where a warm worker spends its time on chat requests.
 * Shows the heaviest functions by their own time; `--out name` keeps each worker's profile for Chrome's tools.
 */

const { values: flags } = parseArgs({
  options: {
    stream: { type: "boolean", default: false },
    chunks: { type: "string", default: "64" },
    gap: { type: "string", default: "0" },
    requests: { type: "string", default: "1000" },
    out: { type: "string" },
  },
});

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const shownFunctions = 60;

const placeOf = (url: string): string => {
  if (url.startsWith("node:")) return url;
  return url === "" ? "native" : (url.split("/").at(-1) ?? url);
};

/** Own time of each function over all workers, microseconds, heaviest first. Idle time is left out. */
const ownTimes = (profiles: readonly Profile[]): readonly (readonly [string, number])[] => {
  const times = new Map<string, number>();
  for (const { nodes, samples, timeDeltas } of profiles) {
    const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
    for (const [index, id] of samples.entries()) {
      const frame = frames.get(id);
      if (frame === undefined || frame.functionName === "(idle)") continue;
      const name = `${frame.functionName || "(anonymous)"} ${placeOf(frame.url)}:${frame.lineNumber + 1}`;
      times.set(name, (times.get(name) ?? 0) + (timeDeltas[index] ?? 0));
    }
  }
  return [...times].sort(([, left], [, right]) => right - left);
};

const main = async (): Promise<void> => {
  const requests = Number(flags.requests);
  const scenario: Scenario = {
    stream: flags.stream,
    chunks: Number(flags.chunks),
    gapMs: Number(flags.gap),
    connections: 1,
    promptBytes: 200,
  };
  const provider = await BenchProcess.start<ProviderReady>("provider");
  const dependencies = await BenchProcess.start<DependenciesReady>("instant-dependencies");
  const gateway = await startGateway(provider.ready, dependencies.ready, { maxWorkers: 4, minify: false });
  try {
    const headers = { authorization: `Bearer ${dependencies.ready.apiKey}`, "x-cache": "no-cache" };
    const target = chatTarget(scenario, `${gateway.ready.url}/api/v1/chat/completions`, headers);
    const bounds = { connections: 1, maxRequests: requests, maxMs: 60_000 };
    await runLoad(target, bounds);
    await gateway.ask("startProfile", "gateway");
    const before = await gateway.ask<Used>("used", "gateway");
    const { requests: done } = await runLoad(target, bounds);
    // More than one worker may have served, and one that started meanwhile has no profile.
    const profiles = (await gateway.ask<readonly (Profile | null)[]>("stopProfile", "gateway")).filter(
      (profile) => profile !== null,
    );
    for (const [index, profile] of profiles.entries())
      if (flags.out !== undefined) await writeFile(`${flags.out}-${index}.cpuprofile`, JSON.stringify(profile));
    const times = ownTimes(profiles);
    const total = times.reduce((sum, [, micros]) => sum + micros, 0);
    const after = await gateway.ask<Used>("used", "gateway");
    const cpuMs = (after.cpuMicros - before.cpuMicros) / done / 1_000;
    process.stdout.write(
      `${done} requests, ${profiles.length} workers: ${cpuMs.toFixed(2)} ms of CPU a request, ${(total / done / 1_000).toFixed(2)} ms in samples\n`,
    );
    for (const [name, micros] of times.slice(0, shownFunctions))
      process.stdout.write(`${(micros / done).toFixed(1).padStart(8)} µs  ${name}\n`);
  } finally {
    await gateway.stop();
    await dependencies.stop();
    await provider.stop();
  }
};

await main();
