import { definitionOf } from "#core/providers/schema/modern-keywords.ts";
import { type Dropped, toModernSchema } from "#core/providers/schema/modern-schema.ts";
import { inferredType } from "#core/providers/schema/node-type.ts";
import { isRecord, type JsonRecord } from "#core/values/records.ts";
import { finishNode, mergeNode, saysMoreThan } from "./google-node.ts";

/** Keywords of the schema that Gemini knows (google/genai `Schema`), but for those that are rewritten below. */
const taken: ReadonlySet<string> = new Set([
  "default",
  "description",
  "example",
  "format",
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
  "type",
]);

/** Keywords whose references were put in place, or that a later step reads. */
const passedOver: ReadonlySet<string> = new Set(["$defs", "definitions", "allOf", "anyOf", "oneOf"]);

/** Deeper schemas, and those whose references unfold into more parts than this, end in objects without more. */
const maxDepth = 64;
const maxParts = 5_000;
/** What references unfold into, as text: one large definition may be referred to thousands of times. */
const maxUnfoldedCharacters = 4_000_000;

type Open = readonly string[];

/** Rewrites one document; keeps its definitions for the references in it. */
class GeminiSchema {
  readonly #root: JsonRecord;
  readonly #dropped: Dropped;
  readonly #sizes = new Map<string, number>();
  #parts = 0;
  #depth = 0;
  #unfoldedCharacters = 0;

  constructor(root: JsonRecord, dropped: Dropped) {
    this.#root = root;
    this.#dropped = dropped;
  }

  rewrite(schema: unknown, open: Open = []): JsonRecord {
    return finishNode(this.#collect(schema, open), this.#dropped);
  }

  /** A node in Gemini's keywords, before they are held against each other: parts of an `allOf` are merged first. */
  #collect(schema: unknown, open: Open): JsonRecord {
    if (!isRecord(schema)) return {};
    this.#parts += 1;
    if (this.#parts > maxParts || this.#depth >= maxDepth) {
      this.#dropped("$ref");
      return { type: "object" };
    }
    this.#depth += 1;
    const collected = schema.$ref === undefined ? this.#keywords(schema, open) : this.#inPlace(schema, open);
    this.#depth -= 1;
    return collected;
  }

  /** A reference's definition where it stands. One that leads back to itself is an object without more. */
  #inPlace({ $ref, ...beside }: JsonRecord, open: Open): JsonRecord {
    const name = String($ref);
    const definition = definitionOf(this.#root, $ref);
    if (definition === undefined || open.includes(name) || !this.#fits(name, definition)) {
      this.#dropped("$ref");
      return this.#collect({ type: "object", ...beside }, open);
    }
    return this.#collect({ ...(isRecord(definition) ? definition : {}), ...beside }, [...open, name]);
  }

  /** Whether one more copy of a definition may be put in place. */
  #fits(name: string, definition: unknown): boolean {
    if (this.#unfoldedCharacters > maxUnfoldedCharacters) return false;
    const size = this.#sizes.get(name) ?? JSON.stringify(definition).length;
    this.#sizes.set(name, size);
    this.#unfoldedCharacters += size;
    return this.#unfoldedCharacters <= maxUnfoldedCharacters;
  }

  #keywords(schema: JsonRecord, open: Open): JsonRecord {
    const kept: JsonRecord = {};
    for (const [keyword, value] of Object.entries(schema)) {
      if (!passedOver.has(keyword)) this.#keyword(keyword, value, kept, open);
    }
    // Copied first: a merge adds to what is there.
    if (kept.properties !== undefined) kept.properties = { ...(kept.properties as JsonRecord) };
    for (const part of listOf(schema.allOf)) mergeNode(kept, this.#collect(part, open), this.#dropped);
    for (const keyword of ["anyOf", "oneOf"]) this.#choice(keyword, listOf(schema[keyword]), kept, open);
    return kept;
  }

  #keyword(keyword: string, value: unknown, kept: JsonRecord, open: Open): void {
    switch (keyword) {
      case "properties":
        kept.properties = Object.fromEntries(
          Object.entries(isRecord(value) ? value : {})
            .filter(([, each]) => each !== false)
            .map(([name, each]) => [name, this.rewrite(each, open)]),
        );
        return;
      case "items":
        kept.items ??= this.rewrite(value, open);
        return;
      case "prefixItems":
        kept.items = this.#tuple(listOf(value), open);
        return;
      case "const":
        this.#enum([value], kept);
        return;
      case "enum":
        this.#enum(listOf(value), kept);
        return;
      default:
        if (taken.has(keyword)) kept[keyword] = value;
        else this.#dropped(keyword);
    }
  }

  /** Gemini has lists of one kind of item: that of a tuple is any of its places. */
  #tuple(places: readonly unknown[], open: Open): JsonRecord {
    const items = places.map((place) => this.rewrite(place, open));
    const different = [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
    const [only] = different;
    if (different.length === 1 && only !== undefined) return only;
    this.#dropped("prefixItems");
    return different.some((item) => Object.keys(item).length === 0) ? {} : { anyOf: different };
  }

  /** `anyOf` of a schema and null is that schema, nullable. A branch that says nothing else goes. */
  #choice(keyword: string, choices: readonly unknown[], kept: JsonRecord, open: Open): void {
    // What may be anything is no choice, and what nothing matches is none of it.
    if (choices.some((choice) => choice === true || (isRecord(choice) && Object.keys(choice).length === 0))) return;
    const possible = choices.filter((choice) => choice !== false);
    const others = possible.filter((choice) => !(isRecord(choice) && choice.type === "null"));
    if (others.length < possible.length) kept.nullable = true;
    if (others.length === 1) {
      mergeNode(kept, this.#collect(others[0], open), this.#dropped);
      return;
    }
    const branches = others
      .map((choice) => this.rewrite(choice, open))
      .filter((branch) => saysMoreThan(branch, kept.type ?? inferredType(kept)));
    if (branches.length < others.length || (branches.length > 0 && kept.anyOf !== undefined)) this.#dropped(keyword);
    if (branches.length > 0) kept.anyOf ??= branches;
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
    if (kept.type !== undefined) return;
    if (typeof first === "number" || typeof first === "boolean") kept.type = typeof first;
    else if (Array.isArray(first)) kept.type = "array";
    else if (isRecord(first)) kept.type = "object";
  }
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/**
 * A JSON Schema of any draft in Gemini's subset: references put in place, `const` as an enum of one, `oneOf` as `anyOf`,
 * `allOf` merged, lists of types as nullable ones, and each keyword on a node of its own type. What cannot be kept is
 * reported to `dropped`.
 */
export const toGeminiSchema = (schema: JsonRecord, dropped: Dropped): JsonRecord => {
  const modern = toModernSchema(schema, dropped);
  return new GeminiSchema(modern, dropped).rewrite(modern);
};
