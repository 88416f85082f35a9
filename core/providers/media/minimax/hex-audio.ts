/**
 * Reads a JSON document with one long member, `"audio": "<hex>"`, and returns the audio as bytes while it arrives. Only the
 * rest of the document is kept in memory, a few hundred bytes, however long the audio is.
 */

/** The document violates the protocol. */
export class BrokenHexAudio extends Error {
  override readonly name = "BrokenHexAudio";
}

/** Quotes inside strings are escaped, so these bytes can only be the member's name. */
const memberStart = /"audio"\s*:\s*"/g;
/** The most characters of such a start that two reads may share. */
const overlap = 64;
const maxRestCharacters = 1024 * 1024;
const quote = 0x22;

export class HexAudioReader {
  /** The document without the audio's digits, a character for each byte. */
  #rest = "";
  #searchFrom = 0;
  #state: "before" | "inside" | "after" = "before";
  /** Half a byte, completed by the next read. */
  #half = "";

  /** Takes the bytes of one read and returns the audio in them. @throws BrokenHexAudio */
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

  /** The complete document, with an empty string for its audio. @throws SyntaxError when it is not complete JSON */
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

/** Decodes hex. @throws BrokenHexAudio for any other character, where Node would silently stop */
export const fromHex = (digits: string): Buffer => {
  const bytes = Buffer.from(digits, "hex");
  if (bytes.length * 2 !== digits.length) throw new BrokenHexAudio("The audio is not hex");
  return bytes;
};
