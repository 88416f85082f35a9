import type { ProviderOutcome } from "#core/providers/provider.ts";
import type { SseEvent } from "#core/providers/sse-parser.ts";
import type { EventTap } from "#core/providers/tapped-events.ts";
import type { JsonRecord } from "#core/values/records.ts";
import { type StreamOptions, StreamTranslator } from "./from-stream.ts";

/** More is not kept for the cache. */
const maxKeptCharacters = 1_000_000;

/** Reads what the gateway has to know of a Messages stream, while its bytes pass. */
export class NativeTap implements EventTap {
  readonly provider = "anthropic";
  readonly outcome: ProviderOutcome;
  readonly #translator: StreamTranslator;
  #frames: string | undefined = "";
  #index = -1;
  #isOpen = false;

  constructor(options: StreamOptions) {
    this.outcome = options.outcome;
    this.#translator = new StreamTranslator(options);
  }

  get ended(): boolean {
    return this.#translator.finished;
  }

  /** The same stream as chunks of a chat completion, once it has ended; undefined for one that is too long to keep. */
  get frames(): string | undefined {
    return this.ended ? this.#frames : undefined;
  }

  /** What the dialect has to know to add events behind those that have passed. */
  get state(): JsonRecord {
    return { openIndex: this.#isOpen ? this.#index : undefined, usage: this.outcome.usage };
  }

  read({ event, data }: SseEvent): void {
    if (event === "content_block_start") {
      this.#index += 1;
      this.#isOpen = true;
    } else if (event === "content_block_stop") this.#isOpen = false;
    const frames = this.#translator.translate(data);
    if (this.#frames === undefined || frames === "") return;
    const kept = this.#frames + frames;
    this.#frames = kept.length > maxKeptCharacters ? undefined : kept;
  }
}
