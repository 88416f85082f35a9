import { deflateRawSync, inflateRawSync } from "node:zlib";

/**
 * Ids of items and of answers. Some clients give back ids alone (`item_reference`), since OpenAI stores answers unless it is
 * told not to. Nothing is stored here, but the id of a whole message can hold the message.
 */

const mark = "ck";
const heldPrefix = `msg_${mark}z_`;
/** Characters of the longest text that an id holds. */
const maxHeldLength = 64 * 1024;
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

/** An id that holds the text of its message, or undefined for one that is too long. */
export const heldMessageId = (text: string): string | undefined =>
  text.length > maxHeldLength ? undefined : heldPrefix + deflateRawSync(text).toString("base64url");

/** The text of the message that an id holds, or undefined. */
export const heldMessage = (id: string): string | undefined => {
  if (!id.startsWith(heldPrefix)) return undefined;
  try {
    return inflateRawSync(Buffer.from(id.slice(heldPrefix.length), "base64url"), {
      maxOutputLength: maxHeldLength * 4,
    }).toString("utf8");
  } catch {
    return undefined;
  }
};
