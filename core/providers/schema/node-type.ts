import type { JsonRecord } from "#core/values/records.ts";

type Type = "array" | "number" | "object" | "string";

/** The type of value that a keyword speaks of. It says nothing of values of other types. */
const typeOfKeyword: ReadonlyMap<string, Type> = new Map<string, Type>([
  ...["properties", "required", "additionalProperties", "patternProperties", "propertyNames", "minProperties"].map(
    (keyword) => [keyword, "object"] as const,
  ),
  ...["maxProperties", "dependentRequired", "dependentSchemas", "unevaluatedProperties", "propertyOrdering"].map(
    (keyword) => [keyword, "object"] as const,
  ),
  ...["items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains", "minContains", "maxContains"].map(
    (keyword) => [keyword, "array"] as const,
  ),
  ["unevaluatedItems", "array"],
  ...["minLength", "maxLength", "pattern", "format", "contentEncoding", "contentMediaType"].map(
    (keyword) => [keyword, "string"] as const,
  ),
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"].map(
    (keyword) => [keyword, "number"] as const,
  ),
]);

const isOf = (type: unknown, wanted: Type): boolean => type === wanted || (wanted === "number" && type === "integer");

/** The types that are inferred, the one that says most first. */
const order: readonly Type[] = ["object", "array", "string", "number"];

/** The type that the keywords of a node without one speak of: an object where properties stand, an array where items do. */
export const inferredType = (schema: JsonRecord): Type | undefined => {
  const spokenOf = new Set(Object.keys(schema).map((keyword) => typeOfKeyword.get(keyword)));
  return order.find((type) => spokenOf.has(type));
};

/** Whether a keyword can say something of a value of this type. `format` is also Google's mark on numbers. */
export const speaksOf = (keyword: string, type: unknown): boolean => {
  const wanted = typeOfKeyword.get(keyword);
  return wanted === undefined || isOf(type, wanted) || (keyword === "format" && isOf(type, "number"));
};
