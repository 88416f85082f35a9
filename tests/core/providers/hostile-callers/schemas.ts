import { fc } from "#tests/support/property.ts";

/** JSON Schemas as callers send them: of every draft, recursive, contradictory, deep, wide, and with values of the wrong kind. */

type Schema = Record<string, unknown>;

export const names = fc.constantFrom("a", "b", "c", "type", "items", "$ref", "ä ö", "__x__", "enum");
const types = fc.constantFrom("string", "number", "integer", "boolean", "array", "object", "null");
const wrong = fc.constantFrom<unknown>(null, true, "text", -1, 1.5, [], {}, [null], ["a", "a", 1], { a: 1 }, Infinity);
const references = fc.constantFrom(
  "#",
  "#/$defs/A",
  "#/$defs/B",
  "#/definitions/A",
  "#/properties/a",
  "#/anyOf/0",
  "#/oneOf/1/properties/a",
  "#anchor",
  "#/nowhere/at/all",
  "#/%",
  "https://schemas.test/a.json",
);
const primitives = fc.oneof(fc.string({ maxLength: 3 }), fc.integer(), fc.boolean(), fc.constant(null));
const values = fc.oneof(
  { weight: 4, arbitrary: primitives },
  fc.array(primitives, { maxLength: 2 }),
  fc.dictionary(names, primitives, { maxKeys: 2 }),
);
const count = fc.nat({ max: 5 });

/** A keyword with a value of its kind, in some draft, or now and then of another kind. */
const keyword = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 12, arbitrary: value }, { weight: 1, arbitrary: wrong });

const optional = (node: fc.Arbitrary<unknown>): Record<string, fc.Arbitrary<unknown>> => ({
  type: keyword(
    fc.oneof(types, fc.uniqueArray(types, { minLength: 1, maxLength: 3 }), fc.constantFrom("any", "STRING", "OBJECT")),
  ),
  title: keyword(fc.string({ maxLength: 3 })),
  description: keyword(fc.string({ maxLength: 8 })),
  default: values,
  nullable: fc.boolean(),
  properties: keyword(fc.dictionary(names, node, { maxKeys: 3 })),
  required: keyword(fc.oneof(fc.uniqueArray(names, { maxLength: 3 }), fc.boolean())),
  additionalProperties: keyword(fc.oneof(fc.boolean(), node)),
  patternProperties: keyword(fc.dictionary(fc.constant("^x"), node, { maxKeys: 1 })),
  items: keyword(fc.oneof(node, fc.array(node, { maxLength: 2 }))),
  prefixItems: keyword(fc.array(node, { maxLength: 2 })),
  additionalItems: keyword(fc.oneof(fc.boolean(), node)),
  minItems: keyword(count),
  maxItems: keyword(count),
  uniqueItems: keyword(fc.boolean()),
  minLength: keyword(count),
  pattern: keyword(fc.constantFrom("^a", "[", "(?i)x")),
  format: keyword(fc.constantFrom("email", "date-time", "int32", "unknown")),
  minimum: keyword(fc.integer()),
  exclusiveMinimum: keyword(fc.oneof(fc.integer(), fc.boolean())),
  exclusiveMaximum: keyword(fc.oneof(fc.integer(), fc.boolean())),
  multipleOf: keyword(count),
  enum: keyword(fc.array(values, { maxLength: 3 })),
  const: values,
  anyOf: keyword(fc.array(node, { maxLength: 3 })),
  oneOf: keyword(fc.array(node, { maxLength: 3 })),
  allOf: keyword(fc.array(node, { maxLength: 2 })),
  not: keyword(node),
  if: keyword(node),
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: keyword(node),
  $ref: keyword(references),
  $dynamicRef: keyword(references),
  $anchor: keyword(fc.constant("anchor")),
  dependencies: keyword(fc.dictionary(names, fc.oneof(node, fc.array(names, { maxLength: 2 })), { maxKeys: 1 })),
  dependentRequired: keyword(fc.dictionary(names, fc.uniqueArray(names, { maxLength: 2 }), { maxKeys: 1 })),
});

/** Few of the keywords at a time, as people write schemas. */
const some = (node: fc.Arbitrary<unknown>): fc.Arbitrary<Schema> => {
  const keywords = optional(node);
  return fc
    .uniqueArray(fc.constantFrom(...Object.keys(keywords)), { maxLength: 4 })
    .chain((chosen) =>
      fc.record(Object.fromEntries(chosen.map((name) => [name, keywords[name] ?? fc.constant(null)]))),
    );
};

const { node } = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({ type: types }),
    fc.boolean(),
    some(tie("node")),
  ),
}));

const definitions = fc.record({ A: node, B: node });

const deep = fc.nat({ max: 150 }).map((depth) => {
  let schema: Schema = { type: "string" };
  for (let level = 0; level < depth; level += 1) {
    schema = level % 2 === 0 ? { properties: { a: schema }, required: ["a"] } : { type: "array", items: schema };
  }
  return schema;
});

const wide = fc.nat({ max: 300 }).map((width) => ({
  properties: Object.fromEntries(Array.from({ length: width }, (_, index) => [`p${index}`, { type: "string" }])),
  anyOf: Array.from({ length: width }, (_, index) => ({ required: [`p${index}`] })),
}));

/** A schema by itself, with definitions that its references may find. */
export const schemas: fc.Arbitrary<Schema> = fc
  .tuple(
    fc.oneof({ weight: 8, arbitrary: some(node) }, { weight: 1, arbitrary: deep }, { weight: 1, arbitrary: wide }),
    fc.option(definitions, { nil: undefined }),
    fc.option(definitions, { nil: undefined }),
    fc.constantFrom(
      undefined,
      "http://json-schema.org/draft-04/schema#",
      "https://json-schema.org/draft/2020-12/schema",
    ),
  )
  .map(([schema, $defs, older, dialect]) => ({
    ...(dialect === undefined ? {} : { $schema: dialect }),
    ...schema,
    ...($defs === undefined ? {} : { $defs }),
    ...(older === undefined ? {} : { definitions: older }),
  }));

/** The schema of a tool: mostly an object at its root. */
export const parameters: fc.Arbitrary<Schema> = fc
  .tuple(schemas, fc.integer({ min: 0, max: 9 }))
  .map(([schema, dice]) => (dice < 7 ? { ...schema, type: "object" } : dice < 9 ? without(schema, "type") : schema));

const without = (schema: Schema, name: string): Schema =>
  Object.fromEntries(Object.entries(schema).filter(([key]) => key !== name));
