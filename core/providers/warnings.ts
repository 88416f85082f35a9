/** Names in a header line: letters, digits, dots, brackets, `$`, up to this many characters and names. */
const safeName = /^[\w.$[\]-]{1,64}$/;
const maxNames = 32;

/**
 * The names of dropped and clamped fields as they may stand in `X-Warnings`. Callers choose the names of fields that we do
 * not know: one that could break or flood a header line is safe as `other`.
 */
export const warningNames = (names: Iterable<string>): readonly string[] => {
  const safe = new Set<string>();
  for (const name of names) safe.add(safeName.test(name) && safe.size < maxNames ? name : "other");
  return [...safe];
};
