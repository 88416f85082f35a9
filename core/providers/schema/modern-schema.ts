import { isRecord, type JsonRecord } from "#core/values/records.ts";
import {
  isNameList,
  isSchema,
  nullKeywords,
  schemaKeywords,
  schemaListKeywords,
  schemaMapKeywords,
  typeNamed,
  valueTests,
} from "./modern-keywords.ts";
import { withKeptTargets } from "./references.ts";

/** Receives each keyword that could not be kept. */
export type Dropped = (keyword: string) => void;

const single: ReadonlySet<string> = new Set(schemaKeywords);
const maps: ReadonlySet<string> = new Set(schemaMapKeywords);
const lists: ReadonlySet<string> = new Set(schemaListKeywords);

/** Draft 3 marks a property as required in the property itself; later drafts list the names. */
const isRequiredMark = (schema: unknown): boolean => isRecord(schema) && schema.required === true;

/** Whether a schema, all of it, has only values that its keywords may hold, so that it needs no rewriting. */
const isModern = (schema: unknown): boolean => {
  if (!isRecord(schema)) return typeof schema === "boolean";
  for (const keyword in schema) {
    const value = schema[keyword];
    if (single.has(keyword)) {
      if (!isModern(value)) return false;
    } else if (maps.has(keyword)) {
      if (!isRecord(value) || !Object.values(value).every(isModern)) return false;
    } else if (lists.has(keyword)) {
      if (!Array.isArray(value) || value.length === 0 || !value.every(isModern)) return false;
    } else if (valueTests.get(keyword)?.(value) === false) return false;
  }
  return !("additionalItems" in schema);
};

/** Rewrites the keywords of one node. */
class Node {
  readonly #kept: JsonRecord = {};
  readonly #schema: JsonRecord;
  readonly #dropped: Dropped;

  constructor(schema: JsonRecord, dropped: Dropped) {
    this.#schema = schema;
    this.#dropped = dropped;
  }

  rewrite(): JsonRecord {
    for (const [keyword, value] of Object.entries(this.#schema)) {
      if (value === null && !nullKeywords.has(keyword)) continue;
      this.#keyword(keyword, value);
    }
    this.#addRequiredMarks();
    return this.#kept;
  }

  #keyword(keyword: string, value: unknown): void {
    const kept = this.#kept;
    if (keyword === "items" && Array.isArray(value)) this.#tuple(value);
    else if (keyword === "additionalItems") this.#additionalItems(value);
    else if (keyword === "type") this.#type(value);
    else if (keyword === "required") this.#required(value);
    else if (keyword === "exclusiveMinimum" || keyword === "exclusiveMaximum") this.#limit(keyword, value);
    else if (maps.has(keyword)) this.#map(keyword, value);
    else if (lists.has(keyword)) this.#list(keyword, value);
    else if (valueTests.get(keyword)?.(value) === false) this.#dropped(keyword);
    else kept[keyword] = single.has(keyword) ? modern(value, this.#dropped) : value;
  }

  /** Until 2019-09 a list in `items` was a tuple, and `additionalItems` what follows it. */
  #tuple(items: readonly unknown[]): void {
    if (items.length > 0) this.#list("prefixItems", items);
    else if (this.#schema.additionalItems === undefined) this.#kept.items = {};
  }

  #additionalItems(value: unknown): void {
    // Beside a single schema in `items`, or without any, it says nothing.
    if (Array.isArray(this.#schema.items) && isSchema(value)) this.#kept.items = modern(value, this.#dropped);
  }

  /** Up to draft 4 `exclusiveMinimum: true` made the `minimum` beside it exclusive. */
  #limit(keyword: "exclusiveMinimum" | "exclusiveMaximum", value: unknown): void {
    if (typeof value === "number") this.#kept[keyword] = value;
    else if (value === true) {
      const limit = keyword === "exclusiveMinimum" ? "minimum" : "maximum";
      if (typeof this.#schema[limit] === "number") this.#kept[keyword] = this.#schema[limit];
      else this.#dropped(keyword);
    } else if (value !== false) this.#dropped(keyword);
  }

  #type(value: unknown): void {
    const given: readonly unknown[] = [value].flat();
    const names = new Set(given.flatMap((each) => typeNamed(each) ?? []));
    // Draft 3's word for no type at all.
    if (given.includes("any")) return;
    if (given.some((each) => typeNamed(each) === undefined)) this.#dropped("type");
    if (names.size === 0) return;
    this.#kept.type = Array.isArray(value) ? [...names] : [...names][0];
  }

  #required(value: unknown): void {
    // A mark of draft 3, which the object around this node reads.
    if (typeof value === "boolean") return;
    const names = Array.isArray(value) ? value.filter((name) => typeof name === "string") : [];
    if (!Array.isArray(value) || names.length < value.length) this.#dropped("required");
    if (Array.isArray(value)) this.#kept.required = [...new Set(names)];
  }

  #addRequiredMarks(): void {
    const { properties } = this.#schema;
    if (!isRecord(properties)) return;
    const marked = Object.keys(properties).filter((name) => isRequiredMark(properties[name]));
    if (marked.length === 0) return;
    const { required } = this.#kept;
    this.#kept.required = [...new Set([...(isNameList(required) ? required : []), ...marked])];
  }

  #map(keyword: string, value: unknown): void {
    if (!isRecord(value)) this.#dropped(keyword);
    else {
      this.#kept[keyword] = Object.fromEntries(
        Object.entries(value).map(([name, each]) => [name, this.#schemaIn(keyword, each)]),
      );
    }
  }

  #list(keyword: string, value: unknown): void {
    if (Array.isArray(value) && value.length > 0)
      this.#kept[keyword] = value.map((each) => this.#schemaIn(keyword, each));
    else this.#dropped(keyword);
  }

  /** A schema in a map or list; what is none there says nothing of the name or place that it has. */
  #schemaIn(keyword: string, value: unknown): unknown {
    if (isSchema(value)) return modern(value, this.#dropped);
    if (value !== null) this.#dropped(keyword);
    return {};
  }
}

const modern = (schema: unknown, dropped: Dropped): unknown =>
  isRecord(schema) ? new Node(schema, dropped).rewrite() : schema;

/**
 * A JSON Schema of any draft as one of draft 2020-12: tuples as `prefixItems`, limits as numbers, names of types in lower
 * case, and every keyword with a value of the kind that it has there. What cannot be kept is reported to `dropped`, except
 * for nulls, which say nothing. A schema that is one already comes back as the same object.
 */
export const toModernSchema = (schema: JsonRecord, dropped: Dropped): JsonRecord =>
  isModern(schema) ? schema : new Node(withKeptTargets(schema), dropped).rewrite();
