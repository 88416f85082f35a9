import { definitionOf } from "#core/providers/schema/modern-keywords.ts";
import { toModernSchema } from "#core/providers/schema/modern-schema.ts";
import { inferredType, speaksOf } from "#core/providers/schema/node-type.ts";
import { type Budget, bothOf, costOf, newBudget, withoutAllOf } from "#core/providers/schema/plain-object.ts";
import { mapReferences, withKeptTargets } from "#core/providers/schema/references.ts";
import { isRecord, type JsonRecord } from "#core/values/records.ts";

/** Formats that Anthropic's constrained decoding knows, as its SDK 1.12 lists them. */
const knownFormats: ReadonlySet<unknown> = new Set([
  "date-time",
  "time",
  "date",
  "duration",
  "email",
  "hostname",
  "uri",
  "ipv4",
  "ipv6",
  "uuid",
]);

const isPrimitive = (value: unknown): boolean => value === null || typeof value !== "object";
const isPrimitiveList = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every(isPrimitive);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** `type: ["string", "null"]` as a choice of schemas with one type each, which take the keywords that speak of it. */
const splitTypes = (schema: JsonRecord, types: readonly unknown[]): JsonRecord => {
  const { type: _types, description, title, $defs, definitions, ...rest } = schema;
  const keywords = Object.entries(rest);
  return {
    ...(description === undefined ? {} : { description }),
    ...(title === undefined ? {} : { title }),
    ...($defs === undefined ? {} : { $defs }),
    ...(definitions === undefined ? {} : { definitions }),
    anyOf: types.map((type) =>
      type === "null" ? { type } : { ...Object.fromEntries(keywords.filter(([name]) => speaksOf(name, type))), type },
    ),
  };
};

/** Constraints that decoding cannot hold are described to the model in words instead. */
const describe = (description: unknown, rest: JsonRecord): string | undefined => {
  const notes = Object.entries(rest).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  const said = typeof description === "string" && description !== "" ? description : undefined;
  if (notes.length === 0) return said;
  return `${said === undefined ? "" : `${said}\n\n`}{${notes.join(", ")}}`;
};

/** Rewrites one document, whose references are kept. */
class Subset {
  readonly #root: JsonRecord;
  readonly #budget: Budget = newBudget();

  constructor(root: JsonRecord) {
    this.#root = root;
  }

  rewrite(input: unknown): unknown {
    if (!isRecord(input)) return {};
    const merged = input.allOf === undefined ? input : this.#merged(input);
    const schema =
      Array.isArray(merged.type) && merged.enum === undefined ? splitTypes(merged, merged.type) : this.#folded(merged);
    const {
      $defs,
      definitions,
      $ref,
      $schema: _dialect,
      anyOf,
      oneOf,
      type: given,
      description,
      title,
      ...rest
    } = schema;
    const type = Array.isArray(given) ? undefined : (given ?? inferredType(rest));
    const kept: JsonRecord = {};
    const shared = { ...(isRecord(definitions) ? definitions : {}), ...(isRecord($defs) ? $defs : {}) };
    if (Object.keys(shared).length > 0) kept.$defs = this.#rewriteAll(shared);
    if (definitionOf(this.#root, $ref) !== undefined) return { ...kept, $ref };
    // No object or list is one of a few primitive values: there they are described in words.
    const mayBeLiteral = type !== "object" && type !== "array";
    if (mayBeLiteral && isPrimitiveList(rest.enum)) {
      kept.enum = rest.enum;
      delete rest.enum;
    }
    if (mayBeLiteral && rest.const !== undefined && isPrimitive(rest.const)) {
      kept.const = rest.const;
      delete rest.const;
    }
    const choices = anyOf ?? oneOf;
    const literal = kept.enum !== undefined || kept.const !== undefined;
    if (Array.isArray(choices)) kept.anyOf = choices.map((choice) => this.rewrite(choice));
    else if (!literal && type !== undefined) kept.type = type;
    if (title !== undefined) kept.title = title;
    if (!literal && kept.anyOf === undefined) this.#keepTypeKeywords(type, rest, kept);
    const words = describe(description, rest);
    if (words !== undefined) kept.description = words;
    return kept;
  }

  /** A reference that stands in an `allOf` by itself, as OpenAPI's tools write it, stays one. */
  #merged(schema: JsonRecord): JsonRecord {
    const { allOf, ...beside } = schema;
    const [only, ...others] = listOf(allOf);
    const isAlone =
      others.length === 0 && Object.keys(beside).every((name) => name === "description" || name === "title");
    if (isAlone && isRecord(only) && Object.keys(only).join() === "$ref") return only;
    return withoutAllOf(schema, this.#root, this.#budget);
  }

  #rewriteAll(schemas: JsonRecord): JsonRecord {
    return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, this.rewrite(schema)]));
  }

  /**
   * A choice that stands with properties of its node: each branch becomes a whole object, since a closed branch would
   * allow none of them.
   */
  #folded(schema: JsonRecord): JsonRecord {
    const { anyOf, oneOf, $defs, definitions, description, title, ...own } = schema;
    const choices = listOf(anyOf ?? oneOf);
    if (choices.length === 0 || (own.properties === undefined && own.required === undefined)) return schema;
    const { type: _type, ...base } = own;
    const branches = choices.filter(isRecord).map((choice) => {
      this.#budget.left -= costOf(base);
      return bothOf({ ...base, type: "object" }, withoutAllOf(choice, this.#root, this.#budget));
    });
    // Nothing matches the choice, which the subset cannot say.
    if (branches.length === 0) return { ...own, $defs, definitions, title, description };
    // Too many to copy the properties for: the choice is described in words.
    if (this.#budget.left <= 0)
      return { ...own, $defs, definitions, title, description: describe(description, { anyOf: choices }) };
    return {
      ...($defs === undefined ? {} : { $defs }),
      ...(definitions === undefined ? {} : { definitions }),
      ...(description === undefined ? {} : { description }),
      ...(title === undefined ? {} : { title }),
      anyOf: branches,
    };
  }

  /** Moves the shape keywords of the schema's type into `kept`; what stays in `rest` has no counterpart. */
  #keepTypeKeywords(type: unknown, rest: JsonRecord, kept: JsonRecord): void {
    const take = (key: string): unknown => {
      const value = rest[key];
      delete rest[key];
      return value;
    };
    if (type === "object") {
      const properties = take("properties");
      const named = isRecord(properties) ? properties : {};
      kept.properties = this.#rewriteAll(named);
      take("additionalProperties");
      kept.additionalProperties = false;
      const required = listOf(take("required"));
      // A closed object cannot have a name that it does not describe.
      const isNamed = (name: unknown): boolean => typeof name === "string" && Object.hasOwn(named, name);
      const known = required.filter(isNamed);
      if (known.length > 0) kept.required = known;
      if (known.length < required.length) rest.required = required.filter((name) => !isNamed(name));
    } else if (type === "string") {
      if (knownFormats.has(rest.format)) kept.format = take("format");
    } else if (type === "array") {
      if (rest.prefixItems !== undefined)
        kept.items = { anyOf: listOf(rest.prefixItems).map((each) => this.rewrite(each)) };
      else if (rest.items !== undefined) kept.items = this.rewrite(take("items"));
      if (rest.minItems === 0 || rest.minItems === 1) kept.minItems = take("minItems");
    }
  }
}

/** A reference without a definition. */
const nowhere = "#/$defs/";

/** A document whose definitions all stand in `$defs`: draft-07's `definitions` is 2019-09's `$defs`, which Anthropic takes. */
const withDefs = (schema: JsonRecord): JsonRecord => {
  if (!isRecord(schema.definitions)) return schema;
  const { definitions, $defs, ...rest } = schema;
  const known = isRecord($defs) ? $defs : {};
  // A name that both have stands for two schemas.
  const newName = (name: string): string => (Object.hasOwn(known, name) ? `definitions_${name}` : name);
  const moved = Object.fromEntries(Object.entries(definitions).map(([name, each]) => [newName(name), each]));
  return mapReferences({ ...rest, $defs: { ...moved, ...known } }, (reference) =>
    // One that led nowhere must not lead to what has moved.
    definitionOf(schema, reference) === undefined
      ? nowhere
      : reference.replace(/^#\/definitions\/([^/]*)/, (_match, name: string) => `#/$defs/${newName(name)}`),
  );
};

/**
 * A JSON Schema of any draft in the subset that `output_config.format` and strict tools take: objects closed, `oneOf` as
 * `anyOf`, parts of an `allOf` merged, unknown formats and limits moved into the description. Does what the helper of
 * Anthropic's SDK does, and more where that would lose or refuse something: lists of types, `definitions`, schemas without
 * a type, choices next to properties.
 */
export const toSchemaSubset = (schema: Readonly<JsonRecord>): JsonRecord => {
  const root = withKeptTargets(withDefs(toModernSchema(schema, () => undefined)));
  return new Subset(root).rewrite(root) as JsonRecord;
};

/** Whether a schema asks for objects with free keys, which the subset cannot express: it closes them. */
export const hasOpenMap = (schema: unknown): boolean => {
  if (Array.isArray(schema)) return schema.some(hasOpenMap);
  if (!isRecord(schema)) return false;
  const extra = schema.additionalProperties;
  return extra === true || isRecord(extra) || Object.values(schema).some(hasOpenMap);
};
