import type { BlockWriter } from "./block-writer.ts";
import { isWhole, OpenCalls, type StreamedCall } from "./open-calls.ts";
import type { ThinkingWriter } from "./thinking-writer.ts";
import { toMessagesToolId } from "./tool-id.ts";
import type { ToolNames } from "./tool-names.ts";

type Loose = Readonly<Record<string, unknown>>;

/** Writes tool calls, one block after the other, each behind the thinking that led to it. */
export class CallWriter {
  readonly #blocks: BlockWriter;
  readonly #thinking: ThinkingWriter;
  readonly #names: ToolNames;
  readonly #requestId: string;
  readonly #calls = new OpenCalls();
  #current: StreamedCall | undefined;

  constructor(blocks: BlockWriter, thinking: ThinkingWriter, names: ToolNames, requestId: string) {
    this.#blocks = blocks;
    this.#thinking = thinking;
    this.#names = names;
    this.#requestId = requestId;
  }

  get any(): boolean {
    return this.#calls.any;
  }

  /** Whether a call's arguments are still on their way: nothing else may begin. */
  get isCalling(): boolean {
    return this.#isOpen && this.#current !== undefined && !isWhole(this.#current.all);
  }

  push(deltas: readonly Loose[]): void {
    if (deltas.length === 0) return;
    for (const delta of deltas) this.#calls.push(delta);
    this.#drain(false);
  }

  /** No more deltas come. */
  end(): void {
    this.#drain(true);
  }

  get #isOpen(): boolean {
    return this.#blocks.open === "tool_use";
  }

  #drain(ended: boolean): void {
    do {
      const call = this.#calls.current();
      if (call === undefined || (call.name === "" && !ended)) return;
      if (!call.started) this.#start(call);
      const { waiting } = call;
      call.waiting = "";
      // Behind the end of its block, which its arguments had come to, nothing can follow.
      if (waiting !== "" && this.#isOpen) this.#blocks.delta({ type: "input_json_delta", partial_json: waiting });
    } while (this.#calls.advance(ended));
  }

  #start(call: StreamedCall): void {
    call.started = true;
    this.#current = call;
    this.#thinking.end(true);
    if (call.extra !== undefined) this.#thinking.carry({ extra: call.extra });
    this.#blocks.start("tool_use", {
      type: "tool_use",
      id: toMessagesToolId(call.id, this.#requestId),
      name: this.#names.fromChat(call.name),
      input: {},
    });
  }
}
