import { signal } from "@preact/signals";
import { readExportPage } from "../../api/account.ts";
import { ApiError, toError } from "../../api/request.ts";

export interface ExportProgress {
  readonly state: "idle" | "running" | "waiting" | "failed" | "done";
  readonly lines: number;
  readonly bytes: number;
  readonly error?: Error | undefined;
}

const idle: ExportProgress = { state: "idle", lines: 0, bytes: 0 };
/** Where the API refuses a page and does not say for how long. */
const usualWaitSeconds = 10;

const pause = (seconds: number, stop: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1_000);
    stop.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(stop.reason);
    });
  });

/** Reads an account's data page by page and keeps it until it is whole. One that was cut off continues where it was. */
export class ExportRun {
  readonly progress = signal<ExportProgress>(idle);
  readonly #save: (parts: readonly Blob[]) => void;
  /** Blobs: a browser may keep them on disk. */
  #parts: Blob[] = [];
  #cursor: string | undefined;
  #controller: AbortController | undefined;

  constructor(save: (parts: readonly Blob[]) => void) {
    this.#save = save;
  }

  /** Starts, or continues what failed. */
  async start(): Promise<void> {
    this.#controller?.abort();
    this.#controller = new AbortController();
    const { signal: stop } = this.#controller;
    if (this.progress.value.state !== "failed") this.#forget();
    this.#show({ ...(this.#cursor === undefined ? idle : {}), state: "running", error: undefined });
    try {
      while (await this.#readAllowed(stop));
      this.#save(this.#parts);
      this.#forget();
      this.#show({ state: "done" });
    } catch (thrown) {
      if (!stop.aborted) this.#show({ state: "failed", error: toError(thrown) });
    }
  }

  /** Stops and drops what was read. */
  cancel(): void {
    this.#controller?.abort();
    this.#forget();
    this.progress.value = idle;
  }

  #show(change: Partial<ExportProgress>): void {
    this.progress.value = { ...this.progress.value, ...change };
  }

  #forget(): void {
    this.#parts = [];
    this.#cursor = undefined;
  }

  /** Reads a page. Resolves to whether more follow. */
  async #read(stop: AbortSignal): Promise<boolean> {
    const { text, lines, cursor } = await readExportPage(this.#cursor, stop);
    const part = new Blob([text]);
    this.#parts.push(part);
    this.#cursor = cursor;
    const before = this.progress.value;
    this.#show({ state: "running", lines: before.lines + lines, bytes: before.bytes + part.size });
    return cursor !== undefined;
  }

  /** The same, once the API allows it: it counts pages by the minute. */
  async #readAllowed(stop: AbortSignal): Promise<boolean> {
    try {
      return await this.#read(stop);
    } catch (thrown) {
      if (!(thrown instanceof ApiError) || thrown.status !== 429) throw thrown;
      this.#show({ state: "waiting" });
      await pause(thrown.retryAfterSeconds ?? usualWaitSeconds, stop);
      return true;
    }
  }
}
