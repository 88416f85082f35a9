import { deflateRawSync, inflateRawSync } from "node:zlib";
import { isRecord, type JsonRecord } from "#core/values/records.ts";
import { textOf } from "./read.ts";
import { badRequest } from "./refuse.ts";

/**
 * Ids of items and of answers. Some clients give back ids alone (`item_reference`), since OpenAI stores answers unless it is
 * told not to. Nothing is stored here, but an id can hold a message: that of a message in a whole answer holds itself. A
 * streamed message has its id before its text, so an item behind it, a reasoning item without words, holds its text. Clients
 * give back the ids of both.
 */

const mark = "ck";
const messagePrefix = `msg_${mark}z_`;
const holderPrefix = `rs_${mark}z_`;
/** Characters of the longest text that an id holds. */
const maxHeldLength = 64 * 1024;
/** Characters that all ids of a request may hold: a small id can be made to hold a thousand times its own size. */
const maxHeldTotal = 4 * 1024 * 1024;
const ownId = /^(?:msg|rs|fc|ctc|resp)_ckz?_/;

export const isOwnId = (id: string): boolean => ownId.test(id);

/** Ids of one answer: stable, and different from those of every other answer. */
export class ItemIds {
  readonly #tail: string;
  #count = 0;

  /** @param requestId `req_` and a UUID. */
  constructor(requestId: string) {
    this.#tail = requestId.slice(requestId.indexOf("_") + 1).replaceAll("-", "");
  }

  get response(): string {
    return `resp_${mark}_${this.#tail}`;
  }

  next(kind: "msg" | "rs" | "fc" | "ctc"): string {
    this.#count += 1;
    return `${kind}_${mark}_${this.#tail}_${this.#count - 1}`;
  }
}

const packed = (prefix: string, text: string): string | undefined =>
  text.length > maxHeldLength ? undefined : prefix + deflateRawSync(text).toString("base64url");

/** The text in an id, or undefined for one that somebody else made. */
const unpacked = (prefix: string, id: string): string | undefined => {
  if (!id.startsWith(prefix)) return undefined;
  try {
    return inflateRawSync(Buffer.from(id.slice(prefix.length), "base64url"), {
      maxOutputLength: maxHeldLength * 4,
    }).toString("utf8");
  } catch {
    return undefined;
  }
};

/** An id that holds the text of its message, or undefined for one that is too long. */
export const heldMessageId = (text: string): string | undefined => packed(messagePrefix, text);

/** What was said in a message, as far as its parts are text. */
export const saidText = ({ content }: JsonRecord): string =>
  (Array.isArray(content) ? content : [])
    .map((part: unknown) => (isRecord(part) ? (textOf(part.text) ?? textOf(part.refusal) ?? "") : ""))
    .join("");

/** The id of an item that holds the messages among these, or undefined where there is none, or too much is said. */
export const holderId = (output: readonly unknown[]): string | undefined => {
  const messages = output.flatMap((item) =>
    isRecord(item) && item.type === "message" && typeof item.id === "string" ? [[item.id, saidText(item)]] : [],
  );
  return messages.length === 0 ? undefined : packed(holderPrefix, JSON.stringify(messages));
};

const pairsIn = (text: string): readonly (readonly [string, string])[] => {
  let pairs: unknown;
  try {
    pairs = JSON.parse(text);
  } catch {
    return [];
  }
  if (!Array.isArray(pairs)) return [];
  return pairs.flatMap((pair: unknown) =>
    Array.isArray(pair) && typeof pair[0] === "string" && typeof pair[1] === "string" ? [[pair[0], pair[1]]] : [],
  );
};

/** The messages that the ids of a request's items hold. */
export class HeldMessages {
  readonly #texts = new Map<string, string>();
  #left = maxHeldTotal;

  /** @throws GatewayError BAD_REQUEST for ids that hold too much */
  constructor(items: readonly JsonRecord[]) {
    for (const { id } of items) {
      const text = typeof id === "string" ? unpacked(holderPrefix, id) : undefined;
      if (text === undefined) continue;
      this.#count(text);
      for (const [messageId, said] of pairsIn(text)) this.#texts.set(messageId, said);
    }
  }

  /** What the message of an id said, or undefined where nothing holds it. @throws GatewayError BAD_REQUEST */
  find(id: string): string | undefined {
    const text = this.#texts.get(id) ?? unpacked(messagePrefix, id);
    if (text !== undefined) this.#count(text);
    return text;
  }

  #count(text: string): void {
    this.#left -= text.length;
    if (this.#left >= 0) return;
    throw badRequest(
      `The ids in input hold more than ${maxHeldTotal} characters of earlier answers. Send the messages themselves.`,
      "input",
    );
  }
}
