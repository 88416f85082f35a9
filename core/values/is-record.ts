export type JsonRecord = Record<string, unknown>;

/** Whether a value is a JSON object: not null and not an array. */
export const isRecord = (value: unknown): value is JsonRecord =>
  typeof value === "object" && value !== null && !Array.isArray(value);
