import { randomUUID } from "node:crypto";
import { FunctionWorker } from "./function-worker.ts";
import { maxRequestBytes } from "./limits.ts";
import { type FunctionFailure, type InvocationOutcome, requestTooLargeFailure, stoppedFailure } from "./outcome.ts";
import type { Job } from "./runtime-api.ts";
import type { SandboxMode } from "./sandbox.ts";
import { WorkerBudget, type WorkerClaimant } from "./worker-budget.ts";

export interface LogLine {
  readonly functionName: string;
  readonly stream: "stdout" | "stderr";
  readonly line: string;
}

export interface FunctionPoolOptions {
  readonly name: string;
  /** `bundle.handler`. */
  readonly handler: string;
  /** Absolute path of the function's folder. */
  readonly taskRoot: string;
  /** The function's own variables, such as `AWS_ENDPOINT_URL_DYNAMODB`; Lambda's are added. */
  readonly env?: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  /** Lambda's timeout for one invocation. It begins when a worker takes it, not while it waits. */
  readonly timeoutMs: number;
  /** Default `thread`. */
  readonly mode?: SandboxMode;
  /** An idle worker ends after this. Default 60 s. */
  readonly idleMs?: number;
  /** Workers of this pool; further invocations wait in order. Default 50. */
  readonly maxWorkers?: number;
  /** Shared by the pools of one machine. Default: one of its own. */
  readonly budget?: WorkerBudget;
  /** Lambda gives a start 10 s; a busy laptop gets 30 by default. */
  readonly initTimeoutMs?: number;
  readonly log?: (line: LogLine) => void;
}

export interface PoolStats {
  /** Workers started since the pool was made. */
  readonly coldStarts: number;
  readonly workers: number;
  readonly idle: number;
  /** Invocations that wait for a worker. */
  readonly queued: number;
  /** Invocations that are not over: waiting, running, or streaming. */
  readonly open: number;
}

/** A worker that has answered asks for more within a tick or two; only then is it no longer counted as good as free. */
const finishingGraceMs = 20;

/**
 * Lambda for one function: workers that start on demand, serve one invocation at a time, are reused last in, first out,
 * and end when idle. Where Lambda would throttle at its concurrency limit, this waits in order instead.
 * Fields: the workers, the queue and the counters of one function; each method reads several.
 */
export class FunctionPool implements WorkerClaimant {
  readonly #options: FunctionPoolOptions;
  readonly #budget: WorkerBudget;
  readonly #maxWorkers: number;
  readonly #idleMs: number;
  readonly #workers = new Set<FunctionWorker>();
  /** Top of the stack last: the most recently used worker is reused first, so that the rest can be reaped. */
  readonly #idle: FunctionWorker[] = [];
  readonly #queue: Job[] = [];
  readonly #emptied: (() => void)[] = [];
  #claims = 0;
  #starting = 0;
  #coldStarts = 0;
  #open = 0;
  #accepting = true;
  #stopped = false;
  #reaper: NodeJS.Timeout | undefined;
  #planner: NodeJS.Timeout | undefined;

  constructor(options: FunctionPoolOptions) {
    this.#options = options;
    this.#budget = options.budget ?? new WorkerBudget();
    this.#maxWorkers = options.maxWorkers ?? 50;
    this.#idleMs = options.idleMs ?? 60_000;
    this.#budget.join(this);
  }

  get stats(): PoolStats {
    return {
      coldStarts: this.#coldStarts,
      workers: this.#workers.size,
      idle: this.#idle.length,
      queued: this.#queue.length,
      open: this.#open,
    };
  }

  /** Invokes the function with an event given as JSON. Never rejects. */
  invoke(payload: string): Promise<InvocationOutcome> {
    const requestId = randomUUID();
    const refusal = !this.#accepting
      ? stoppedFailure
      : Buffer.byteLength(payload) > maxRequestBytes
        ? requestTooLargeFailure
        : undefined;
    if (refusal !== undefined) return Promise.resolve({ kind: "failed", requestId, failure: refusal });
    const { promise, resolve } = Promise.withResolvers<InvocationOutcome>();
    this.#open += 1;
    const settle = (outcome: InvocationOutcome): void => {
      if (outcome.kind === "streamed") void outcome.ended.then(() => this.#closeOne());
      else this.#closeOne();
      resolve(outcome);
    };
    const job: Job = { requestId, payload, settle };
    const worker = this.#idle.pop();
    if (worker === undefined) {
      this.#queue.push(job);
      this.#plan();
    } else {
      worker.run(job);
    }
    return promise;
  }

  /**
   * Refuses new invocations, waits for the open ones (streams too) up to a time, then stops. A function whose answer is
   * whole may still have work to do, such as settling usage: it is over when its worker asks for the next event.
   */
  async drain(timeoutMs: number): Promise<void> {
    this.#accepting = false;
    if (!this.#isResting()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#emptied.push(resolve);
      const timer = setTimeout(resolve, timeoutMs);
      await promise;
      clearTimeout(timer);
    }
    this.stop();
  }

  /** Ends every worker now. Waiting and running invocations fail as `stopped`. */
  stop(): void {
    this.#accepting = false;
    this.#stopped = true;
    clearTimeout(this.#reaper);
    clearTimeout(this.#planner);
    for (const { requestId, settle } of this.#queue.splice(0))
      settle({ kind: "failed", requestId, failure: stoppedFailure });
    for (const worker of [...this.#workers]) this.#end(worker);
    this.#budget.leave(this);
  }

  needsWorker(): boolean {
    return this.#queue.length > this.#starting + this.#finishing();
  }

  startWorker(): void {
    const { name, log, initTimeoutMs = 30_000, mode = "thread", env = {}, ...rest } = this.#options;
    this.#claims -= 1;
    this.#starting += 1;
    this.#coldStarts += 1;
    let starting = true;
    const started = (): void => {
      if (!starting) return;
      starting = false;
      this.#starting -= 1;
      this.#budget.started();
    };
    const worker = new FunctionWorker(
      { ...rest, name, env, mode, initTimeoutMs, log: (stream, line) => log?.({ functionName: name, stream, line }) },
      {
        ready: () => {
          started();
          this.#ready(worker);
        },
        finished: () => this.#plan(),
        exited: (_, initFailure) => {
          started();
          this.#exited(worker, initFailure);
        },
      },
    );
    this.#workers.add(worker);
  }

  dropClaim(): void {
    this.#claims -= 1;
  }

  longestIdleSinceMs(): number | undefined {
    return this.#idle[0]?.stateSinceMs;
  }

  evictLongestIdle(): void {
    const worker = this.#idle.shift();
    if (worker !== undefined) this.#end(worker);
  }

  #ready(worker: FunctionWorker): void {
    const job = this.#queue.shift();
    if (job !== undefined) {
      worker.run(job);
      return;
    }
    this.#idle.push(worker);
    this.#tellIfResting();
    this.#reaper ??= setTimeout(() => this.#reap(), this.#idleMs).unref();
    this.#budget.grant();
  }

  #exited(worker: FunctionWorker, initFailure: FunctionFailure | undefined): void {
    const index = this.#idle.indexOf(worker);
    if (index >= 0) this.#idle.splice(index, 1);
    this.#release(worker);
    this.#tellIfResting();
    // One start serves one invocation: the one that would have got this worker fails with it, and the next one starts another.
    const job = initFailure === undefined ? undefined : this.#queue.shift();
    if (job !== undefined && initFailure !== undefined) {
      job.settle({ kind: "failed", requestId: job.requestId, failure: initFailure });
    }
    this.#plan();
  }

  #end(worker: FunctionWorker): void {
    this.#release(worker);
    worker.stop(stoppedFailure);
  }

  #release(worker: FunctionWorker): void {
    if (this.#workers.delete(worker)) this.#budget.release();
  }

  #finishing(): number {
    const sinceMs = performance.now() - finishingGraceMs;
    let count = 0;
    for (const { state, stateSinceMs } of this.#workers)
      if (state === "finishing" && stateSinceMs > sinceMs) count += 1;
    return count;
  }

  /** Claims as many workers as the queue needs beyond those that are about to be free. */
  #plan(): void {
    if (this.#queue.length === 0 || this.#stopped) return;
    const finishing = this.#finishing();
    const coming = this.#starting + this.#claims + finishing;
    const room = this.#maxWorkers - this.#workers.size - this.#claims;
    const wanted = Math.min(this.#queue.length - coming, room);
    this.#claims += Math.max(0, wanted);
    for (let count = 0; count < wanted; count += 1) this.#budget.claim(this);
    if (finishing > 0) {
      this.#planner ??= setTimeout(() => {
        this.#planner = undefined;
        this.#plan();
      }, finishingGraceMs);
    }
  }

  #reap(): void {
    const untilMs = performance.now() - this.#idleMs;
    for (let oldest = this.#idle[0]; oldest !== undefined && oldest.stateSinceMs <= untilMs; oldest = this.#idle[0]) {
      this.#idle.shift();
      this.#end(oldest);
    }
    const next = this.#idle[0];
    this.#reaper =
      next === undefined || this.#stopped
        ? undefined
        : setTimeout(() => this.#reap(), Math.max(1, next.stateSinceMs - untilMs)).unref();
  }

  #closeOne(): void {
    this.#open -= 1;
    this.#tellIfResting();
  }

  #isResting(): boolean {
    return this.#open === 0 && [...this.#workers].every(({ state }) => state !== "busy" && state !== "finishing");
  }

  #tellIfResting(): void {
    if (this.#emptied.length > 0 && this.#isResting()) for (const resolve of this.#emptied.splice(0)) resolve();
  }
}
