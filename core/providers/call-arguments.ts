import { isRecord, type JsonRecord } from "#core/values/records.ts";
import { parseExactJson } from "./anthropic/exact-json.ts";

/** Named in `X-Warnings` when a past call's arguments had to be wrapped. */
export const argumentsWarning = "messages.tool_calls.arguments";

/** Where the text of arguments stands that are no JSON object. */
const textField = "invalid_arguments";

export interface CallArguments {
  /** Its numbers survive `JSON.stringify` as they came. */
  readonly input: JsonRecord;
  /** The text is no JSON object and stands in a field of its own. */
  readonly wrapped: boolean;
}

/**
 * The arguments of a past call as an object, whatever the model wrote: OpenAI says that they may be no JSON, a limit may
 * have cut them, and the call would otherwise end its conversation for ever. No text, or null, is no arguments.
 */
export const readArguments = (text: string): CallArguments => {
  if (text.trim() === "") return { input: {}, wrapped: false };
  let parsed: unknown;
  try {
    parsed = parseExactJson(text);
  } catch {
    return { input: { [textField]: text }, wrapped: true };
  }
  if (parsed === null) return { input: {}, wrapped: false };
  // A raw number of many digits is an object in between.
  return isRecord(parsed) && text.trimStart().startsWith("{")
    ? { input: parsed, wrapped: false }
    : { input: { [textField]: text }, wrapped: true };
};

/** The same as text; arguments that are an object already come back as they are. */
export const argumentsText = (text: string, warnings: Set<string>): string => {
  const { input, wrapped } = readArguments(text);
  if (wrapped) warnings.add(argumentsWarning);
  return wrapped || Object.keys(input).length === 0 ? JSON.stringify(input) : text;
};
