import { Readable } from "node:stream";
import { openAiWire } from "#core/dialects/openai-wire.ts";
import type { GatewayError } from "#core/errors.ts";

/**
 * The body of a server-sent stream. It pulls from its source only when the client's side has room (backpressure), sends a
 * comment after each 15 s of silence, reports a late error inside the stream, and ends by itself when its time is over.
 */

export const heartbeatMs = 15_000;
/** How long after the abort a stalled client gets to take the last bytes, ms. */
const graceMs = 2_000;

export interface SseBodyOptions {
  /** Whole frames. What it throws after the first byte left becomes one error frame; the stream then ends. */
  readonly source: AsyncIterable<Buffer | string>;
  /** Turns what the source threw into what the caller may see. */
  readonly toError: (thrown: unknown) => GatewayError;
  /** Fires at the deadline and when the request is cancelled. */
  readonly signal: AbortSignal;
  /** How an error is written; as OpenAI's unless given. */
  readonly errorFrame?: (error: GatewayError) => string;
  /** What is sent after silence; a comment unless given. */
  readonly heartbeat?: string;
  readonly heartbeatMs?: number;
  /** Whether a heartbeat leaves at once: the answer is late already. */
  readonly startWithHeartbeat?: boolean;
}

export class SseBody extends Readable {
  readonly #iterator: AsyncIterator<Buffer | string>;
  readonly #options: SseBodyOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #heartbeat: string;
  #grace: NodeJS.Timeout | undefined;
  #pulling = false;

  constructor(options: SseBodyOptions) {
    super({ highWaterMark: 16 * 1024 });
    this.#options = options;
    this.#iterator = options.source[Symbol.asyncIterator]();
    this.#heartbeat = options.heartbeat ?? openAiWire.heartbeat;
    this.#timer = setInterval(() => this.#beat(), options.heartbeatMs ?? heartbeatMs);
    if (options.signal.aborted) this.#onAbort();
    else options.signal.addEventListener("abort", this.#onAbort, { once: true });
    if (options.startWithHeartbeat === true) this.push(this.#heartbeat);
  }

  override _read(): void {
    if (!this.#pulling) this.#pull();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#stop();
    // Closes the provider's connection when the body is given up half way.
    const closed = this.#iterator.return?.();
    if (closed === undefined) callback(error);
    else
      closed.then(
        () => callback(error),
        () => callback(error),
      );
  }

  async #pull(): Promise<void> {
    this.#pulling = true;
    try {
      const next = await this.#iterator.next();
      this.#pulling = false;
      if (this.destroyed) return;
      if (next.done === true) {
        this.#stop();
        this.push(null);
        return;
      }
      this.#timer.refresh();
      this.push(next.value);
    } catch (thrown) {
      this.#pulling = false;
      if (this.destroyed) return;
      this.#stop();
      const error = this.#options.toError(thrown);
      this.push(this.#options.errorFrame?.(error) ?? openAiWire.errorFrame(error, ""));
      this.push(null);
    }
  }

  #beat(): void {
    // A client that does not read needs no heartbeat, and must not make the buffer grow.
    if (this.readableLength === 0) this.push(this.#heartbeat);
  }

  readonly #onAbort = (): void => {
    this.#grace = setTimeout(() => this.destroy(), graceMs);
  };

  #stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#grace);
    this.#options.signal.removeEventListener("abort", this.#onAbort);
  }
}
