/** Tags of a key as text in its form: `team=search`, separated by commas or lines. */

export type Tags = Readonly<Record<string, string>>;

export const tagsText = (tags: Tags | null | undefined): string =>
  Object.entries(tags ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .join(", ");

const partsOf = (text: string): readonly string[] => text.split(/[,\n]/).filter((part) => part.trim() !== "");

/** What is wrong with a text, if anything. The gateway checks lengths. */
export const tagsFault = (text: string, before: Tags | null | undefined): string | undefined => {
  if (text === tagsText(before)) return undefined;
  const wrong = partsOf(text).find((part) => part.indexOf("=", part.search(/\S/) + 1) === -1);
  return wrong === undefined ? undefined : `"${wrong.trim()}" is not a tag: write it as name=value.`;
};

/** The tags of a text; null for none. Text that was not changed means what it was made from, commas in values included. */
export const parseTags = (text: string, before: Tags | null | undefined): Tags | null => {
  if (text === tagsText(before)) return before ?? null;
  const pairs = partsOf(text).map((part) => {
    const at = part.indexOf("=");
    return [part.slice(0, at).trim(), part.slice(at + 1).trim()] as const;
  });
  return pairs.length === 0 ? null : Object.fromEntries(pairs);
};
