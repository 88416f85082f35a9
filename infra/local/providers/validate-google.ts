import { isJsonObject, type JsonObject, numberOf, objectOf, objectsOf, stringOf } from "./json.ts";
import { ProviderRefusal } from "./refusal.ts";

/** What Google refuses of schemas, messages and values. Sources: google/genai `Schema`, its documentation, public threads. */

const refusal = (message: string): ProviderRefusal => new ProviderRefusal(400, message);

const keywords = new Set(
  `anyOf default description enum example format items maxItems maxLength maxProperties maximum minItems minLength
   minProperties minimum nullable pattern properties propertyOrdering required title type`.split(/\s+/),
);
const types = ["string", "number", "integer", "boolean", "array", "object", "null"];
/** Keywords that are refused on every other type. */
const onlyOn: Readonly<Record<string, string>> = {
  properties: "object",
  required: "object",
  items: "array",
  enum: "string",
};

const checkObject = (node: JsonObject, at: string): void => {
  const properties = objectOf(node.properties);
  if (node.properties !== undefined && Object.keys(properties).length === 0)
    throw refusal(`${at}.properties: should be non-empty for OBJECT type`);
  const required = Array.isArray(node.required) ? (node.required as readonly unknown[]) : [];
  if (node.required !== undefined && !Array.isArray(node.required)) throw refusal(`${at}.required: is no list`);
  required.forEach((name, index) => {
    if (!Object.hasOwn(properties, String(name))) throw refusal(`${at}.required[${index}]: property is not defined`);
  });
};

/** A schema in Gemini's subset. */
export const checkGoogleSchema = (schema: unknown, at: string): void => {
  if (!isJsonObject(schema)) throw refusal(`Proto field is not repeating, cannot start list at '${at}'`);
  const unknown = Object.keys(schema).find((name) => !keywords.has(name));
  if (unknown !== undefined)
    throw refusal(`Invalid JSON payload received. Unknown name "${unknown}" at '${at}': Cannot find field.`);
  const type = stringOf(schema.type).toLowerCase();
  if (schema.type !== undefined && !types.includes(type)) throw refusal(`${at}.type: Invalid value`);
  for (const [keyword, wanted] of Object.entries(onlyOn)) {
    if (schema[keyword] !== undefined && type !== wanted)
      throw refusal(`${at}.${keyword}: only allowed for ${wanted.toUpperCase()} type`);
  }
  if (type === "object") checkObject(schema, at);
  if (type === "array" && schema.items === undefined) throw refusal(`${at}.items: missing field.`);
  if (schema.items !== undefined) checkGoogleSchema(schema.items, `${at}.items`);
  for (const [index, value] of (Array.isArray(schema.enum) ? schema.enum : []).entries())
    if (typeof value !== "string" || value === "") throw refusal(`${at}.enum[${index}]: cannot be empty`);
  for (const [name, each] of Object.entries(objectOf(schema.properties)))
    checkGoogleSchema(each, `${at}.properties[${name}]`);
  if (schema.anyOf === undefined) return;
  if (!Array.isArray(schema.anyOf) || schema.anyOf.length === 0) throw refusal(`${at}.any_of: should be non-empty`);
  for (const [index, each] of schema.anyOf.entries()) {
    if (Object.keys(objectOf(each)).length === 0) throw refusal(`${at}.any_of[${index}]: must specify a type`);
    checkGoogleSchema(each, `${at}.any_of[${index}]`);
  }
};

const isFilled = (content: unknown): boolean =>
  Array.isArray(content)
    ? content.length > 0 &&
      objectsOf(content).every((part) => part.type !== "text" || stringOf(part.text).trim() !== "")
    : stringOf(content).trim() !== "";

const checkArguments = (call: JsonObject, at: string): void => {
  let value: unknown;
  try {
    value = JSON.parse(stringOf(objectOf(call.function).arguments));
  } catch {
    throw refusal(`${at}.function.arguments: Invalid JSON`);
  }
  if (!isJsonObject(value)) throw refusal(`${at}.function.arguments: must be an object`);
};

/** Messages have something in them, a turn of the user's is first, and arguments are objects. */
export const checkGoogleMessages = (messages: readonly JsonObject[]): void => {
  const turns = messages.filter(({ role }) => role !== "system");
  if (turns.length === 0) throw refusal("GenerateContentRequest.contents: contents is not specified");
  if (turns[0]?.role !== "user") throw refusal("Please ensure that the conversation begins with a user turn.");
  messages.forEach((message, index) => {
    const at = `messages[${index}]`;
    const calls = objectsOf(message.tool_calls);
    if (!isFilled(message.content) && calls.length === 0) throw refusal(`${at}: must include at least one parts field`);
    for (const [place, call] of calls.entries()) checkArguments(call, `${at}.tool_calls[${place}]`);
  });
};

const maxInteger = 2 ** 31 - 1;

/** Numbers of 32 bits, few stops, penalties below 2. */
export const checkGoogleValues = (body: JsonObject): void => {
  const stops = [body.stop].flat().filter((stop) => stop !== undefined && stop !== null);
  if (stops.some((stop) => stop === "") || stops.length > 5)
    throw refusal("GenerateContentRequest.generation_config.stop_sequences: up to 5, none of them empty");
  for (const name of ["seed", "max_tokens", "max_completion_tokens"])
    if (Math.abs(numberOf(body[name]) ?? 0) > maxInteger) throw refusal(`Invalid value at '${name}' (TYPE_INT32)`);
  for (const name of ["frequency_penalty", "presence_penalty"])
    if ((numberOf(body[name]) ?? 0) >= 2) throw refusal(`${name}: must be within the range [-2, 2)`);
};
