import { isRecord, type JsonRecord } from "#core/values/records.ts";
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

/** What is copied for references, as JSON: thousands of them may lead into one large schema. */
const maxKeptCharacters = 1_000_000;

const isDefinition = (reference: string): boolean => /^#\/(?:\$defs|definitions)\/[^/]+$/.test(reference);

/**
 * A schema in which each reference leads to a member of `$defs` or of draft-07's `definitions`: what another one led to is copied there, since a rewriting
 * may take it from its place. References for which no room is left lead nowhere, and so does one that did before.
 */
export const withKeptTargets = (schema: JsonRecord): JsonRecord => {
  const taken = isRecord(schema.$defs) ? schema.$defs : {};
  const names = new Map<string, string>();
  let left = maxKeptCharacters;
  const nameFor = (reference: string): string => {
    const target = definitionOf(schema, reference);
    left -= target === undefined ? 0 : JSON.stringify(target).length;
    if (target === undefined || left < 0) return "";
    let name = `part_${names.size}`;
    while (Object.hasOwn(taken, name)) name += "_";
    return name;
  };
  const renamed = mapReferences(schema, (reference) => {
    if (reference === "#" || isDefinition(reference)) return reference;
    const name = names.get(reference) ?? nameFor(reference);
    names.set(reference, name);
    return `#/$defs/${name}`;
  });
  if (names.size === 0) return schema;
  const kept = [...names].filter(([, name]) => name !== "");
  // Taken from the renamed schema, so that their own references lead there, too.
  const copies = Object.fromEntries(kept.map(([reference, name]) => [name, definitionOf(renamed, reference)]));
  return { ...renamed, $defs: { ...(isRecord(renamed.$defs) ? renamed.$defs : {}), ...copies } };
};
