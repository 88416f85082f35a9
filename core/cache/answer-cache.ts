import {
  type AnswerRow,
  type LockEnd,
  type LockVerdict,
  lockAnswer,
  readAnswer,
  unlockAnswer,
  writeAnswer,
} from "#core/db/cached-answers.ts";
import { SealBroken } from "#core/encryption/envelope.ts";
import { maxTextBytes, openText, sealText } from "#core/encryption/sealed-text.ts";
import { loggableError, logger } from "#core/observability/logger.ts";

/** An answer from the cache, opened. */
export interface CachedAnswer
  extends Pick<AnswerRow, "format" | "model" | "provider" | "simulated" | "usage" | "warnings"> {
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
 * caller's: it is logged, and the request continues without it.
 */
export class AnswerCache {
  readonly #options: AnswerCacheOptions;
  /** Ends a search that nobody needs any more. */
  readonly #over = new AbortController();
  #search: Promise<CachedAnswer | undefined> | undefined;
  #lock: LockVerdict | undefined;
  #collected: string[] = [];
  #collectedBytes = 0;
  #tooLong = false;

  constructor(options: AnswerCacheOptions) {
    this.#options = options;
  }

  /**
   * Part of round 2: looks for the answer and, at the same time, takes the lock. Undefined when this request must call the provider, or
   * when the signal fired.
   */
  find(signal: AbortSignal): Promise<CachedAnswer | undefined> {
    this.#search = this.#find(AbortSignal.any([signal, this.#over.signal])).catch((error: unknown) => {
      logger.warn("The cache could not be read", { error: loggableError(error) });
      return undefined;
    });
    return this.#search;
  }

  async #find(signal: AbortSignal): Promise<CachedAnswer | undefined> {
    const { userId, digest } = this.#options;
    // Both are awaited whatever the other does: a lock that is taken after all has to be given back.
    const [read, locked] = await Promise.allSettled([readAnswer(userId, digest, Date.now()), this.#takeLock()]);
    if (read.status === "rejected") throw read.reason;
    if (read.value !== undefined) return this.#open(read.value);
    if (locked.status === "rejected") throw locked.reason;
    while (this.#lock === "wait") {
      await wait(pollMs, signal);
      if (signal.aborted) return undefined;
      const stored = await readAnswer(userId, digest, Date.now(), true);
      if (stored !== undefined) return this.#open(stored);
      await this.#takeLock();
    }
    return undefined;
  }

  async #takeLock(): Promise<void> {
    const { userId, digest, requestId, deadlineMs } = this.#options;
    this.#lock = await lockAnswer(userId, digest, requestId, deadlineMs, Date.now());
  }

  async #open(row: AnswerRow): Promise<CachedAnswer | undefined> {
    const { userId, digest } = this.#options;
    const { format, model, provider, simulated, usage, warnings } = row;
    try {
      return { format, model, provider, simulated, usage, warnings, text: await openText(row.sealed, userId, digest) };
    } catch (error) {
      if (!(error instanceof SealBroken)) throw error;
      logger.error("A cached answer cannot be decrypted", { userId, digest });
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

  /**
   * Stores the answer when there is one, and lets the waiting requests continue: `free` when the next may try,
   * `unstorable` when none of them will find an answer here. A fault is logged.
   */
  async finish(answer: CachedAnswer | "free" | "unstorable"): Promise<void> {
    const { userId, digest, requestId } = this.#options;
    this.#over.abort();
    await this.#search;
    const end: LockEnd = typeof answer === "string" ? answer : await this.#store(answer);
    if (this.#lock !== "taken") return;
    try {
      await unlockAnswer(userId, digest, requestId, end, Date.now());
    } catch (error) {
      logger.warn("The cache's lock could not be released", { error: loggableError(error) });
    }
  }

  async #store({ text, ...facts }: CachedAnswer): Promise<LockEnd> {
    const { userId, digest, ttlSeconds } = this.#options;
    try {
      const nowMs = Date.now();
      const sealed = await sealText(text, userId, digest, nowMs);
      if (sealed === undefined) return "unstorable";
      await writeAnswer(userId, digest, { ...facts, sealed, expiresAt: Math.floor(nowMs / 1_000) + ttlSeconds });
      return "stored";
    } catch (error) {
      logger.warn("The answer could not be cached", { error: loggableError(error) });
      return "unstorable";
    }
  }
}
