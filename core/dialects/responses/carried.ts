import { isRecord, type JsonRecord } from "#core/values/records.ts";

/**
 * What a provider wants to see again in the next turn, in the one place where every client gives back what it does not
 * understand: `encrypted_content` of a reasoning item. Thinking with its signature, another API's encrypted reasoning and the
 * signatures of calls travel in it, and arrive at their provider as they left.
 */
export interface Carried {
  readonly thinking_blocks?: readonly JsonRecord[];
  readonly reasoning_details?: readonly JsonRecord[];
  /** `extra_content` of calls by their ids. */
  readonly calls?: Readonly<Record<string, unknown>>;
}

const prefix = "ck1.";

/** As text for `encrypted_content`. It contains only what the provider's own answer would, so it is not encrypted. */
export const toEncryptedContent = (carried: Carried): string =>
  prefix + Buffer.from(JSON.stringify(carried)).toString("base64url");

const recordsOf = (value: unknown): readonly JsonRecord[] => (Array.isArray(value) ? value.filter(isRecord) : []);

/** Reads one back; undefined for what we have not made. A forged one says no more than a chat completion's own fields can. */
export const fromEncryptedContent = (text: string): Carried | undefined => {
  if (!text.startsWith(prefix)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text.slice(prefix.length), "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  return {
    thinking_blocks: recordsOf(value.thinking_blocks),
    reasoning_details: recordsOf(value.reasoning_details),
    calls: isRecord(value.calls) ? value.calls : {},
  };
};

/** Text members of details that come in pieces. */
const pieces = ["text", "summary", "data"] as const;

const isSameDetail = (left: JsonRecord, right: JsonRecord): boolean =>
  left.index !== undefined && left.index === right.index && left.type === right.type;

const joined = (left: JsonRecord, right: JsonRecord): JsonRecord => {
  const merged = { ...left, ...right };
  for (const name of pieces) {
    if (typeof left[name] === "string" && typeof right[name] === "string") merged[name] = left[name] + right[name];
  }
  return merged;
};

/** Collects what the deltas of an answer, or its message, carry. */
export class Carrier {
  readonly #blocks: JsonRecord[] = [];
  readonly #details: JsonRecord[] = [];
  #calls: Record<string, unknown> = {};
  #delivered = 0;
  #noted = 0;

  /** Notes what a delta or a message has. */
  note({ thinking_blocks: blocks, reasoning_details: details }: JsonRecord): void {
    for (const block of recordsOf(blocks)) {
      this.#blocks.push(block);
      this.#noted += 1;
    }
    for (const detail of recordsOf(details)) {
      const at = this.#details.findIndex((known) => isSameDetail(known, detail));
      const known = this.#details[at];
      if (known === undefined) this.#details.push(detail);
      else this.#details[at] = joined(known, detail);
      this.#noted += 1;
    }
  }

  noteCall(id: string, extraContent: unknown): void {
    this.#calls[id] = extraContent;
    this.#noted += 1;
  }

  /** Whether something has come since it was taken last. */
  get waits(): boolean {
    return this.#noted > this.#delivered;
  }

  /** Takes what has come since the last time. */
  take(): Carried {
    this.#delivered = this.#noted;
    const carried: Carried = {
      ...(this.#blocks.length === 0 ? {} : { thinking_blocks: this.#blocks.splice(0) }),
      ...(this.#details.length === 0 ? {} : { reasoning_details: this.#details.splice(0) }),
      ...(Object.keys(this.#calls).length === 0 ? {} : { calls: this.#calls }),
    };
    this.#calls = {};
    return carried;
  }
}
