import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { BroadcastChannel } from "node:worker_threads";
import { type Route, routeById } from "#core/routes.ts";
import { bundleFunctions } from "#infra/bundle.ts";
import { renderGatewayResponse } from "#infra/gateway-responses.ts";
import { createRestApi } from "#infra/local/api-gateway/rest-api.ts";
import { functionEnvironments } from "#infra/local/function-environment.ts";
import { FunctionPool, type PoolStats } from "#infra/local/lambda/function-pool.ts";
import { WorkerBudget } from "#infra/local/lambda/worker-budget.ts";
import type { DependenciesReady } from "./dependencies.ts";
import { processInput, serve } from "./process.ts";

/**
 * The gateway as `npm start` runs it (AWS's runtime in worker threads, REST front), with the functions of chat completions, messages
 * and responses and, as the floor, a function that does nothing. All answer through a probe that tells what their threads used.
 */

export interface GatewayInput {
  readonly dependencies: DependenciesReady;
  readonly maxWorkers: number;
  readonly idleMs: number;
  /** Default true, as deployed. A profile reads better without. */
  readonly minify?: boolean;
}

export interface GatewayReady {
  readonly url: string;
  readonly eagerBytes: number;
  readonly totalBytes: number;
}

/** The functions: `gateway` is that of chat completions. */
export type Target = "gateway" | "messages" | "responses" | "floor";

export interface Used {
  /** CPU time of all worker threads since they started, microseconds. */
  readonly cpuMicros: number;
  readonly workers: number;
}

export interface Memory {
  readonly rssBytes: number;
  readonly workers: number;
}

const { dependencies, maxWorkers, idleMs, minify = true } = processInput<GatewayInput>();
const root = join(import.meta.dirname, "../../..");
const functionsDir = join(root, "tests/bench/functions");
const outDir = await mkdtemp(join(tmpdir(), "bench-"));

const functionRoutes: Readonly<Record<Exclude<Target, "floor">, Route>> = {
  gateway: routeById("ChatCompletions"),
  messages: routeById("Messages"),
  responses: routeById("Responses"),
};
const handlers = Object.values(functionRoutes).map(({ handler }) => handler);
const bundles = await bundleFunctions({ handlers, outDir, root, minify });
const bundleOf = ({ handler }: Route) => {
  const bundle = bundles.get(handler);
  if (bundle === undefined) throw new Error(`${handler} was not built`);
  return bundle;
};
const floorDir = join(outDir, "floor");
await mkdir(floorDir);
await copyFile(join(functionsDir, "floor.mjs"), join(floorDir, "bundle.mjs"));
for (const folder of [...Object.values(functionRoutes).map((route) => bundleOf(route).folder), floorDir])
  await copyFile(join(functionsDir, "probe.mjs"), join(folder, "probe.mjs"));

const environmentOf = functionEnvironments({
  ...dependencies,
  // Neither is asked by a chat.
  kmsEndpoint: "http://127.0.0.1:1",
  kmsKeyArn: "arn:aws:kms:us-east-1:000000000000:key/none",
  stsEndpoint: "http://127.0.0.1:1",
  supabase: { url: "http://127.0.0.1:1", anonKey: "none", serviceRoleKey: undefined, addUser: undefined },
  langfuse: undefined,
  collectorUrl: "http://127.0.0.1:9",
  simulatedProviders: {},
  close: async () => undefined,
});

const newPool = (target: Target): FunctionPool => {
  const route = functionRoutes[target === "floor" ? "gateway" : target];
  return new FunctionPool({
    name: `bench-${target}`,
    handler: "probe.handler",
    taskRoot: target === "floor" ? floorDir : bundleOf(route).folder,
    env: environmentOf(route),
    memoryMb: route.memoryMb,
    timeoutMs: route.timeoutSeconds * 1_000,
    maxWorkers,
    idleMs,
    budget: new WorkerBudget({ maxWorkers }),
    log: ({ stream, line }) => {
      if (stream === "stderr") process.stderr.write(`${target}: ${line}\n`);
    },
  });
};

const pools: Record<Target, FunctionPool> = {
  gateway: newPool("gateway"),
  messages: newPool("messages"),
  responses: newPool("responses"),
  floor: newPool("floor"),
};

const toRoute = (path: string, target: Target) => ({
  path,
  stream: true,
  timeoutMs: 900_000,
  invoke: (payload: string) => pools[target].invoke(payload),
});

const api = createRestApi({
  routes: [
    toRoute(functionRoutes.gateway.path, "gateway"),
    toRoute(functionRoutes.messages.path, "messages"),
    toRoute(functionRoutes.responses.path, "responses"),
    toRoute("/floor/{proxy+}", "floor"),
  ],
  gatewayResponse: (kind, context) => renderGatewayResponse(kind, context),
});

let questions = 0;
const askAgainMs = 50;

/**
 * Asks every worker of a pool, and waits until all that live have answered. One that is just starting does not listen yet, and one that
 * ends never answers: the question is repeated, and the pool counted anew.
 */
const askWorkers = async <Value>(target: Target, name: string): Promise<readonly Value[]> => {
  const id = ++questions;
  const channel = new BroadcastChannel(`bench-${target}`);
  const values = new Map<number, Value>();
  channel.onmessage = (message: unknown) => {
    const { data } = message as { data: { id: number; from?: number; value: Value } };
    if (data.id === id && data.from !== undefined) values.set(data.from, data.value);
  };
  while (values.size < pools[target].stats.workers) {
    channel.postMessage({ id, name });
    const askedAt = performance.now();
    while (values.size < pools[target].stats.workers && performance.now() - askedAt < askAgainMs) await setTimeout(1);
  }
  channel.close();
  return [...values.values()];
};

const ready: GatewayReady = {
  url: await api.listen(0, "127.0.0.1"),
  eagerBytes: bundleOf(functionRoutes.gateway).eagerBytes,
  totalBytes: bundleOf(functionRoutes.gateway).totalBytes,
};

serve(
  ready,
  {
    used: async (target): Promise<Used> => {
      const times = await askWorkers<number>(target as Target, "cpu");
      return { cpuMicros: times.reduce((sum, time) => sum + time, 0), workers: times.length };
    },
    stats: (target): PoolStats => pools[target as Target].stats,
    memory: (): Memory => ({
      rssBytes: process.memoryUsage.rss(),
      workers: Object.values(pools).reduce((sum, pool) => sum + pool.stats.workers, 0),
    }),
    /** Ends every worker of a function, so that the next request meets a cold start. */
    chill: (target) => {
      pools[target as Target].stop();
      pools[target as Target] = newPool(target as Target);
    },
    startProfile: async (target) => {
      await askWorkers(target as Target, "startProfile");
    },
    stopProfile: (target) => askWorkers<unknown>(target as Target, "stopProfile"),
  },
  async () => {
    await api.close(1_000);
    for (const pool of Object.values(pools)) pool.stop();
    await rm(outDir, { recursive: true, force: true });
  },
);
