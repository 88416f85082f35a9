import { isRecord } from "#core/values/records.ts";

/** Text of an answer in the forms that servers give it. */

const isTextPart = (part: unknown): part is { readonly text: string } =>
  isRecord(part) && typeof part.text === "string";

/**
 * Content or a refusal as a text, from a list of text parts too. Null for none.
 * @returns undefined for what is no text.
 */
export const toText = (value: unknown): string | null | undefined => {
  if (value === undefined || value === null) return null;
  if (typeof value === "string") return value;
  if (isTextPart(value)) return value.text;
  if (!Array.isArray(value)) return undefined;
  return value.every((part) => typeof part === "string" || isTextPart(part))
    ? value.map((part: string | { readonly text: string }) => (typeof part === "string" ? part : part.text)).join("")
    : undefined;
};
