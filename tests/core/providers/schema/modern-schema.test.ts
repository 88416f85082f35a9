import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { toModernSchema } from "#core/providers/schema/modern-schema.ts";

const ajv = new Ajv2020({ strict: false, validateFormats: false });

const rewrite = (schema: Record<string, unknown>) => {
  const dropped = new Set<string>();
  const modern = toModernSchema(schema, (keyword) => dropped.add(keyword));
  expect(ajv.validateSchema(modern), JSON.stringify(ajv.errors)).toBe(true);
  return { modern, dropped: [...dropped] };
};

describe("a JSON Schema of an older draft", () => {
  test.each<[string, object, object]>([
    [
      "a tuple",
      { type: "array", items: [{ type: "number" }, { type: "string" }] },
      { type: "array", prefixItems: [{ type: "number" }, { type: "string" }] },
    ],
    [
      "a closed tuple, in a property",
      { properties: { a: { items: [{}], additionalItems: false } } },
      { properties: { a: { prefixItems: [{}], items: false } } },
    ],
    ["an empty tuple", { items: [] }, { items: {} }],
    [
      "additionalItems without a tuple",
      { items: { type: "string" }, additionalItems: false },
      { items: { type: "string" } },
    ],
    ["a limit of draft 4", { minimum: 0, exclusiveMinimum: true }, { minimum: 0, exclusiveMinimum: 0 }],
    ["a limit of draft 4 that is off", { maximum: 9, exclusiveMaximum: false }, { maximum: 9 }],
    [
      "a mark of draft 3",
      { properties: { a: { type: "any", required: true }, b: { required: false } } },
      { properties: { a: {}, b: {} }, required: ["a"] },
    ],
    [
      "types as Google writes them",
      { type: "OBJECT", properties: { a: { type: ["STRING", "NULL"] } } },
      {
        type: "object",
        properties: { a: { type: ["string", "null"] } },
      },
    ],
    [
      "nulls",
      { type: "object", required: null, properties: null, default: null, const: null },
      {
        type: "object",
        default: null,
        const: null,
      },
    ],
    [
      "a reference to what has another place there",
      { items: [{ type: "string" }], not: { $ref: "#/items/0" } },
      {
        prefixItems: [{ type: "string" }],
        not: { $ref: "#/$defs/part_0" },
        $defs: { part_0: { type: "string" } },
      },
    ],
    ["a name that is required twice", { required: ["a", "a"] }, { required: ["a"] }],
    ["a schema in a branch", { anyOf: [{ items: [{}] }, true] }, { anyOf: [{ prefixItems: [{}] }, true] }],
    [
      "definitions",
      { definitions: { A: { minimum: 1, exclusiveMinimum: true } } },
      {
        definitions: { A: { minimum: 1, exclusiveMinimum: 1 } },
      },
    ],
  ])("has %s in the form of 2020-12, without a loss", (_name, schema, expected) => {
    expect(rewrite(schema as Record<string, unknown>)).toEqual({ modern: expected, dropped: [] });
  });

  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ["minimum", { minimum: "5" }, {}],
    ["maxLength", { maxLength: 1.5 }, {}],
    ["minItems", { minItems: -1 }, {}],
    ["multipleOf", { multipleOf: 0 }, {}],
    ["maximum", { maximum: Number.POSITIVE_INFINITY }, {}],
    ["exclusiveMaximum", { exclusiveMaximum: true }, {}],
    ["type", { type: "tuple" }, {}],
    ["type", { type: [{ type: "string" }, "number"] }, { type: ["number"] }],
    ["required", { required: "a" }, {}],
    ["required", { required: ["a", 1] }, { required: ["a"] }],
    ["properties", { properties: ["a"] }, {}],
    ["properties", { properties: { a: "string" } }, { properties: { a: {} } }],
    ["anyOf", { anyOf: { type: "string" } }, {}],
    ["oneOf", { oneOf: [] }, {}],
    ["items", { items: "string" }, {}],
    ["additionalProperties", { additionalProperties: "no" }, {}],
    ["enum", { enum: "a" }, {}],
    ["uniqueItems", { uniqueItems: "true" }, {}],
    ["description", { description: ["a"] }, {}],
    ["$ref", { $ref: { a: 1 } }, {}],
    ["pattern", { pattern: 1 }, {}],
    ["dependentRequired", { dependentRequired: { a: "b" } }, {}],
  ])("loses %s with a value of the wrong kind, and says so: %j", (keyword, schema, expected) => {
    const rewritten = rewrite(schema);
    // A list of one is the same as its member.
    expect(rewritten.modern).toEqual(expected);
    expect(rewritten.dropped).toEqual([keyword]);
    expect(rewrite({ items: { anyOf: [schema] } }).dropped).toEqual([keyword]);
  });
});

test("a schema of draft 2020-12 comes back as the same object", () => {
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: { a: { type: ["string", "null"], pattern: "^a", default: null }, b: { $ref: "#/$defs/B" } },
    required: ["a"],
    additionalProperties: false,
    $defs: { B: { type: "array", prefixItems: [{ type: "integer", exclusiveMinimum: 0 }], items: false } },
    "x-own": { anything: null },
  };
  expect(toModernSchema(schema, () => expect.unreachable())).toBe(schema);
});
