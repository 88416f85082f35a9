/** The delimiter between the metadata and the body of a streamed response. */
const delimiter = Buffer.alloc(8);

/** Bytes within which the delimiter must come. Source: API Gateway developer guide, response streaming format. */
export const maxPreludeBytes = 16 * 1024;

export type PreludeState =
  | { readonly kind: "incomplete" }
  | { readonly kind: "complete"; readonly json: string; readonly rest: Buffer }
  | { readonly kind: "malformed" };

/** Collects the start of a streamed response until its delimiter; chunks may be cut anywhere, also within the delimiter. */
export class PreludeReader {
  #head: Buffer | undefined;

  push(chunk: Buffer): PreludeState {
    const searched = this.#head === undefined ? 0 : Math.max(0, this.#head.length - delimiter.length + 1);
    const head = this.#head === undefined ? chunk : Buffer.concat([this.#head, chunk]);
    const end = head.indexOf(delimiter, searched);
    if (end > maxPreludeBytes || (end < 0 && head.length > maxPreludeBytes)) return { kind: "malformed" };
    if (end < 0) {
      this.#head = head;
      return { kind: "incomplete" };
    }
    return { kind: "complete", json: head.toString("utf8", 0, end), rest: head.subarray(end + delimiter.length) };
  }
}
