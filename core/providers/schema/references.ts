import { isRecord, type JsonRecord } from "#core/values/is-record.ts";
import { definitionOf } from "./modern-keywords.ts";

/** Chains of references longer than this count as endless. */
const maxDepth = 1_500;

class Walk {
  readonly #root: JsonRecord;
  readonly #open = new Set<string>();
  readonly #done = new Set<string>();

  constructor(root: JsonRecord) {
    this.#root = root;
  }

  /** Whether a value leads back to a reference that it stands in. */
  isEndless(value: unknown, depth: number): boolean {
    if (typeof value !== "object" || value === null) return false;
    if (depth > maxDepth) return true;
    const reference = isRecord(value) ? value.$ref : undefined;
    if (typeof reference === "string" && this.#leadsBack(reference, depth)) return true;
    return Object.values(value).some((each) => this.isEndless(each, depth + 1));
  }

  #leadsBack(reference: string, depth: number): boolean {
    if (this.#open.has(reference)) return true;
    if (this.#done.has(reference)) return false;
    this.#open.add(reference);
    const endless = this.isEndless(definitionOf(this.#root, reference), depth + 1);
    this.#open.delete(reference);
    this.#done.add(reference);
    return endless;
  }
}

/** Whether a schema holds itself: no grammar can be made of it. */
export const isRecursive = (schema: JsonRecord): boolean => new Walk(schema).isEndless(schema, 0);

const maxHops = 32;

/** A node with its reference in place: what stands next to it wins. One that leads nowhere, or in a circle, is left out. */
export const resolved = (schema: JsonRecord, root: JsonRecord): JsonRecord => {
  let node = schema;
  for (let hops = 0; node.$ref !== undefined; hops += 1) {
    const { $ref, ...beside } = node;
    const definition = definitionOf(root, $ref);
    node = { ...(isRecord(definition) && hops < maxHops ? definition : {}), ...beside };
  }
  return node;
};

const mapStrings = (value: unknown, map: (reference: string) => string): unknown => {
  if (Array.isArray(value)) return value.map((each) => mapStrings(each, map));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      name === "$ref" && typeof each === "string" ? map(each) : mapStrings(each, map),
    ]),
  );
};

/** A schema whose references are renamed. The schema stays as it was. */
export const mapReferences = (schema: JsonRecord, map: (reference: string) => string): JsonRecord =>
  mapStrings(schema, map) as JsonRecord;
