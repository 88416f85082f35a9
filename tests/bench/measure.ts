import { Agent, type ClientRequest, request } from "node:http";
import { exchange, type LoadResult, type LoadTarget, runLoad } from "./load-client.ts";
import type { GatewayReady, Memory, Target, Used } from "./processes/gateway.ts";
import type { BenchProcess } from "./processes/process.ts";
import type { Scenario } from "./scenarios.ts";
import { type Figure, quantile, toFigure } from "./statistics.ts";

/** How long a run takes. */
export interface Effort {
  readonly rounds: number;
  readonly maxRequests: number;
  readonly maxMs: number;
  readonly warmUpRequests: number;
  /** Batches in which CPU is measured: short ones, so that a busy moment of the machine spoils few of them. */
  readonly cpuBatches: number;
  readonly cpuRequests: number;
  readonly pacedBatches: number;
  readonly pacedRequests: number;
  readonly coldStarts: number;
  readonly memoryWorkers: number;
}

/** About nine minutes on two quiet cores. */
export const fullEffort: Effort = {
  rounds: 5,
  maxRequests: 300,
  maxMs: 800,
  warmUpRequests: 1_200,
  cpuBatches: 21,
  cpuRequests: 50,
  pacedBatches: 7,
  pacedRequests: 3,
  coldStarts: 15,
  memoryWorkers: 16,
};

export const quickEffort: Effort = {
  rounds: 1,
  maxRequests: 200,
  maxMs: 800,
  warmUpRequests: 300,
  cpuBatches: 5,
  cpuRequests: 40,
  pacedBatches: 3,
  pacedRequests: 2,
  coldStarts: 5,
  memoryWorkers: 8,
};

type Gateway = BenchProcess<GatewayReady>;

export interface Latency {
  readonly requests: number;
  readonly requestsPerSecond: Figure;
  readonly p50Ms: Figure;
  readonly p99Ms: Figure;
  readonly firstByteP50Ms: Figure;
  readonly firstByteP99Ms: Figure;
  /** Medians of the rounds, in their order. */
  readonly firstByteRounds: readonly number[];
}

const toLatency = (runs: readonly LoadResult[]): Latency => ({
  requests: runs.reduce((sum, { requests }) => sum + requests, 0),
  requestsPerSecond: toFigure(runs.map(({ requests, elapsedMs }) => (requests / elapsedMs) * 1_000)),
  p50Ms: toFigure(runs.map(({ wholeMs }) => quantile(wholeMs, 0.5))),
  p99Ms: toFigure(runs.map(({ wholeMs }) => quantile(wholeMs, 0.99))),
  firstByteP50Ms: toFigure(runs.map(({ firstByteMs }) => quantile(firstByteMs, 0.5))),
  firstByteP99Ms: toFigure(runs.map(({ firstByteMs }) => quantile(firstByteMs, 0.99))),
  firstByteRounds: runs.map(({ firstByteMs }) => quantile(firstByteMs, 0.5)),
});

/** Latencies of several targets, their rounds taken in turn, so that a busy moment of the machine meets all of them. */
export const measureLatency = async <Targets extends Readonly<Record<string, LoadTarget>>>(
  targets: Targets,
  { connections }: Scenario,
  { rounds, maxRequests, maxMs }: Effort,
): Promise<{ readonly [Name in keyof Targets]: Latency }> => {
  const plans = Object.entries(targets).map(([name, target]) => ({ name, target, runs: [] as LoadResult[] }));
  for (const { target } of plans) await runLoad(target, { connections, maxRequests: connections * 3, maxMs });
  const bounds = { connections, maxRequests: Math.max(maxRequests, connections * 10), maxMs };
  for (let round = 0; round < rounds; round++) {
    for (const { target, runs } of plans) runs.push(await runLoad(target, bounds));
  }
  return Object.fromEntries(plans.map(({ name, runs }) => [name, toLatency(runs)])) as {
    readonly [Name in keyof Targets]: Latency;
  };
};

/** Something whose CPU is measured: where its requests go, and how much it has used. */
export interface CpuSubject {
  readonly target: LoadTarget;
  /** CPU time since it started, microseconds. */
  readonly usedMicros: () => Promise<number>;
}

/** A function of ours: the CPU of its worker threads. */
export const functionSubject = (gateway: Gateway, name: Target, target: LoadTarget): CpuSubject => ({
  target,
  usedMicros: async () => (await gateway.ask<Used>("used", name)).cpuMicros,
});

const warmUpMaxMs = 4_000;
/** The peer sleeps in every stream on purpose: it must not hold the bench up. */
const batchMaxMs = 600;

/** CPU time for one request, milliseconds, on one connection. */
const cpuBatch = async ({ target, usedMicros }: CpuSubject, requests: number, maxMs = batchMaxMs): Promise<number> => {
  const before = await usedMicros();
  const { requests: done } = await runLoad(target, { connections: 1, maxRequests: requests, maxMs });
  return ((await usedMicros()) - before) / done / 1_000;
};

/** CPU of a request in each batch, ms, by the name of what was measured. */
export type CpuRounds<Name extends string> = Readonly<Record<Name, readonly number[]>>;

export interface CpuEffort {
  readonly requests: number;
  readonly warmUpRequests: number;
  readonly batches: number;
  /** No request of a batch is begun after this; 600 unless given. */
  readonly maxMs?: number;
}

/** CPU a request, after a warm-up long enough for the compiler. The subjects take turns, batch by batch. */
export const measureCpu = async <Name extends string>(
  subjects: Readonly<Record<Name, CpuSubject>>,
  { requests, warmUpRequests, batches, maxMs }: CpuEffort,
): Promise<CpuRounds<Name>> => {
  const plans = (Object.entries(subjects) as [Name, CpuSubject][]).map(([name, subject]) => ({
    name,
    subject,
    rounds: [] as number[],
  }));
  for (const { subject } of plans) {
    await runLoad(subject.target, { connections: 1, maxRequests: warmUpRequests, maxMs: warmUpMaxMs });
  }
  for (let batch = 0; batch < batches; batch++) {
    for (const { subject, rounds } of plans) rounds.push(await cpuBatch(subject, requests, maxMs));
  }
  return Object.fromEntries(plans.map(({ name, rounds }) => [name, rounds])) as unknown as CpuRounds<Name>;
};

/** Two figures compared batch by batch, so that the machine's drift drops out. */
const paired = (
  left: readonly number[],
  right: readonly number[],
  combine: (left: number, right: number) => number,
): Figure => toFigure(left.map((value, index) => combine(value, right[index] ?? Number.NaN)));

/** What is added above the function that does nothing. */
export const aboveFloor = (rounds: readonly number[], floor: readonly number[]): Figure =>
  paired(rounds, floor, (value, least) => value - least);

export interface OwnCpu {
  readonly gatewayMs: Figure;
  readonly floorMs: Figure;
  /** What the gateway adds: the difference in each batch. */
  readonly ownMs: Figure;
  /** The same calls over bare sockets, less the floor. Where it was measured. */
  readonly callsMs?: Figure | undefined;
  /** The peer's whole process. Where it was measured. */
  readonly peerMs?: Figure | undefined;
  /** What the gateway adds, in relation to the peer's process, batch by batch. */
  readonly ofPeer?: Figure | undefined;
}

/** The gateway's own CPU of one name among others that were measured in turn. `calls` and `peer` are optional. */
export const toOwnCpu = (rounds: Readonly<Record<string, readonly number[]>>, name = "gateway"): OwnCpu => {
  const { floor = [], calls, peer } = rounds;
  const used = rounds[name] ?? [];
  const own = used.map((value, index) => value - (floor[index] ?? Number.NaN));
  return {
    gatewayMs: toFigure(used),
    floorMs: toFigure(floor),
    ownMs: toFigure(own),
    callsMs: calls === undefined ? undefined : aboveFloor(calls, floor),
    peerMs: peer === undefined ? undefined : toFigure(peer),
    ofPeer: peer === undefined ? undefined : paired(own, peer, (left, right) => left / right),
  };
};

export interface ColdStart {
  readonly gatewayMs: Figure;
  readonly floorMs: Figure;
  /** CPU of the thread from its start to its first answer: import and first request. */
  readonly gatewayCpuMs: Figure;
  readonly floorCpuMs: Figure;
}

/** First bytes of workers that are started for one request each, by turns, and the CPU of it. */
export const measureCold = async (
  gateway: Gateway,
  targets: Readonly<Record<"gateway" | "floor", LoadTarget>>,
  starts: number,
): Promise<ColdStart> => {
  const start = async (name: "gateway" | "floor") => {
    await gateway.ask("chill", name);
    const agent = new Agent();
    const { firstByteMs } = await exchange(targets[name], agent);
    agent.destroy();
    const { cpuMicros } = await gateway.ask<Used>("used", name);
    return { firstByteMs, cpuMs: cpuMicros / 1_000 };
  };
  const floor: Awaited<ReturnType<typeof start>>[] = [];
  const chat: typeof floor = [];
  for (let count = 0; count < starts; count++) {
    floor.push(await start("floor"));
    chat.push(await start("gateway"));
  }
  const figureOf = (samples: typeof floor, name: "firstByteMs" | "cpuMs"): Figure =>
    toFigure(samples.map((sample) => sample[name]));
  return {
    gatewayMs: figureOf(chat, "firstByteMs"),
    floorMs: figureOf(floor, "firstByteMs"),
    gatewayCpuMs: figureOf(chat, "cpuMs"),
    floorCpuMs: figureOf(floor, "cpuMs"),
  };
};

const settleMs = 1_500;

/** Memory that one more warm worker takes: the growth of the whole process from one to many, divided. */
export const measureMemory = async (gateway: Gateway, target: LoadTarget, workers: number): Promise<number> => {
  const settled = async (): Promise<Memory> => {
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    return gateway.ask<Memory>("memory");
  };
  await runLoad(target, { connections: 1, maxRequests: 5, maxMs: 10_000 });
  const one = await settled();
  await runLoad(target, { connections: workers, maxRequests: workers * 5, maxMs: 30_000 });
  const many = await settled();
  return (many.rssBytes - one.rssBytes) / (many.workers - one.workers);
};

const stallSampleMs = 1_000;
const maxStallSamples = 20;
const stallNoiseBytes = 2 * 1024 * 1024;

/** Waits until memory no longer grows: the provider sends as much as it can. */
const settledMemory = async (resident: () => Promise<number>): Promise<number> => {
  let last = await resident();
  for (let sample = 0; sample < maxStallSamples; sample++) {
    await new Promise((resolve) => setTimeout(resolve, stallSampleMs));
    const now = await resident();
    // The first samples may lie before the first byte.
    if (sample >= 3 && now - last < stallNoiseBytes) return now;
    last = now;
  }
  return last;
};

/**
 * Opens streams, reads their heads and then nothing more. Resolves to what one of them adds to the process's memory: it has to
 * be bounded, whatever the provider sends.
 */
export const measureStall = async (gateway: Gateway, target: LoadTarget, streams: number): Promise<number> => {
  const resident = async (): Promise<number> => (await gateway.ask<Memory>("memory")).rssBytes;
  const before = await resident();
  const calls = await Promise.all(Array.from({ length: streams }, () => openAndStall(target)));
  const after = await settledMemory(resident);
  for (const call of calls) call.destroy();
  return (after - before) / streams;
};

const openAndStall = ({ url, headers, body }: LoadTarget): Promise<ClientRequest> => {
  const { promise, resolve, reject } = Promise.withResolvers<ClientRequest>();
  const call = request(url, { method: "POST", headers: { "content-type": "application/json", ...headers } });
  call.once("response", (response) => {
    response.pause();
    resolve(call);
  });
  call.on("error", reject);
  call.end(body);
  return promise;
};
