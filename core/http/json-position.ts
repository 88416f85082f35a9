/**
 * Finds where a text stops being JSON. V8's own message names no place for short texts and quotes the text itself, which
 * may hold a secret, so it is never shown.
 */

export interface JsonPosition {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  readonly offset: number;
}

const stringToken = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const numberToken = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const wordToken = /true|false|null/y;
const space = /[ \t\n\r]*/y;

const matchAt = (pattern: RegExp, text: string, offset: number): number => {
  pattern.lastIndex = offset;
  return pattern.test(text) ? pattern.lastIndex : -1;
};

/** The offset at which a text stops being JSON, or -1 when it is JSON. Iterative: depth costs no stack. */
const faultOffset = (text: string): number => {
  const closers: ("}" | "]")[] = [];
  let offset = 0;
  /** What may stand here. */
  let expects: "value" | "value-or-end" | "key" | "key-or-end" | "colon" | "comma-or-end" = "value";
  for (;;) {
    offset = matchAt(space, text, offset);
    const closer = closers.at(-1);
    const character = text[offset];
    if (expects === "comma-or-end") {
      if (closer === undefined) return character === undefined ? -1 : offset;
      if (character === ",") {
        expects = closer === "}" ? "key" : "value";
        offset += 1;
      } else if (character === closer) {
        closers.pop();
        offset += 1;
      } else return offset;
      continue;
    }
    if (expects === "colon") {
      if (character !== ":") return offset;
      offset += 1;
      expects = "value";
      continue;
    }
    if ((expects === "key-or-end" || expects === "value-or-end") && character === closer) {
      closers.pop();
      offset += 1;
      expects = "comma-or-end";
      continue;
    }
    if (expects === "key" || expects === "key-or-end") {
      const end = matchAt(stringToken, text, offset);
      if (end < 0) return offset;
      offset = end;
      expects = "colon";
      continue;
    }
    if (character === "{" || character === "[") {
      closers.push(character === "{" ? "}" : "]");
      expects = character === "{" ? "key-or-end" : "value-or-end";
      offset += 1;
      continue;
    }
    const end = Math.max(
      matchAt(stringToken, text, offset),
      matchAt(numberToken, text, offset),
      matchAt(wordToken, text, offset),
    );
    if (end < 0) return offset;
    offset = end;
    expects = "comma-or-end";
  }
};

/** Where a text stops being JSON, or undefined when it is JSON. */
export const jsonFault = (text: string): JsonPosition | undefined => {
  const offset = faultOffset(text);
  if (offset < 0) return undefined;
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  let line = 1;
  for (let index = before.indexOf("\n"); index >= 0; index = before.indexOf("\n", index + 1)) line += 1;
  return { line, column: offset - lineStart + 1, offset };
};
