import { isJsonObject, type JsonObject } from "./json.ts";

/** Where a schema is not one of JSON Schema draft 2020-12, which Anthropic and OpenAI hold tools against. */

const one = ["additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then"];
const more = ["unevaluatedItems", "unevaluatedProperties", "contentSchema"];
const maps = ["$defs", "definitions", "dependentSchemas", "patternProperties", "properties"];
const lists = ["allOf", "anyOf", "oneOf", "prefixItems"];
const numbers = ["exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf"];
const counts = ["maxItems", "maxLength", "maxProperties", "minItems", "minLength", "minProperties"];
const texts = ["$ref", "description", "format", "pattern", "title", "$anchor", "$id", "$schema"];
const types = ["array", "boolean", "integer", "null", "number", "object", "string"];

const isSchema = (value: unknown): boolean => isJsonObject(value) || typeof value === "boolean";
const isNames = (value: unknown): boolean =>
  Array.isArray(value) && value.every((name) => typeof name === "string") && new Set(value).size === value.length;

/** Each rule with the keywords that it is about. */
const rules: readonly (readonly [keywords: readonly string[], holds: (value: unknown) => boolean])[] = [
  [[...one, ...more], isSchema],
  [maps, (value) => isJsonObject(value) && Object.values(value).every(isSchema)],
  [lists, (value) => Array.isArray(value) && value.length > 0 && value.every(isSchema)],
  [numbers, (value) => typeof value === "number"],
  [counts, (value) => Number.isInteger(value) && Number(value) >= 0],
  [texts, (value) => typeof value === "string"],
  [["required"], isNames],
  [["enum"], Array.isArray],
  [["uniqueItems"], (value) => typeof value === "boolean"],
  [
    ["type"],
    (value) =>
      types.includes(String(value)) || (isNames(value) && (value as string[]).every((type) => types.includes(type))),
  ],
];

const tests = new Map(rules.flatMap(([keywords, holds]) => keywords.map((keyword) => [keyword, holds] as const)));

/** The schemas within a node, each with its path. */
function* childrenOf(node: JsonObject, at: string): Generator<readonly [unknown, string]> {
  for (const keyword of [...one, ...more]) if (node[keyword] !== undefined) yield [node[keyword], `${at}.${keyword}`];
  for (const keyword of lists) {
    const list = node[keyword];
    if (Array.isArray(list)) for (const [index, each] of list.entries()) yield [each, `${at}.${keyword}[${index}]`];
  }
  for (const keyword of maps) {
    const map = node[keyword];
    if (isJsonObject(map)) for (const [name, each] of Object.entries(map)) yield [each, `${at}.${keyword}.${name}`];
  }
}

/** Every node of a schema with its path. */
export function* schemaNodes(schema: unknown, at: string): Generator<readonly [JsonObject, string]> {
  if (!isJsonObject(schema)) return;
  yield [schema, at];
  for (const [child, path] of childrenOf(schema, at)) yield* schemaNodes(child, path);
}

/** The path of the first keyword with a value that draft 2020-12 does not give it, or undefined. */
export const draftFault = (schema: JsonObject): string | undefined => {
  for (const [node, at] of schemaNodes(schema, "")) {
    const keyword = Object.keys(node).find((name) => tests.get(name)?.(node[name]) === false);
    if (keyword !== undefined) return `${at}.${keyword}`.slice(1);
  }
  return undefined;
};
