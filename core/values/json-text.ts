/** In JSON: an escaped backslash, a whole surrogate pair, or (captured) half of one. */
const escapes = /\\(?:\\|u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|(u[dD][89a-fA-F][\da-fA-F]{2}))/g;

/** JSON text in which no escape is half a character. Other text comes back as it is. */
export const wellFormedJson = (text: string): string =>
  text.includes("\\ud") || text.includes("\\uD")
    ? text.replace(escapes, (match, half: string | undefined) => (half === undefined ? match : "\\ufffd"))
    : text;

/**
 * A value as the JSON text of a body. Half a character, as a cut in the middle of an emoji leaves behind, is U+FFFD: strict
 * readers refuse its escape (RFC 8259, section 8.2), and since the text stays in the history, every later request too.
 */
export const toJsonText = (value: unknown): string => wellFormedJson(JSON.stringify(value));
