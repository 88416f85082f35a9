import { isRecord, type JsonRecord } from "#core/values/is-record.ts";
import { ownValue } from "#core/values/own-value.ts";

/** Keywords of the schema that Gemini knows (google/genai `Schema`), but for those that are rewritten below. */
const taken: ReadonlySet<string> = new Set([
  "default",
  "description",
  "example",
  "maxItems",
  "maxLength",
  "maxProperties",
  "maximum",
  "minItems",
  "minLength",
  "minProperties",
  "minimum",
  "nullable",
  "pattern",
  "propertyOrdering",
  "required",
  "title",
]);

/** Formats that Gemini does not refuse, by type. */
const formats: Readonly<Record<string, readonly string[]>> = {
  string: ["date-time", "enum"],
  integer: ["int32", "int64"],
  number: ["float", "double"],
};

/** Deeper schemas, and those whose references unfold into more parts than this, end in objects without more. */
const maxDepth = 64;
const maxParts = 5_000;
/** What references unfold into, as text: one large definition may be referred to thousands of times. */
const maxUnfoldedCharacters = 4_000_000;

const definitionOf = (root: JsonRecord, reference: unknown): unknown => {
  if (typeof reference !== "string" || !reference.startsWith("#")) return undefined;
  let found: unknown = root;
  for (const step of reference.split("/").slice(1)) {
    const key = step.replaceAll("%25", "%").replaceAll("~1", "/").replaceAll("~0", "~");
    found = isRecord(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  }
  return found;
};

/** Rewrites one document; keeps its definitions for the references in it. */
class GeminiSchema {
  readonly #root: JsonRecord;
  readonly #dropped: (keyword: string) => void;
  readonly #sizes = new Map<string, number>();
  #parts = 0;
  #depth = 0;
  #unfoldedCharacters = 0;

  constructor(root: JsonRecord, dropped: (keyword: string) => void) {
    this.#root = root;
    this.#dropped = dropped;
  }

  rewrite(schema: unknown, open: readonly string[] = []): JsonRecord {
    if (!isRecord(schema)) return {};
    this.#parts += 1;
    if (this.#parts > maxParts || this.#depth >= maxDepth) {
      this.#dropped("$ref");
      return { type: "object" };
    }
    this.#depth += 1;
    const rewritten = schema.$ref === undefined ? this.#keywords(schema, open) : this.#inPlace(schema, open);
    this.#depth -= 1;
    return rewritten;
  }

  #keywords(schema: JsonRecord, open: readonly string[]): JsonRecord {
    const kept: JsonRecord = {};
    for (const [keyword, value] of Object.entries(schema)) this.#keyword(keyword, value, schema, kept, open);
    return kept;
  }

  /** A reference's definition where it stands. One that leads back to itself is an object without more. */
  #inPlace({ $ref, ...beside }: JsonRecord, open: readonly string[]): JsonRecord {
    const name = String($ref);
    const definition = definitionOf(this.#root, $ref);
    if (definition === undefined || open.includes(name) || !this.#fits(name, definition)) {
      this.#dropped("$ref");
      return this.rewrite({ type: "object", ...beside }, open);
    }
    return this.rewrite({ ...(isRecord(definition) ? definition : {}), ...beside }, [...open, name]);
  }

  /** Whether one more copy of a definition may be put in place. */
  #fits(name: string, definition: unknown): boolean {
    if (this.#unfoldedCharacters > maxUnfoldedCharacters) return false;
    const size = this.#sizes.get(name) ?? JSON.stringify(definition).length;
    this.#sizes.set(name, size);
    this.#unfoldedCharacters += size;
    return this.#unfoldedCharacters <= maxUnfoldedCharacters;
  }

  #keyword(keyword: string, value: unknown, schema: JsonRecord, kept: JsonRecord, open: readonly string[]): void {
    switch (keyword) {
      case "$defs":
      case "definitions":
        // Their references were put in place.
        return;
      case "type":
        this.#type(value, kept);
        return;
      case "properties":
        kept.properties = isRecord(value)
          ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, this.rewrite(each, open)]))
          : {};
        return;
      case "items":
        kept.items = this.rewrite(Array.isArray(value) ? value[0] : value, open);
        return;
      case "anyOf":
      case "oneOf":
        if (Array.isArray(value)) this.#choice(value, kept, open);
        return;
      case "allOf":
        if (Array.isArray(value)) this.#merge(value, kept, open);
        return;
      case "const":
        this.#enum([value], kept);
        return;
      case "enum":
        this.#enum(Array.isArray(value) ? value : [], kept);
        return;
      case "format":
        if (ownValue(formats, String(schema.type))?.includes(String(value)) === true) kept.format = value;
        else this.#dropped("format");
        return;
      default:
        if (taken.has(keyword)) kept[keyword] = value;
        else this.#dropped(keyword);
    }
  }

  /** A list of types with null is a nullable type; of several others, a choice. */
  #type(value: unknown, kept: JsonRecord): void {
    if (!Array.isArray(value)) {
      kept.type = value;
      return;
    }
    const types = value.filter((type) => type !== "null");
    if (types.length < value.length) kept.nullable = true;
    if (types.length === 1) kept.type = types[0];
    else kept.anyOf = types.map((type) => ({ type }));
  }

  /** `anyOf` of a schema and null is that schema, nullable. */
  #choice(choices: readonly unknown[], kept: JsonRecord, open: readonly string[]): void {
    const others = choices.filter((choice) => !(isRecord(choice) && choice.type === "null"));
    if (others.length < choices.length) kept.nullable = true;
    if (others.length === 1) Object.assign(kept, this.rewrite(others[0], open));
    else kept.anyOf = others.map((choice) => this.rewrite(choice, open));
  }

  #merge(parts: readonly unknown[], kept: JsonRecord, open: readonly string[]): void {
    const allRequired: unknown[][] = [];
    for (const part of parts) {
      const { properties, required, ...rest } = this.rewrite(part, open);
      Object.assign(kept, rest);
      // Added in place: copying what is there for each part takes the square of the time.
      if (isRecord(properties)) {
        if (isRecord(kept.properties)) Object.assign(kept.properties, properties);
        else kept.properties = { ...properties };
      }
      if (Array.isArray(required)) allRequired.push(required);
    }
    if (allRequired.length > 0)
      kept.required = [Array.isArray(kept.required) ? kept.required : [], ...allRequired].flat();
  }

  /** Gemini's enums are strings. Of another type only the type can be kept. */
  #enum(values: readonly unknown[], kept: JsonRecord): void {
    const strings = values.filter((value) => typeof value === "string");
    if (values.includes(null)) kept.nullable = true;
    if (strings.length > 0 && strings.length >= values.filter((value) => value !== null).length) {
      kept.enum = strings;
      kept.type ??= "string";
      return;
    }
    this.#dropped("enum");
    const [first] = values;
    if (kept.type === undefined && (typeof first === "number" || typeof first === "boolean")) kept.type = typeof first;
  }
}

/**
 * A JSON Schema in Gemini's subset: references put in place, `const` as an enum of one, `oneOf` as `anyOf`, `allOf` merged,
 * lists of types as nullable ones; the keywords that cannot be kept are told to `dropped`.
 */
export const toGeminiSchema = (schema: JsonRecord, dropped: (keyword: string) => void): JsonRecord =>
  new GeminiSchema(schema, dropped).rewrite(schema);
