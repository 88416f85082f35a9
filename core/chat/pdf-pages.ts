/** Counts the pages of a PDF, for the bound of its tokens. It reads no page: only what the file says of its pages. */

/** Of a file that does not say how many pages it has, as one that is encrypted. Providers take little more in one request. */
export const pagesOfUnreadable = 100;

/** The inflated bytes of all object streams that are looked through. */
const maxInflatedBytes = 8 * 1024 * 1024;

const page = /\/Type\s{0,4}\/Page(?![A-Za-z])/g;
const count = /\/Count\s{1,4}(\d{1,6})/g;
const objectStream = /\/Type\s{0,4}\/ObjStm/g;

const matches = (text: string, pattern: RegExp): number => {
  let found = 0;
  for (const _ of text.matchAll(pattern)) found++;
  return found;
};

const largestCount = (text: string): number => {
  let largest = 0;
  for (const [, digits] of text.matchAll(count)) largest = Math.max(largest, Number(digits));
  return largest;
};

/** The inflated text of the streams that may hold page objects: from PDF 1.5 on, objects can be compressed together. */
function* objectStreams(bytes: Buffer, text: string): Generator<string> {
  const zlib = process.getBuiltinModule("node:zlib");
  let left = maxInflatedBytes;
  objectStream.lastIndex = 0;
  // Each stream once, from front to back: the time does not depend on how often the marks occur.
  while (left > 0 && objectStream.test(text)) {
    const start = text.indexOf("stream", objectStream.lastIndex);
    const end = start < 0 ? -1 : text.indexOf("endstream", start);
    if (end < 0) return;
    objectStream.lastIndex = end;
    const from = start + "stream".length + (text[start + 6] === "\r" ? 2 : 1);
    try {
      const inflated = zlib.inflateSync(bytes.subarray(from, end), { maxOutputLength: left });
      left -= inflated.length;
      yield inflated.toString("latin1");
    } catch {
      // Not deflated, broken or too large: what else the file says has to do.
      left -= 1_024;
    }
  }
}

/** Pages of a PDF, at least 1; `pagesOfUnreadable` where the file does not say. */
export const pdfPages = (bytes: Buffer): number => {
  const text = bytes.toString("latin1");
  let pages = matches(text, page);
  let counted = largestCount(text);
  for (const inflated of objectStreams(bytes, text)) {
    pages += matches(inflated, page);
    counted = Math.max(counted, largestCount(inflated));
  }
  const most = Math.max(pages, counted);
  return most === 0 ? pagesOfUnreadable : most;
};
