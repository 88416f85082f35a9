/**
 * How many elements the built-in methods that read or copy a whole array have visited while `work` ran: a measure of effort that does not depend
 * on the machine. A loop by index does not count.
 */
export const countedVisits = (work: () => void): number => {
  const names = [
    "concat",
    "filter",
    "find",
    "findIndex",
    "findLastIndex",
    "flatMap",
    "indexOf",
    "map",
    "slice",
  ] as const;
  const members = [...names, "entries", "values", Symbol.iterator] as const;
  const prototype = Array.prototype as unknown as Record<string | symbol, (...given: unknown[]) => unknown>;
  const originals = new Map<string | symbol, PropertyDescriptor>();
  let visits = 0;
  for (const name of members) {
    const descriptor = Object.getOwnPropertyDescriptor(Array.prototype, name);
    const original = prototype[name];
    if (descriptor === undefined || original === undefined) throw new Error(`Arrays have no ${String(name)}`);
    originals.set(name, descriptor);
    Object.defineProperty(prototype, name, {
      ...descriptor,
      value(this: unknown[], ...given: unknown[]) {
        visits += this.length;
        return original.apply(this, given);
      },
    });
  }
  try {
    work();
  } finally {
    originals.forEach((descriptor, name) => {
      Object.defineProperty(prototype, name, descriptor);
    });
  }
  return visits;
};
