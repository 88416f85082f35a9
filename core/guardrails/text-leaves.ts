import { isRecord } from "#core/values/records.ts";

/** Fields that hold no text: signatures, ciphertext, names of kinds. */
const opaque: ReadonlySet<string> = new Set([
  "signature",
  "data",
  "encrypted_content",
  "thought_signature",
  "id",
  "type",
  "format",
]);

/** The texts anywhere inside a value of a form that we do not know, such as signed thoughts. */
export const textsIn = (value: unknown): string[] => {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([field, inner]) => (opaque.has(field) ? [] : textsIn(inner)));
};
