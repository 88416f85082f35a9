import type { JsonRecord } from "#core/values/records.ts";
import { newCallId, ownMembers, readCall, textField } from "./tool-call-facts.ts";

/**
 * The calls of a whole answer as OpenAI has them: an id each, a type, and arguments that are JSON text.
 * @returns undefined where one has no name.
 */
export const wholeCalls = (calls: readonly JsonRecord[]): readonly JsonRecord[] | undefined => {
  const ids = new Set<string>();
  const whole: JsonRecord[] = [];
  for (const source of calls) {
    const call = readCall(source);
    const { type, name } = call;
    if (name === undefined) return undefined;
    const id = call.id === undefined || ids.has(call.id) ? newCallId() : call.id;
    ids.add(id);
    const text = type === "function" && call.text.trim() === "" ? "{}" : call.text;
    const body = typeof source[type] === "object" ? (source[type] as JsonRecord) : {};
    whole.push({ ...ownMembers(call), id, type, [type]: { ...body, name, [textField[type]]: text } });
  }
  return whole;
};
