type Loose = Readonly<Record<string, unknown>>;

/** Members whose text comes in parts. */
const streamed = ["text", "summary", "data", "signature"] as const;

const joined = (known: Loose, added: Loose): Loose => {
  const merged: Record<string, unknown> = { ...known, ...added };
  for (const name of streamed) {
    const [before, after] = [known[name], added[name]];
    if (typeof before === "string") merged[name] = typeof after === "string" ? before + after : before;
  }
  return merged;
};

/** Adds a chunk's `reasoning_details` to those before: pieces of one entry have its type and index. */
export const mergeDetails = (known: readonly Loose[], added: readonly Loose[]): readonly Loose[] => {
  const merged = [...known];
  for (const entry of added) {
    const at = merged.findIndex(
      ({ type, index }) => typeof index === "number" && index === entry.index && type === entry.type,
    );
    const same = at < 0 ? undefined : merged[at];
    if (same === undefined) merged.push(entry);
    else merged[at] = joined(same, entry);
  }
  return merged;
};
