import { isRecord } from "#core/values/records.ts";

/** Log probabilities as OpenAI's schema has them. Servers leave out the bytes, the alternatives or one of the lists. */

const isBytes = (value: unknown): boolean => Array.isArray(value) && value.every((byte) => Number.isInteger(byte));

const toToken = (value: unknown): Record<string, unknown> | undefined =>
  isRecord(value) && typeof value.token === "string" && typeof value.logprob === "number"
    ? { ...value, bytes: isBytes(value.bytes) ? value.bytes : null }
    : undefined;

const toTokens = (value: unknown): readonly Record<string, unknown>[] =>
  (Array.isArray(value) ? value : []).map(toToken).filter((token) => token !== undefined);

const toList = (value: unknown): readonly Record<string, unknown>[] | null =>
  Array.isArray(value)
    ? toTokens(value).map((token) => ({ ...token, top_logprobs: toTokens(token.top_logprobs) }))
    : null;

const isToken = (value: unknown): boolean =>
  isRecord(value) &&
  typeof value.token === "string" &&
  typeof value.logprob === "number" &&
  (value.bytes === null || isBytes(value.bytes));

const isList = (value: unknown): boolean =>
  value === null ||
  (Array.isArray(value) &&
    value.every(
      (token) =>
        isToken(token) &&
        Array.isArray(token.top_logprobs) &&
        token.top_logprobs.every((each: unknown) => isToken(each)),
    ));

/** The same object where nothing is wrong; null for what has none. */
export const toLogprobs = (value: unknown): Record<string, unknown> | null => {
  if (!isRecord(value) || (!Array.isArray(value.content) && !Array.isArray(value.refusal))) return null;
  if (isList(value.content) && isList(value.refusal)) return value;
  return { ...value, content: toList(value.content), refusal: toList(value.refusal) };
};
