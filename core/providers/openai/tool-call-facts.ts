import { randomUUID } from "node:crypto";
import { isRecord, type JsonRecord } from "#core/values/records.ts";
import { isFilled } from "./answer-facts.ts";

/** A call, or a piece of one, in the forms that servers give it. */
export interface CallFacts {
  readonly source: JsonRecord;
  readonly type: "function" | "custom";
  readonly id: string | undefined;
  readonly name: string | undefined;
  /** Arguments or input as text; "" for none. */
  readonly text: string;
  /** The provider's own number. */
  readonly index: number | undefined;
}

export const newCallId = (): string => `call_${randomUUID()}`;

const toId = (value: unknown): string | undefined =>
  isFilled(value) ? value : typeof value === "number" ? String(value) : undefined;

const toIndex = (value: unknown): number | undefined => {
  const index = isFilled(value) ? Number(value) : value;
  return typeof index === "number" && Number.isSafeInteger(index) ? index : undefined;
};

/** Arguments are text by OpenAI's rules; some send the object itself, or nothing for no arguments. */
const toText = (value: unknown): string => {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
};

/** Reads one. Some put name and arguments into the call itself. */
export const readCall = (source: JsonRecord): CallFacts => {
  const type = source.type === "custom" || isRecord(source.custom) ? "custom" : "function";
  const given = source[type];
  const body = isRecord(given) ? given : source;
  return {
    source,
    type,
    id: toId(source.id),
    name: isFilled(body.name) ? body.name : undefined,
    text: toText(type === "custom" ? body.input : body.arguments),
    index: toIndex(source.index),
  };
};

/** Where the text of a call stands. */
export const textField = { function: "arguments", custom: "input" } as const;

const callMembers: ReadonlySet<string> = new Set(["index", "id", "type", "function", "custom"]);
/** Of a call without a body. */
const bodyMembers: ReadonlySet<string> = new Set(["name", "arguments", "input"]);

/** The members of a call that only its provider knows, such as Gemini's thought signature. */
export const ownMembers = ({ source, type }: CallFacts): JsonRecord => {
  const hasBody = isRecord(source[type]);
  return Object.fromEntries(
    Object.entries(source).filter(([name]) => !callMembers.has(name) && (hasBody || !bodyMembers.has(name))),
  );
};

/** The calls of a message or delta as a list, and the older `function_call` among them; undefined for what is no list. */
export const callsOf = (message: JsonRecord): readonly JsonRecord[] | undefined => {
  const { tool_calls: calls, function_call: called } = message;
  const older = isRecord(called) ? [{ type: "function", function: called }] : [];
  if (calls === undefined || calls === null) return older;
  const list: readonly unknown[] = Array.isArray(calls) ? calls : [calls];
  return list.every(isRecord) ? [...list, ...older] : undefined;
};
