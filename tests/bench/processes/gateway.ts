import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
 * The gateway as `npm start` runs it (AWS's runtime in worker threads, REST front), with the chat function and, as the floor,
 * a function that does nothing. Both answer through a probe that tells what their threads used.
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

export type Target = "gateway" | "floor";

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

const chatRoute: Route = routeById("ChatCompletions");
const bundles = await bundleFunctions({ handlers: [chatRoute.handler], outDir, root, minify });
const chat = bundles.get(chatRoute.handler);
if (chat === undefined) throw new Error("The chat function was not built");
const floorDir = join(outDir, "floor");
await mkdir(floorDir);
await copyFile(join(functionsDir, "floor.mjs"), join(floorDir, "bundle.mjs"));
for (const folder of [chat.folder, floorDir])
  await copyFile(join(functionsDir, "probe.mjs"), join(folder, "probe.mjs"));

const environment = functionEnvironments({
  ...dependencies,
  // Neither is asked by a chat.
  kmsEndpoint: "http://127.0.0.1:1",
  kmsKeyArn: "arn:aws:kms:us-east-1:000000000000:key/none",
  supabase: { url: "http://127.0.0.1:1", anonKey: "none", serviceRoleKey: undefined, addUser: undefined },
  langfuse: undefined,
  collectorUrl: "http://127.0.0.1:9",
  simulatedProviders: {},
  close: async () => undefined,
})(chatRoute);

const taskRoots: Readonly<Record<Target, string>> = { gateway: chat.folder, floor: floorDir };

const newPool = (target: Target): FunctionPool =>
  new FunctionPool({
    name: `bench-${target}`,
    handler: "probe.handler",
    taskRoot: taskRoots[target],
    env: environment,
    memoryMb: chatRoute.memoryMb,
    timeoutMs: chatRoute.timeoutSeconds * 1_000,
    maxWorkers,
    idleMs,
    budget: new WorkerBudget({ maxWorkers }),
    log: ({ stream, line }) => {
      if (stream === "stderr") process.stderr.write(`${target}: ${line}\n`);
    },
  });

const pools: Record<Target, FunctionPool> = { gateway: newPool("gateway"), floor: newPool("floor") };

const toRoute = (path: string, target: Target) => ({
  path,
  stream: true,
  timeoutMs: 900_000,
  invoke: (payload: string) => pools[target].invoke(payload),
});

const api = createRestApi({
  routes: [toRoute(chatRoute.path, "gateway"), toRoute("/floor/{proxy+}", "floor")],
  gatewayResponse: (kind, context) => renderGatewayResponse(kind, context),
});

let questions = 0;

/** Asks every worker of a pool, and waits until all that live have answered. */
const askWorkers = async <Value>(target: Target, name: string): Promise<readonly Value[]> => {
  const { workers } = pools[target].stats;
  if (workers === 0) return [];
  const id = ++questions;
  const channel = new BroadcastChannel(`bench-${target}`);
  const values: Value[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  channel.onmessage = (message: unknown) => {
    const { data } = message as { data: { id: number; value: Value } };
    if (data.id !== id) return;
    values.push(data.value);
    if (values.length === workers) resolve();
  };
  channel.postMessage({ id, name });
  await promise;
  channel.close();
  return values;
};

const ready: GatewayReady = {
  url: await api.listen(0, "127.0.0.1"),
  eagerBytes: chat.eagerBytes,
  totalBytes: chat.totalBytes,
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
      workers: pools.gateway.stats.workers + pools.floor.stats.workers,
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
    pools.gateway.stop();
    pools.floor.stop();
    await rm(outDir, { recursive: true, force: true });
  },
);
