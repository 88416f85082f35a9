import type { UsageByName } from "../../api/usage.ts";

/** The id under which calls of the dashboard's own pages are metered. */
const playgroundId = "playground";

/** Ids of keys become their names, with the id where two keys share one. Keys that are gone keep their usage. */
export const nameKeys = (sums: UsageByName, names: ReadonlyMap<string, string> | undefined): UsageByName => {
  const named = new Map<string, UsageByName[string]>();
  for (const [id, row] of Object.entries(sums)) {
    const name =
      names === undefined ? id : (names.get(id) ?? (id === playgroundId ? "Playground" : `${id} (not listed)`));
    named.set(named.has(name) ? `${name} (${id})` : name, row);
  }
  return Object.fromEntries(named);
};
