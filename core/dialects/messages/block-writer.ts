import { event } from "./wire.ts";

type Loose = Readonly<Record<string, unknown>>;
type BlockKind = "text" | "thinking" | "tool_use";

/** Writes events of content blocks: one open block at a time, numbered from 0. */
export class BlockWriter {
  #out = "";
  #index = -1;
  #open: BlockKind | undefined;

  get open(): BlockKind | undefined {
    return this.#open;
  }

  /** What has been written since the last time. */
  take(): string {
    const written = this.#out;
    this.#out = "";
    return written;
  }

  emit(data: { readonly type: string } & Loose): void {
    this.#out += event(data);
  }

  /** Begins a block; the one before ends. */
  start(kind: BlockKind, block: Loose): void {
    this.stop();
    this.#index += 1;
    this.#open = kind;
    this.emit({ type: "content_block_start", index: this.#index, content_block: block });
  }

  delta(delta: Loose): void {
    this.emit({ type: "content_block_delta", index: this.#index, delta });
  }

  stop(): void {
    if (this.#open === undefined) return;
    this.#open = undefined;
    this.emit({ type: "content_block_stop", index: this.#index });
  }
}
