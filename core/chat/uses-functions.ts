import { isRecord } from "#core/values/records.ts";

const isOlder = (message: unknown): boolean =>
  isRecord(message) && (message.role === "function" || isRecord(message.function_call));

/** Whether a request is in OpenAI's older form: `functions` instead of tools, in itself or in its history. */
export const usesFunctions = (body: unknown): boolean => {
  if (!isRecord(body)) return false;
  const { functions = null, function_call: choice = null, messages } = body;
  return functions !== null || choice !== null || (Array.isArray(messages) && messages.some(isOlder));
};
