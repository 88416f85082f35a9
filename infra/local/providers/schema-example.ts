import { isJsonObject, type JsonObject, numberOf, objectOf, stringOf } from "./json.ts";

const formatExamples: Readonly<Record<string, string>> = {
  "date-time": "2026-01-02T03:04:05Z",
  date: "2026-01-02",
  time: "03:04:05Z",
  duration: "PT1H",
  email: "someone@example.com",
  hostname: "example.com",
  uri: "https://example.com/",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
  uuid: "00000000-0000-4000-8000-000000000000",
};

const placeNames = /city|location|place|town/i;
/** From here on an optional rest ends in null, so that recursive schemas end. */
const deep = 4;
const maximumDepth = 16;

/** Follows a local `$ref` such as `#/$defs/Item`. */
const resolve = (schema: JsonObject, root: JsonObject): JsonObject => {
  const reference = stringOf(schema.$ref);
  if (!reference.startsWith("#")) return schema;
  return reference
    .slice(1)
    .split("/")
    .filter(Boolean)
    .reduce<JsonObject>((at, step) => objectOf(at[step.replaceAll("~1", "/").replaceAll("~0", "~")]), root);
};

const exampleString = (schema: JsonObject, name: string): string => {
  const format = formatExamples[stringOf(schema.format)];
  if (format !== undefined) return format;
  const text = placeNames.test(name) ? "Paris" : "example";
  return text.padEnd(numberOf(schema.minLength) ?? 0, "x").slice(0, numberOf(schema.maxLength) ?? text.length * 1_000);
};

const exampleNumber = (schema: JsonObject, whole: boolean): number => {
  const step = numberOf(schema.multipleOf) ?? (whole ? 1 : undefined);
  const gap = step ?? 0.5;
  const above = numberOf(schema.exclusiveMinimum);
  const below = numberOf(schema.exclusiveMaximum);
  const least = above === undefined ? numberOf(schema.minimum) : above + gap;
  const most = below === undefined ? numberOf(schema.maximum) : below - gap;
  const wanted = Math.max(least ?? Number.NEGATIVE_INFINITY, Math.min(1, most ?? 1));
  if (step === undefined) return wanted;
  const rounded = Math.ceil(wanted / step) * step;
  return most !== undefined && rounded > most ? Math.floor(most / step) * step : rounded;
};

const typeOf = (schema: JsonObject): string => {
  const { type } = schema;
  if (Array.isArray(type)) return stringOf(type.find((each) => each !== "null") ?? "null");
  if (typeof type === "string") return type;
  if (isJsonObject(schema.properties)) return "object";
  return isJsonObject(schema.items) ? "array" : "string";
};

const example = (unresolved: JsonObject, root: JsonObject, name: string, depth: number): unknown => {
  const schema = resolve(unresolved, root);
  // A choice may lead back to itself.
  if (depth > 2 * maximumDepth) return null;
  if ("const" in schema) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum.find((each) => each !== null) ?? null;
  if ("default" in schema) return schema.default;
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(alternatives)) {
    const isNull = (each: unknown): boolean => objectOf(each).type === "null";
    const chosen = alternatives.find((each) => isNull(each) === depth > deep) ?? alternatives[0];
    return example({ ...schema, anyOf: undefined, oneOf: undefined, ...objectOf(chosen) }, root, name, depth + 1);
  }
  if (Array.isArray(schema.allOf)) {
    const parts = schema.allOf.map((each) => resolve(objectOf(each), root));
    const merged = {
      ...schema,
      ...Object.assign({}, ...parts),
      allOf: undefined,
      properties: Object.assign({}, objectOf(schema.properties), ...parts.map((part) => objectOf(part.properties))),
      required: [schema, ...parts].flatMap((part) => (Array.isArray(part.required) ? part.required : [])),
    };
    return example(merged, root, name, depth + 1);
  }
  switch (typeOf(schema)) {
    case "object": {
      const properties = objectOf(schema.properties);
      const required = Array.isArray(schema.required) ? schema.required.map(String) : [];
      return Object.fromEntries(
        required.map((property) => [
          property,
          depth > maximumDepth ? null : example(objectOf(properties[property]), root, property, depth + 1),
        ]),
      );
    }
    case "array": {
      const items = objectOf(schema.items);
      // Where choices have no number, as in Anthropic's subset of JSON Schema, all are named: none would say nothing.
      const choices = Array.isArray(items.enum) ? Math.min(items.enum.length, numberOf(schema.maxItems) ?? 64) : 0;
      const length = depth > maximumDepth ? 0 : (numberOf(schema.minItems) ?? choices);
      return Array.from({ length }, (_, index) => {
        // Choices are named in turn: a list of the same one again and again is seldom what is meant.
        if (Array.isArray(items.enum)) return items.enum[index % items.enum.length] ?? null;
        return example(items, root, name, depth + 1);
      });
    }
    case "integer":
      return exampleNumber(schema, true);
    case "number":
      return exampleNumber(schema, false);
    case "boolean":
      return true;
    case "null":
      return null;
    default:
      return exampleString(schema, name);
  }
};

/**
 * A small value that satisfies a JSON Schema: the required properties only, first alternatives, least sizes. Knows local
 * references, enum, const, default, combinations, sizes and the usual formats; not `pattern` and not `if`.
 */
export const exampleOf = (schema: JsonObject): unknown => example(schema, schema, "", 0);
