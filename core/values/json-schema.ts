import { isRecord, type JsonRecord } from "./records.ts";

/**
 * A small validator for the JSON Schemas of tools: types, enums, objects, arrays, ranges, combinations and references within
 * the document. `pattern` and `format` are not judged: a caller's regular expression could hold up the function for ever, and
 * formats are hints. Sources: JSON Schema 2020-12, OpenAI's subset for strict schemas.
 */

/** Deeper values and schemas than this are not judged. */
const maxDepth = 64;
/** Nor is what is left after so many comparisons: references that lead to each other twice double with each level. */
const maxChecks = 100_000;

const typeOf = (value: unknown): string => {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value;
};

const isType = (value: unknown, type: unknown): boolean =>
  type === "integer" ? Number.isInteger(value) : typeOf(value) === type;

const isEqual = (left: unknown, right: unknown): boolean => {
  if (left === right) return true;
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((each, index) => isEqual(each, right[index]));
  }
  if (!isRecord(left) || !isRecord(right)) return false;
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && isEqual(left[name], right[name]))
  );
};

const findReference = (root: unknown, reference: unknown): unknown => {
  if (typeof reference !== "string" || !reference.startsWith("#")) return undefined;
  let found = root;
  for (const step of reference.split("/").slice(1)) {
    const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
    found = isRecord(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  }
  return found;
};

const lists = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

class Validation {
  readonly #root: unknown;
  #checks = 0;

  constructor(root: unknown) {
    this.#root = root;
  }

  /** The path of the first fault, with what is wrong; undefined when the value matches. */
  check(value: unknown, schema: unknown, path: string, depth: number): string | undefined {
    if (schema === false) return `${path} is not allowed`;
    this.#checks += 1;
    if (!isRecord(schema) || depth > maxDepth || this.#checks > maxChecks) return undefined;
    if (schema.$ref !== undefined) {
      const fault = this.check(value, findReference(this.#root, schema.$ref), path, depth + 1);
      if (fault !== undefined) return fault;
    }
    return (
      this.#literals(value, schema, path) ??
      this.#combinations(value, schema, path, depth) ??
      (typeof value === "number" ? this.#number(value, schema, path) : undefined) ??
      (typeof value === "string" ? this.#length([...value].length, "Length", schema, path) : undefined) ??
      (Array.isArray(value) ? this.#array(value, schema, path, depth) : undefined) ??
      (isRecord(value) ? this.#object(value, schema, path, depth) : undefined)
    );
  }

  #isSame(left: unknown, right: unknown): boolean {
    this.#checks += 1;
    return this.#checks <= maxChecks && isEqual(left, right);
  }

  #literals(value: unknown, schema: JsonRecord, path: string): string | undefined {
    const types = schema.type === undefined ? [] : [schema.type].flat();
    if (types.length > 0 && !types.some((type) => isType(value, type))) {
      return `${path} must be ${types.map(String).join(" or ")}`;
    }
    if ("const" in schema && !isEqual(value, schema.const)) return `${path} must be the one allowed value`;
    if (Array.isArray(schema.enum) && !schema.enum.some((each) => isEqual(each, value))) {
      return `${path} must be one of the allowed values`;
    }
    return undefined;
  }

  #combinations(value: unknown, schema: JsonRecord, path: string, depth: number): string | undefined {
    const matches = (each: unknown): boolean => this.check(value, each, path, depth + 1) === undefined;
    for (const each of lists(schema.allOf)) {
      const fault = this.check(value, each, path, depth + 1);
      if (fault !== undefined) return fault;
    }
    if (Array.isArray(schema.anyOf) && !schema.anyOf.some(matches)) return `${path} matches none of its forms`;
    if (Array.isArray(schema.oneOf) && schema.oneOf.filter(matches).length !== 1) {
      return `${path} must match exactly one of its forms`;
    }
    return schema.not !== undefined && matches(schema.not) ? `${path} has a form that is not allowed` : undefined;
  }

  #number(value: number, schema: JsonRecord, path: string): string | undefined {
    const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
    const outside =
      (typeof minimum === "number" && value < minimum) ||
      (typeof maximum === "number" && value > maximum) ||
      (typeof exclusiveMinimum === "number" && value <= exclusiveMinimum) ||
      (typeof exclusiveMaximum === "number" && value >= exclusiveMaximum);
    if (outside) return `${path} is out of range`;
    const steps = typeof multipleOf === "number" && multipleOf > 0 ? value / multipleOf : 0;
    return Math.abs(steps - Math.round(steps)) > 1e-9
      ? `${path} is not a multiple of ${String(multipleOf)}`
      : undefined;
  }

  #length(
    length: number,
    what: "Length" | "Items" | "Properties",
    schema: JsonRecord,
    path: string,
  ): string | undefined {
    const [least, most] = [schema[`min${what}`], schema[`max${what}`]];
    if (typeof least === "number" && length < least) return `${path} is too short`;
    return typeof most === "number" && length > most ? `${path} is too long` : undefined;
  }

  #array(value: readonly unknown[], schema: JsonRecord, path: string, depth: number): string | undefined {
    const prefix = lists(schema.prefixItems);
    for (const [index, item] of value.entries()) {
      const fault = this.check(item, prefix[index] ?? schema.items, `${path}[${index}]`, depth + 1);
      if (fault !== undefined) return fault;
    }
    if (schema.uniqueItems === true) {
      const repeated = value.findIndex((item, index) =>
        value.slice(0, index).some((other) => this.#isSame(item, other)),
      );
      if (repeated >= 0) return `${path}[${repeated}] is there twice`;
    }
    return this.#length(value.length, "Items", schema, path);
  }

  #object(value: JsonRecord, schema: JsonRecord, path: string, depth: number): string | undefined {
    for (const name of lists(schema.required)) {
      if (typeof name === "string" && !Object.hasOwn(value, name)) return `${path}.${name} is missing`;
    }
    const properties = isRecord(schema.properties) ? schema.properties : {};
    for (const [name, each] of Object.entries(value)) {
      const known = Object.hasOwn(properties, name);
      if (!known && schema.additionalProperties === false && schema.patternProperties === undefined) {
        return `${path} has a property that is not allowed`;
      }
      const fault = this.check(
        each,
        known ? properties[name] : schema.additionalProperties,
        `${path}.${name}`,
        depth + 1,
      );
      if (fault !== undefined) return fault;
    }
    return this.#length(Object.keys(value).length, "Properties", schema, path);
  }
}

/**
 * Judges a value by a JSON Schema.
 * @param path how the value is named in the answer.
 * @returns the first fault in words, which hold names of the schema but nothing of the value; undefined when it matches.
 */
export const schemaFault = (value: unknown, schema: unknown, path: string): string | undefined =>
  new Validation(schema).check(value, schema, path, 0);
