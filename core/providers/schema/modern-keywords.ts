import { isRecord, type JsonRecord } from "#core/values/records.ts";

/** What JSON Schema of draft 2020-12 lets each keyword hold. Other keywords may hold anything. */

export const isSchema = (value: unknown): boolean => isRecord(value) || typeof value === "boolean";

// JSON has numbers that a double cannot hold: they become Infinity, which leaves as null.
const isNumber = (value: unknown): boolean => Number.isFinite(value);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isString = (value: unknown): boolean => typeof value === "string";
const isBoolean = (value: unknown): boolean => typeof value === "boolean";
const isList = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

export const isNameList = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every(isString) && new Set(value).size === value.length;

const types: ReadonlySet<unknown> = new Set(["array", "boolean", "integer", "null", "number", "object", "string"]);

const isType = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.length > 0 && value.every((each) => types.has(each)) && new Set(value).size === value.length
    : types.has(value);

/** Keywords that hold one schema. */
export const schemaKeywords: readonly string[] = [
  "additionalProperties",
  "contains",
  "contentSchema",
  "else",
  "if",
  "items",
  "not",
  "propertyNames",
  "then",
  "unevaluatedItems",
  "unevaluatedProperties",
];
/** Keywords that hold schemas by name. */
export const schemaMapKeywords: readonly string[] = [
  "$defs",
  "definitions",
  "dependentSchemas",
  "patternProperties",
  "properties",
];
/** Keywords that hold a list of schemas. */
export const schemaListKeywords: readonly string[] = ["allOf", "anyOf", "oneOf", "prefixItems"];

const named = (names: string, test: (value: unknown) => boolean): [string, (value: unknown) => boolean][] =>
  names.split(" ").map((name) => [name, test]);

/** Whether a value is one that its keyword may hold. Nested schemas are not looked into. */
export const valueTests: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ...named(schemaKeywords.join(" "), isSchema),
  ...named("maximum minimum exclusiveMaximum exclusiveMinimum", isNumber),
  ...named("multipleOf", (value) => isNumber(value) && (value as number) > 0),
  ...named("maxLength minLength maxItems minItems maxProperties minProperties maxContains minContains", isCount),
  ...named("title description $comment format contentEncoding contentMediaType $ref $dynamicRef pattern", isString),
  ...named("$id $schema", isString),
  ...named("$anchor $dynamicAnchor", (value) => isString(value) && /^[A-Za-z_][-A-Za-z0-9._]*$/.test(value as string)),
  ...named("uniqueItems deprecated readOnly writeOnly", isBoolean),
  ...named("enum examples", isList),
  ...named("required", isNameList),
  ...named("dependentRequired", (value) => isRecord(value) && Object.values(value).every(isNameList)),
  ...named(
    "dependencies",
    (value) => isRecord(value) && Object.values(value).every((each) => isSchema(each) || isNameList(each)),
  ),
  ...named("type", isType),
]);

/** Keywords whose null is a value rather than an absence. */
export const nullKeywords: ReadonlySet<string> = new Set(["const", "default", "example"]);

/** A type in another spelling: `"STRING"` as Google writes it. Undefined for what is no type, such as draft 3's `any`. */
export const typeNamed = (value: unknown): string | undefined => {
  const name = typeof value === "string" ? value.toLowerCase() : undefined;
  return types.has(name) ? name : undefined;
};

/** The member of a record that a JSON pointer's step names, or that of a list. */
export const memberOf = (value: unknown, step: string): unknown => {
  if (Array.isArray(value)) return /^\d+$/.test(step) ? value[Number(step)] : undefined;
  return isRecord(value) && Object.hasOwn(value, step) ? value[step] : undefined;
};

const decoded = (step: string): string => {
  try {
    return decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
  } catch {
    return step;
  }
};

/** The anchors of a document, found once: thousands of references may ask for them. */
const anchorsOf = new WeakMap<JsonRecord, ReadonlyMap<unknown, JsonRecord>>();

const collectAnchors = (value: unknown, found: Map<unknown, JsonRecord>): void => {
  if (typeof value !== "object" || value === null) return;
  if (isRecord(value)) {
    for (const name of [value.$anchor, value.$dynamicAnchor]) if (!found.has(name)) found.set(name, value);
  }
  for (const each of Object.values(value)) collectAnchors(each, found);
};

const anchored = (root: JsonRecord, name: string): JsonRecord | undefined => {
  let anchors = anchorsOf.get(root);
  if (anchors === undefined) {
    const found = new Map<unknown, JsonRecord>();
    collectAnchors(root, found);
    anchors = found;
    anchorsOf.set(root, anchors);
  }
  return anchors.get(name);
};

/** What a reference within a document leads to: `#`, `#/$defs/A`, `#anchor`. Undefined for one that leads out of it or nowhere. */
export const definitionOf = (root: JsonRecord, reference: unknown): unknown => {
  if (typeof reference !== "string" || !reference.startsWith("#")) return undefined;
  const pointer = reference.slice(1);
  if (pointer === "") return root;
  if (!pointer.startsWith("/")) return anchored(root, decoded(pointer));
  return pointer.slice(1).split("/").map(decoded).reduce<unknown>(memberOf, root);
};
