import { isRecord, type JsonRecord } from "#core/values/records.ts";
import { badRequest } from "./refuse.ts";

/** Reads members of items and tools, which no schema has checked. */

/** A member that must be a text. @throws GatewayError BAD_REQUEST */
export const textMember = (source: JsonRecord, name: string, path: string): string => {
  const value = source[name];
  if (typeof value === "string") return value;
  throw badRequest(`${path}.${name} must be a text.`, `${path}.${name}`);
};

/** The same where an empty one stands for nothing. @throws GatewayError BAD_REQUEST */
export const filledMember = (source: JsonRecord, name: string, path: string): string => {
  const value = textMember(source, name, path);
  if (value !== "") return value;
  throw badRequest(`${path}.${name} must not be empty.`, `${path}.${name}`);
};

/** A text, or undefined for anything else. */
export const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** A list whose entries are objects. @throws GatewayError BAD_REQUEST */
export const recordsIn = (value: unknown, path: string): readonly JsonRecord[] => {
  if (!Array.isArray(value)) throw badRequest(`${path} must be a list.`, path);
  return value.map((entry: unknown, index) => {
    if (isRecord(entry)) return entry;
    throw badRequest(`${path}[${index}] must be an object.`, `${path}[${index}]`);
  });
};
