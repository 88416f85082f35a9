import { isRecord } from "#core/values/records.ts";
import { ownThinking, reasoningText, thinkingBlock } from "./answer.ts";
import type { BlockWriter } from "./block-writer.ts";
import type { Carried } from "./carried.ts";
import type { ThinkingDisplay } from "./display.ts";
import { mergeDetails } from "./merge-details.ts";

type Loose = Readonly<Record<string, unknown>>;

const listOf = (value: unknown): readonly Loose[] => (Array.isArray(value) ? value.filter(isRecord) : []);

/** Writes what a model thinks as blocks, as far as the client wants to see it or its provider wants to see it again. */
export class ThinkingWriter {
  readonly #blocks: BlockWriter;
  readonly #display: ThinkingDisplay;
  /** What has not its signature yet. */
  #reasoning = "";
  #details: readonly Loose[] = [];
  /** Blocks of Anthropic's that are sent only if a call follows. */
  #held: Loose[] = [];

  constructor(blocks: BlockWriter, display: ThinkingDisplay) {
    this.#blocks = blocks;
    this.#display = display;
  }

  /** @param mayShow whether a block may begin now */
  push(delta: Loose, mayShow: boolean): void {
    const reasoning = reasoningText(delta);
    if (reasoning !== "") this.#reason(reasoning, mayShow);
    const details = listOf(delta.reasoning_details);
    if (details.length > 0) this.#details = mergeDetails(this.#details, details);
    for (const block of listOf(delta.thinking_blocks)) this.#takeBlock(block);
  }

  /** Ends the thinking before other content begins. @param isCall thinking must precede a call even if the client hides it */
  end(isCall: boolean): void {
    if (isCall) for (const block of this.#held.splice(0)) this.#whole(ownThinking(block));
    if (!isCall && !this.#display.blocks) return;
    const details = this.#details;
    if (this.#reasoning === "" && details.length === 0) return;
    const block = thinkingBlock(this.#reasoning, details.length === 0 ? {} : { details }, this.#display);
    this.#reasoning = "";
    this.#details = [];
    if (this.#blocks.open === "thinking") this.#sign(block.signature);
    else this.#whole(block);
  }

  /** What a provider wants to see again with a call, in front of that call. */
  carry(carried: Carried): void {
    this.#whole(thinkingBlock("", carried, this.#display));
  }

  #reason(text: string, mayShow: boolean): void {
    this.#reasoning += text;
    if (!this.#display.text || !mayShow) return;
    if (this.#blocks.open !== "thinking") this.#begin();
    this.#blocks.delta({ type: "thinking_delta", thinking: text });
  }

  /** A whole block of Anthropic's, whose text has streamed before. */
  #takeBlock(block: Loose): void {
    this.#reasoning = "";
    if (this.#blocks.open === "thinking" && block.type === "thinking") this.#sign(block.signature);
    else if (this.#display.blocks) this.#whole(ownThinking(block));
    else this.#held.push(block);
  }

  #begin(): void {
    this.#blocks.start("thinking", { type: "thinking", thinking: "", signature: "" });
  }

  #sign(signature: unknown): void {
    this.#blocks.delta({ type: "signature_delta", signature });
    this.#blocks.stop();
  }

  /** A block that comes at once. */
  #whole(block: Loose): void {
    if (block.type !== "thinking") {
      this.#blocks.start("thinking", block);
      this.#blocks.stop();
      return;
    }
    this.#begin();
    if (block.thinking !== "") this.#blocks.delta({ type: "thinking_delta", thinking: block.thinking });
    this.#sign(block.signature);
  }
}
