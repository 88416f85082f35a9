import { randomUUID } from "node:crypto";
import { type FunctionIdentity, functionArn, workerEnvironment } from "./environment.ts";
import { exitFailure, type FunctionFailure, timeoutFailure } from "./outcome.ts";
import { type Job, RuntimeApi } from "./runtime-api.ts";
import { type Sandbox, type SandboxMode, startSandbox } from "./sandbox.ts";

export interface WorkerOptions extends FunctionIdentity {
  readonly mode: SandboxMode;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly initTimeoutMs: number;
  readonly log: (stream: "stdout" | "stderr", line: string) => void;
}

export interface WorkerEvents {
  /** It waits for an event: after its start and after each invocation. */
  ready(worker: FunctionWorker): void;
  /** Its response is whole, it will be ready in a moment. */
  finished(worker: FunctionWorker): void;
  /** It is gone. `initFailure` is set when it never became ready and nobody stopped it. */
  exited(worker: FunctionWorker, initFailure: FunctionFailure | undefined): void;
}

/** `finishing`: the response is whole, the next event not yet asked for. */
export type WorkerState = "starting" | "idle" | "busy" | "finishing" | "stopped";

/**
 * One Lambda sandbox: a runtime, its Runtime API and the clocks over them. It serves one invocation at a time.
 * Fields: the state of one sandbox and its clocks.
 */
export class FunctionWorker {
  readonly id = randomUUID();
  readonly #options: WorkerOptions;
  readonly #events: WorkerEvents;
  readonly #api: RuntimeApi;
  #sandbox: Sandbox | undefined;
  #timer: NodeJS.Timeout | undefined;
  #initFailure: FunctionFailure | undefined;
  #requestId: string = this.id;
  #state: WorkerState = "starting";
  /** `performance.now()` when it entered its present state. */
  stateSinceMs = performance.now();

  constructor(options: WorkerOptions, events: WorkerEvents) {
    this.#options = options;
    this.#events = events;
    this.#api = new RuntimeApi(functionArn(options.name), {
      ready: () => this.#enter("idle"),
      finished: () => this.#enter("finishing"),
      initError: (failure) => this.#failInit(failure),
    });
    void this.#start();
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** Hands over an invocation; the worker must be idle. Its deadline begins now. */
  run(job: Job): void {
    const { timeoutMs } = this.#options;
    this.#requestId = job.requestId;
    this.#state = "busy";
    this.stateSinceMs = performance.now();
    this.#timer = setTimeout(() => this.stop(timeoutFailure(job.requestId, timeoutMs)), timeoutMs);
    this.#api.send(job, Date.now() + timeoutMs);
  }

  /** Ends the worker now; an open invocation gets the failure. */
  stop(failure: FunctionFailure): void {
    if (this.#state === "stopped") return;
    this.#state = "stopped";
    clearTimeout(this.#timer);
    this.#api.abort(failure);
    if (this.#sandbox === undefined) this.#exited(undefined);
    else this.#sandbox.terminate();
  }

  async #start(): Promise<void> {
    const { mode, env, memoryMb, log, initTimeoutMs } = this.#options;
    try {
      const runtimeApi = await this.#api.listen();
      if (this.#state === "stopped") return;
      this.#timer = setTimeout(() => this.#failInit(timeoutFailure(this.id, initTimeoutMs)), initTimeoutMs);
      this.#sandbox = startSandbox({
        mode,
        env: workerEnvironment(this.#options, env, { id: this.id, runtimeApi }),
        memoryMb,
        log,
        exited: (reason) => this.#exited(reason),
      });
    } catch (error) {
      log("stderr", `The worker could not start: ${String(error)}`);
      this.#exited(String(error));
    }
  }

  #enter(state: "idle" | "finishing"): void {
    if (this.#state === "stopped") return;
    clearTimeout(this.#timer);
    this.#state = state;
    this.stateSinceMs = performance.now();
    if (state === "idle") this.#events.ready(this);
    else this.#events.finished(this);
  }

  /** The runtime would linger or die by itself in its own time: its caller is told now. */
  #failInit(failure: FunctionFailure): void {
    if (this.#state !== "starting") return;
    this.#initFailure = failure;
    this.#sandbox?.terminate();
  }

  #exited(reason: string | undefined): void {
    const failure = exitFailure(this.#requestId, reason);
    const initFailure = this.#state === "starting" ? (this.#initFailure ?? failure) : undefined;
    this.#state = "stopped";
    clearTimeout(this.#timer);
    this.#api.abort(failure);
    this.#api.close();
    this.#events.exited(this, initFailure);
  }
}
