import { type AnswerRow, lockAnswer, readAnswer, unlockAnswer, writeAnswer } from "#core/db/cached-answers.ts";
import { SealBroken } from "#core/encryption/envelope.ts";
import { loggableError, logger } from "#core/observability/logger.ts";
import { maxTextBytes, openText, sealText } from "./sealed-text.ts";

/** An answer from the cache, opened. */
export interface CachedAnswer extends Pick<AnswerRow, "format" | "model" | "provider" | "simulated" | "usage"> {
  readonly text: string;
}

const pollMs = 250;

const wait = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done, { once: true });
  });

export interface AnswerCacheOptions {
  readonly userId: string;
  readonly digest: string;
  readonly requestId: string;
  readonly ttlSeconds: number;
  /** Unix ms by which this request is over: its lock frees itself then. */
  readonly deadlineMs: number;
}

/**
 * The cache as one request uses it: it finds the answer, or takes the lock and will store it, or waits for the request
 * that has the lock, so that many asking the same at once ask the provider once. A fault of the cache is never the
 * caller's: it is logged, and the request goes on without.
 */
export class AnswerCache {
  readonly #options: AnswerCacheOptions;
  #locked = false;
  #collected: string[] = [];
  #collectedBytes = 0;
  #tooLong = false;

  constructor(options: AnswerCacheOptions) {
    this.#options = options;
  }

  /** Part of round 2: looks for the answer and, at the same time, takes the lock. Undefined when this request shall ask. */
  async find(signal: AbortSignal): Promise<CachedAnswer | undefined> {
    const { userId, digest, deadlineMs } = this.#options;
    try {
      const [row] = await Promise.all([readAnswer(userId, digest, Date.now()), this.#lock()]);
      if (row !== undefined) return await this.#open(row);
      while (!this.#locked && !signal.aborted && Date.now() < deadlineMs) {
        await wait(pollMs, signal);
        const stored = await readAnswer(userId, digest, Date.now(), true);
        if (stored !== undefined) return await this.#open(stored);
        await this.#lock();
      }
      return undefined;
    } catch (error) {
      logger.warn("The cache could not be read", { error: loggableError(error) });
      return undefined;
    }
  }

  async #lock(): Promise<void> {
    const { userId, digest, requestId, deadlineMs } = this.#options;
    this.#locked = await lockAnswer(userId, digest, requestId, deadlineMs, Date.now());
  }

  async #open(row: AnswerRow): Promise<CachedAnswer | undefined> {
    const { userId, digest } = this.#options;
    const { format, model, provider, simulated, usage } = row;
    try {
      return { format, model, provider, simulated, usage, text: await openText(row.sealed, userId, digest) };
    } catch (error) {
      if (!(error instanceof SealBroken)) throw error;
      logger.error("A cached answer does not open", { userId, digest });
      return undefined;
    }
  }

  /** Keeps a part of a stream that passes, up to the longest that can be stored. */
  collect(part: Buffer | string): void {
    if (this.#tooLong) return;
    const text = typeof part === "string" ? part : part.toString("utf8");
    this.#collectedBytes += Buffer.byteLength(text);
    if (this.#collectedBytes > maxTextBytes) {
      this.#tooLong = true;
      this.#collected = [];
    } else this.#collected.push(text);
  }

  /** What was collected, or undefined when it is too long to keep. */
  get collected(): string | undefined {
    return this.#tooLong || this.#collected.length === 0 ? undefined : this.#collected.join("");
  }

  /** Stores the answer when it is given, and lets the requests that wait go on. A fault is logged. */
  async finish(answer: CachedAnswer | undefined): Promise<void> {
    const { userId, digest, requestId, ttlSeconds } = this.#options;
    try {
      const nowMs = Date.now();
      const sealed = answer === undefined ? undefined : await sealText(answer.text, userId, digest, nowMs);
      if (answer !== undefined && sealed !== undefined) {
        const { text: _, ...facts } = answer;
        await writeAnswer(userId, digest, { ...facts, sealed, expiresAt: Math.floor(nowMs / 1_000) + ttlSeconds });
      }
      if (this.#locked) await unlockAnswer(userId, digest, requestId);
    } catch (error) {
      logger.warn("The answer could not be cached", { error: loggableError(error) });
    }
  }
}
