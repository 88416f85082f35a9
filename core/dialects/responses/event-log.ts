import type { ResponseOutputItem } from "openai/resources/responses/responses";
import { eventFrame } from "./failure.ts";

/** The events of one streamed answer: numbered without a gap, and the items in the order in which they began. */
export class EventLog {
  #sequence = 0;
  #frames = "";
  readonly #items: (ResponseOutputItem | undefined)[] = [];

  add(type: string, fields: Readonly<Record<string, unknown>>): void {
    this.#frames += eventFrame({ type, ...{ sequence_number: this.#sequence }, ...fields });
    this.#sequence += 1;
  }

  /** Announces an item. Returns its place in the answer. */
  begin(item: ResponseOutputItem): number {
    const index = this.#items.push(undefined) - 1;
    this.add("response.output_item.added", { output_index: index, item });
    return index;
  }

  end(index: number, item: ResponseOutputItem): void {
    this.#items[index] = item;
    this.add("response.output_item.done", { output_index: index, item });
  }

  /** The items that have ended. */
  get output(): readonly ResponseOutputItem[] {
    return this.#items.filter((item) => item !== undefined);
  }

  /** Takes the frames that have been added since the last time. */
  take(): string {
    const frames = this.#frames;
    this.#frames = "";
    return frames;
  }
}
