import type { Dropped } from "#core/providers/schema/modern-schema.ts";
import { inferredType, speaksOf } from "#core/providers/schema/node-type.ts";
import { isRecord, type JsonRecord, ownValue } from "#core/values/records.ts";

/** One node of a schema for Gemini: its keywords held against its type and against each other. */

/** Formats that Gemini does not refuse, by type. */
const formats: Readonly<Record<string, readonly string[]>> = {
  string: ["date-time", "enum"],
  integer: ["int32", "int64"],
  number: ["float", "double"],
};

/** Keywords that speak of the node as a whole, whatever types it has. */
const shared = ["default", "description", "example", "nullable", "title"];

const namesOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((name) => typeof name === "string") : [];

/** Adds what a part of an `allOf`, or the only branch of a choice, says. What the node says itself stays. */
export const mergeNode = (kept: JsonRecord, part: JsonRecord, dropped: Dropped): void => {
  const { properties, required, anyOf, ...rest } = part;
  for (const [keyword, value] of Object.entries(rest)) kept[keyword] ??= value;
  // Added in place: copying what is there for each part takes the square of the time.
  if (isRecord(properties)) {
    if (isRecord(kept.properties)) Object.assign(kept.properties, properties);
    else kept.properties = { ...properties };
  }
  if (required !== undefined) kept.required = [...namesOf(kept.required), ...namesOf(required)];
  if (anyOf === undefined) return;
  if (kept.anyOf === undefined) kept.anyOf = anyOf;
  else dropped("anyOf");
};

/** Whether a branch says more than the type that the node around it has anyway. */
export const saysMoreThan = (branch: JsonRecord, type: unknown): boolean => {
  const keywords = Object.keys(branch).filter((keyword) => !shared.includes(keyword));
  return keywords.length > 1 || (keywords.length === 1 && (keywords[0] !== "type" || branch.type !== type));
};

/** One node for each of several types, with the keywords that speak of it. */
const split = (node: JsonRecord, types: readonly unknown[], dropped: Dropped): JsonRecord => {
  const whole = Object.fromEntries(Object.entries(node).filter(([keyword]) => shared.includes(keyword)));
  const each = Object.entries(node).filter(([keyword]) => !shared.includes(keyword) && keyword !== "type");
  const anyOf = types.map((type) => {
    const own = each.filter(([keyword]) => speaksOf(keyword, type) && (keyword !== "enum" || type === "string"));
    return finishNode({ type, ...Object.fromEntries(own) }, dropped);
  });
  return { ...whole, anyOf };
};

const checkObject = (node: JsonRecord, dropped: Dropped): void => {
  const properties = isRecord(node.properties) ? node.properties : {};
  // An object that names none is refused; one that does not speak of them is not.
  if (Object.keys(properties).length === 0) delete node.properties;
  for (const keyword of ["required", "propertyOrdering"]) {
    if (node[keyword] === undefined) continue;
    const names = [...new Set(namesOf(node[keyword]))].filter((name) => Object.hasOwn(properties, name));
    if (names.length < new Set(namesOf(node[keyword])).size) dropped(keyword);
    if (names.length === 0) delete node[keyword];
    else node[keyword] = names;
  }
};

const checkEnum = (node: JsonRecord, dropped: Dropped): void => {
  const values = namesOf(node.enum).filter((value) => value !== "");
  if (node.type === "string" && values.length === namesOf(node.enum).length) return;
  dropped("enum");
  if (node.type === "string" && values.length > 0) node.enum = values;
  else delete node.enum;
};

/** A node whose keywords are all of its type, and hold what Gemini takes. What goes is reported, unless it said nothing. */
export const finishNode = (given: JsonRecord, dropped: Dropped): JsonRecord => {
  const node = { ...given };
  const types = [node.type].flat().filter((type) => type !== undefined);
  const others = types.length > 1 ? types.filter((type) => type !== "null") : types;
  if (others.length < types.length) node.nullable = true;
  // A choice says more than a list of types.
  if (others.length > 1 && node.anyOf === undefined) return split(node, others, dropped);
  if (others.length === 1) node.type = others[0];
  else delete node.type;
  if (typeof node.nullable !== "boolean") delete node.nullable;
  node.type ??= inferredType(node);
  if (node.type === undefined) delete node.type;
  for (const keyword of Object.keys(node)) {
    if (speaksOf(keyword, node.type)) continue;
    delete node[keyword];
    dropped(keyword);
  }
  if (node.format !== undefined && ownValue(formats, String(node.type))?.includes(String(node.format)) !== true) {
    delete node.format;
    dropped("format");
  }
  if (node.type === "object") checkObject(node, dropped);
  if (node.type === "array") node.items ??= {};
  if (node.enum !== undefined) checkEnum(node, dropped);
  return node;
};
