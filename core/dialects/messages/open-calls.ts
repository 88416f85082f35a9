import { isRecord } from "#core/values/records.ts";

type Loose = Readonly<Record<string, unknown>>;

/** A tool call as its deltas make it. */
export interface StreamedCall {
  readonly index: number;
  id: string;
  name: string;
  extra: unknown;
  /** Arguments that have not left yet. */
  waiting: string;
  /** All of them so far, while another call waits for their end. */
  all: string;
  started: boolean;
}

/** Whether the arguments of a call have come to their end. */
export const isWhole = (text: string): boolean => {
  try {
    return isRecord(JSON.parse(text));
  } catch {
    return false;
  }
};

/**
 * Brings the calls of a stream into the order that Anthropic's events need: one after the other. Some providers mix them: the
 * next call waits until the arguments of the one before are whole.
 */
export class OpenCalls {
  readonly #calls = new Map<number, StreamedCall>();
  readonly #order: StreamedCall[] = [];
  #at = 0;

  get any(): boolean {
    return this.#order.length > 0;
  }

  push(delta: Loose): void {
    const index = typeof delta.index === "number" ? delta.index : 0;
    const call = this.#calls.get(index) ?? this.#add(index);
    const called = isRecord(delta.function) ? delta.function : {};
    if (typeof delta.id === "string" && delta.id !== "") call.id = delta.id;
    if (delta.extra_content !== undefined && delta.extra_content !== null) call.extra = delta.extra_content;
    if (typeof called.name === "string" && !call.started) call.name += called.name;
    if (typeof called.arguments !== "string") return;
    call.waiting += called.arguments;
    call.all += called.arguments;
  }

  /** The call whose turn it is, with what it has to say; undefined where all is said. */
  current(): StreamedCall | undefined {
    return this.#order[this.#at];
  }

  /** Goes on to the next call where the current one is done. @param ended no more deltas come */
  advance(ended: boolean): boolean {
    const call = this.current();
    if (call === undefined || call.waiting !== "" || !call.started) return false;
    const hasNext = this.#at + 1 < this.#order.length;
    if (!hasNext || !(ended || isWhole(call.all))) return false;
    this.#at += 1;
    return true;
  }

  #add(index: number): StreamedCall {
    const call = { index, id: "", name: "", extra: undefined, waiting: "", all: "", started: false };
    this.#calls.set(index, call);
    this.#order.push(call);
    return call;
  }
}
