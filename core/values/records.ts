import "#function";
export type JsonRecord = Record<string, unknown>;

/** Whether a value is a JSON object: not null and not an array. */
export const isRecord = (value: unknown): value is JsonRecord =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * What a table has under a name that came from outside: a caller's or a provider's text. By own name only, since every
 * object also answers to `constructor`, `toString` and the like.
 */
export const ownValue = <Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;
