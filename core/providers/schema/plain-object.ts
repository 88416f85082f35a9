import { isRecord, type JsonRecord } from "#core/values/records.ts";
import { describeBranches } from "./describe-branches.ts";
import { inferredType } from "./node-type.ts";
import { mapReferences, resolved } from "./references.ts";

/** Objects that are put together of several schemas, made one: what receivers without `allOf` or choices at a root need. */

const namesOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((name) => typeof name === "string") : [];
const propertiesOf = (schema: JsonRecord): JsonRecord => (isRecord(schema.properties) ? schema.properties : {});
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const union = (left: unknown, right: unknown): readonly string[] => [...new Set([...namesOf(left), ...namesOf(right)])];

/** Nodes and names that one schema may be put together of. References could name more, without end. */
export interface Budget {
  left: number;
}

/** Parts of parts that are put together: a schema that holds itself has no end. */
const maxNesting = 100;

export const newBudget = (): Budget => ({ left: 50_000 });

/** What a node costs by itself: this many can stand in each other. */
const nodeCost = 25;

const spend = (budget: Budget, cost = nodeCost): boolean => {
  budget.left -= cost;
  return budget.left > 0;
};

/** What copying an object's schema costs. */
export const costOf = (schema: JsonRecord): number =>
  1 + Object.keys(propertiesOf(schema)).length + (Array.isArray(schema.required) ? schema.required.length : 0);

/** Both schemas at once: properties and required names together, and of other keywords the first one's. */
export const bothOf = (first: JsonRecord, second: JsonRecord): JsonRecord => {
  const both: JsonRecord = { ...second, ...first };
  if (first.properties !== undefined || second.properties !== undefined)
    both.properties = { ...propertiesOf(second), ...propertiesOf(first) };
  const required = union(first.required, second.required);
  if (required.length > 0) both.required = required;
  return both;
};

/** A node with its reference and the parts of its `allOf` merged into it. */
export const withoutAllOf = (schema: JsonRecord, root: JsonRecord, budget: Budget, depth = 0): JsonRecord => {
  const { allOf, ...node } = resolved(schema, root);
  if (!Array.isArray(allOf) || depth > maxNesting) return node;
  let both = node;
  for (const part of allOf.filter(isRecord)) {
    if (!spend(budget)) break;
    const whole = withoutAllOf(part, root, budget, depth + 1);
    if (!spend(budget, costOf(whole) + costOf(both))) break;
    both = bothOf(both, whole);
  }
  return both;
};

/** The values that a schema is fixed to. */
const fixedValues = (schema: JsonRecord): readonly unknown[] | undefined => {
  if ("const" in schema) return [schema.const];
  return Array.isArray(schema.enum) ? schema.enum : undefined;
};

/** A property that each of several branches describes: any of what they say. */
const anyOfThem = (schemas: readonly unknown[]): unknown => {
  const different = [...new Map(schemas.map((schema) => [JSON.stringify(schema), schema])).values()];
  if (different.length < 2) return different[0];
  const values = different.map((schema) => (isRecord(schema) ? fixedValues(schema) : undefined));
  if (values.every((each) => each !== undefined)) return { enum: [...new Set(values.flat())] };
  return { anyOf: different };
};

/** What holds whichever branch is meant: any property that one of them names, and what all of them require. */
const whatAllSay = (branches: readonly JsonRecord[]): JsonRecord => {
  const byName = new Map<string, unknown[]>();
  for (const branch of branches) {
    for (const [name, schema] of Object.entries(propertiesOf(branch))) {
      const known = byName.get(name);
      if (known === undefined) byName.set(name, [schema]);
      else known.push(schema);
    }
  }
  const [first, ...others] = branches.map(({ required }) => new Set(namesOf(required)));
  const required = [...(first ?? [])].filter((name) => others.every((names) => names.has(name)));
  return {
    properties: Object.fromEntries([...byName].map(([name, schemas]) => [name, anyOfThem(schemas)])),
    ...(required.length === 0 ? {} : { required }),
  };
};

export interface PlainObject {
  readonly schema: JsonRecord;
  /** What was taken off and can only be said in words. */
  readonly words: readonly string[];
  /** The keywords that were taken off with a loss. */
  readonly lost: readonly string[];
}

const isObject = (schema: JsonRecord): boolean => {
  const type = schema.type ?? inferredType(schema) ?? "object";
  return [type].flat().includes("object");
};

const combining = ["allOf", "anyOf", "oneOf"] as const;

/** References into what is taken off the root lead into `$defs` instead, where it is kept for them. */
const keptForReferences = (schema: JsonRecord): JsonRecord => {
  const kept: JsonRecord = {};
  const renamed = mapReferences(schema, (reference) => {
    const [, keyword, index] = /^#\/(allOf|anyOf|oneOf)\/(\d+)(?:\/|$)/.exec(reference) ?? [];
    const branch = keyword === undefined ? undefined : listOf(schema[keyword])[Number(index)];
    if (branch === undefined) return reference;
    kept[`${keyword}_${index}`] = branch;
    return reference.replace(`#/${keyword}/${index}`, `#/$defs/${keyword}_${index}`);
  });
  if (Object.keys(kept).length === 0) return schema;
  // The kept branches are taken once more from the renamed schema, so that their own references lead there, too.
  for (const name of Object.keys(kept)) {
    const [keyword = "", index] = name.split("_");
    kept[name] = listOf(renamed[keyword])[Number(index)];
  }
  return { ...renamed, $defs: { ...(isRecord(renamed.$defs) ? renamed.$defs : {}), ...kept } };
};

interface Parts {
  readonly root: JsonRecord;
  readonly budget: Budget;
  readonly depth?: number;
}

const isPlain = (schema: JsonRecord): boolean =>
  schema.$ref === undefined && combining.every((keyword) => schema[keyword] === undefined);

/** A node with its choices merged into it. */
const merged = (node: JsonRecord, { root, budget, depth = 0 }: Parts): PlainObject => {
  if (isPlain(node) || depth > maxNesting) return { schema: node, words: [], lost: [] };
  let { anyOf, oneOf, ...schema } = withoutAllOf(node, root, budget);
  const words: string[] = [];
  const lost: string[] = [];
  for (const [keyword, choices] of [
    ["anyOf", anyOf],
    ["oneOf", oneOf],
  ] as const) {
    const branches = listOf(choices)
      .filter((branch): branch is JsonRecord => isRecord(branch) && spend(budget))
      .map((branch) => merged(withoutAllOf(branch, root, budget), { root, budget, depth: depth + 1 }).schema)
      .filter(isObject);
    if (branches.length === 0) continue;
    schema = bothOf(schema, whatAllSay(branches));
    if (branches.length === 1) continue;
    lost.push(keyword);
    words.push(describeBranches(keyword, branches));
  }
  return { schema, words, lost };
};

/**
 * A schema of an object without any combining keyword at its root, for a receiver that takes none there. It allows all that
 * the schema did, and more: what got lost is put in words.
 */
export const toPlainObject = (given: JsonRecord): PlainObject => {
  if (isPlain(given)) return { schema: given, words: [], lost: [] };
  const root = keptForReferences(given);
  const { schema, words, lost } = merged(root, { root, budget: newBudget() });
  return { schema: { ...schema, type: "object", properties: propertiesOf(schema) }, words, lost };
};
