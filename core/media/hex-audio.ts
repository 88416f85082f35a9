/**
 * Reads a JSON document whose one long member is `"audio": "<hex>"`, and gives the audio as bytes while it arrives: what is
 * held is the rest of the document, a few hundred bytes, however long the audio is.
 */

/** The document is not what the protocol says. */
export class BrokenHexAudio extends Error {
  override readonly name = "BrokenHexAudio";
}

/** Quotes inside strings are escaped, so these bytes are nothing but the member's name. */
const memberStart = /"audio"\s*:\s*"/g;
/** Longest stretch of such a start that a read may have cut. */
const overlap = 64;
const maxRestCharacters = 1024 * 1024;
const quote = 0x22;

export class HexAudioReader {
  /** The document without the audio's digits, a character for each byte. */
  #rest = "";
  #searchFrom = 0;
  #state: "before" | "inside" | "after" = "before";
  /** Half a byte that the next read completes. */
  #half = "";

  /** Takes what one read brought and returns the audio in it. @throws BrokenHexAudio */
  push(bytes: Buffer): Buffer {
    if (this.#state === "inside") return this.#inside(bytes);
    this.#keep(bytes);
    if (this.#state === "after") return empty;
    memberStart.lastIndex = this.#searchFrom;
    const start = memberStart.exec(this.#rest);
    if (start === null) {
      this.#searchFrom = Math.max(0, this.#rest.length - overlap);
      return empty;
    }
    const end = start.index + start[0].length;
    const digits = Buffer.from(this.#rest.slice(end), "latin1");
    this.#rest = this.#rest.slice(0, end);
    this.#state = "inside";
    return this.#inside(digits);
  }

  /** The document once all of it came, its audio an empty text. @throws SyntaxError for what is not whole JSON */
  end(): unknown {
    if (this.#half !== "") throw new BrokenHexAudio("The audio ends in the middle of a byte");
    return JSON.parse(Buffer.from(this.#rest, "latin1").toString("utf8"));
  }

  #inside(bytes: Buffer): Buffer {
    const end = bytes.indexOf(quote);
    const digits = this.#half + bytes.toString("latin1", 0, end < 0 ? bytes.length : end);
    const whole = digits.length - (digits.length % 2);
    this.#half = digits.slice(whole);
    if (end >= 0) {
      if (this.#half !== "") throw new BrokenHexAudio("The audio ends in the middle of a byte");
      this.#state = "after";
      this.#keep(bytes.subarray(end));
    }
    return fromHex(digits.slice(0, whole));
  }

  #keep(bytes: Buffer): void {
    this.#rest += bytes.toString("latin1");
    if (this.#rest.length > maxRestCharacters) throw new BrokenHexAudio("The document is too long");
  }
}

const empty = Buffer.alloc(0);

/** Bytes of a hex text. @throws BrokenHexAudio for anything that is no hex: node would stop at it in silence */
export const fromHex = (digits: string): Buffer => {
  const bytes = Buffer.from(digits, "hex");
  if (bytes.length * 2 !== digits.length) throw new BrokenHexAudio("The audio is not hex");
  return bytes;
};
