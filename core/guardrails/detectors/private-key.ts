import type { Span } from "#core/guardrails/finding.ts";
import type { Detector } from "./detector.ts";

const opening = "-----BEGIN ";
const header = /-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----/y;
const unfinishedHeader = /^-----BEGIN [A-Z0-9 ]{0,60}-{0,5}$/;
const closing = /-----END [A-Z0-9 ]{1,60}-----/y;
/** Base64, its headers (RFC 1421) and line ends, also the escaped ones of JSON. Not the opening of another block. */
const body = /(?:[A-Za-z0-9+/=\s\\:,]|-(?!----BEGIN))*/y;
const base64Line = /[A-Za-z0-9+/=]{24}/;
/** A 16,384-bit RSA key has about 12,700 characters. */
const maxLength = 16_384;

interface Block {
  /** Undefined when there is no key after the header. */
  readonly span: Span | undefined;
  readonly reachedEnd: boolean;
}

const blockAt = (text: string, start: number): Block | undefined => {
  header.lastIndex = start;
  const found = header.exec(text);
  if (found === null) return undefined;
  const bodyStart = start + found[0].length;
  body.lastIndex = bodyStart;
  const run = body.exec(text.slice(0, bodyStart + maxLength))?.[0] ?? "";
  const closingAt = run.indexOf("-----END ");
  if (closingAt >= 0) {
    closing.lastIndex = bodyStart + closingAt;
    const close = closing.exec(text);
    if (close !== null) return { span: { start, end: closing.lastIndex }, reachedEnd: false };
  }
  const end = bodyStart + run.length;
  const key = text.slice(bodyStart, end);
  const span = base64Line.test(key) ? { start, end: bodyStart + key.trimEnd().length } : undefined;
  return { span, reachedEnd: end === text.length };
};

/** Private keys in PEM or PGP armour, also without their last line, also with the escaped line ends of JSON. */
export const privateKeyDetector: Detector = {
  type: "secret",
  find(text, from) {
    const spans: Span[] = [];
    for (let at = text.indexOf(opening, from); at >= 0; at = text.indexOf(opening, at + 1)) {
      const span = blockAt(text, at)?.span;
      if (span !== undefined) spans.push(span);
    }
    return spans;
  },
  openFrom(text, from) {
    for (let at = text.indexOf(opening, from); at >= 0; at = text.indexOf(opening, at + 1)) {
      if (blockAt(text, at)?.reachedEnd === true) return at;
      if (unfinishedHeader.test(text.slice(at, at + 80))) return at;
    }
    return text.length;
  },
};
