import { describe, expect, test } from "vitest";
import { toGeminiSchema } from "#core/providers/compatible/google-schema.ts";

const rewrite = (schema: Record<string, unknown>) => {
  const dropped = new Set<string>();
  return { schema: toGeminiSchema(schema, (keyword) => dropped.add(keyword)), dropped: [...dropped] };
};

describe("a JSON Schema in Gemini's subset", () => {
  test("has its references in place, not lost", () => {
    const place = { type: "object", properties: { city: { type: "string" } } };
    expect(
      rewrite({
        type: "object",
        properties: { from: { $ref: "#/$defs/Place" }, to: { $ref: "#/definitions/Place", description: "where to" } },
        $defs: { Place: place },
        definitions: { Place: place },
      }),
    ).toEqual({
      schema: { type: "object", properties: { from: place, to: { ...place, description: "where to" } } },
      dropped: [],
    });
  });

  test("tells what it had to drop", () => {
    const { schema, dropped } = rewrite({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      additionalProperties: false,
      properties: { when: { type: "string", format: "email" }, n: { type: "integer", exclusiveMinimum: 0 } },
    });
    expect(schema).toEqual({ type: "object", properties: { when: { type: "string" }, n: { type: "integer" } } });
    expect(dropped.sort()).toEqual(["$schema", "additionalProperties", "exclusiveMinimum", "format"]);
  });

  test("ends a schema that holds itself, and one that unfolds without end", () => {
    const tree = { type: "object", properties: { left: { $ref: "#" }, right: { $ref: "#" } } };
    expect(rewrite(tree)).toMatchObject({ dropped: ["$ref"] });
    const $defs = Object.fromEntries(
      Array.from({ length: 30 }, (_, index) => [
        `d${index}`,
        { type: "object", properties: { a: { $ref: `#/$defs/d${index + 1}` }, b: { $ref: `#/$defs/d${index + 1}` } } },
      ]),
    );
    const { schema, dropped } = rewrite({ $ref: "#/$defs/d0", $defs });
    expect(dropped).toContain("$ref");
    expect(JSON.stringify(schema).length).toBeLessThan(1_000_000);
  });

  test.each([
    [{ const: "a" }, { type: "string", enum: ["a"] }],
    [{ const: 5 }, { type: "number" }],
    [{ type: ["string", "null"] }, { type: "string", nullable: true }],
    [{ type: ["string", "integer"] }, { anyOf: [{ type: "string" }, { type: "integer" }] }],
    [{ oneOf: [{ type: "string" }, { type: "integer" }] }, { anyOf: [{ type: "string" }, { type: "integer" }] }],
    [{ anyOf: [{ type: "string", minLength: 1 }, { type: "null" }] }, { type: "string", minLength: 1, nullable: true }],
    [
      {
        allOf: [
          { type: "object", properties: { a: {} }, required: ["a"] },
          { properties: { b: {} }, required: ["b"] },
        ],
      },
      { type: "object", properties: { a: {}, b: {} }, required: ["a", "b"] },
    ],
    [{ type: "integer", enum: [1, 2] }, { type: "integer" }],
    [
      { type: "array", items: { type: "string" } },
      { type: "array", items: { type: "string" } },
    ],
    [
      { type: "object", properties: { type: { type: "string" } } },
      { type: "object", properties: { type: { type: "string" } } },
    ],
  ])("%j becomes %j", (schema, expected) => {
    expect(rewrite(schema).schema).toEqual(expected);
  });

  test.each<[string, object, object, readonly string[]]>([
    // Whatever lets an array in has items.
    ["array", { type: "array" }, { type: "array", items: {} }, []],
    [
      "array in an array",
      { type: "array", items: { type: "array" } },
      { type: "array", items: { type: "array", items: {} } },
      [],
    ],
    ["array or null", { type: ["array", "null"] }, { type: "array", items: {}, nullable: true }, []],
    [
      "array or text",
      { type: ["array", "string"], minItems: 1, minLength: 2 },
      {
        anyOf: [
          { type: "array", minItems: 1, items: {} },
          { type: "string", minLength: 2 },
        ],
      },
      [],
    ],
    ["array of anything", { type: "array", items: true }, { type: "array", items: {} }, []],
    ["array of null", { type: "array", items: null }, { type: "array", items: {} }, []],
    [
      "array in a choice",
      { anyOf: [{ type: "array" }, { type: "null" }] },
      { type: "array", items: {}, nullable: true },
      [],
    ],
    [
      "array of many",
      { oneOf: [{ type: "array" }, { type: "string" }] },
      {
        anyOf: [{ type: "array", items: {} }, { type: "string" }],
      },
      [],
    ],
    ["array in parts", { allOf: [{ type: "array" }, { minItems: 1 }] }, { type: "array", minItems: 1, items: {} }, []],
    [
      "tuple",
      { type: "array", items: [{ type: "string" }, { type: "number" }] },
      {
        type: "array",
        items: { anyOf: [{ type: "string" }, { type: "number" }] },
      },
      ["prefixItems"],
    ],
    [
      "tuple of one kind",
      { prefixItems: [{ type: "string" }, { type: "string" }] },
      {
        type: "array",
        items: { type: "string" },
      },
      [],
    ],
    ["list as a constant", { const: [1] }, { type: "array", items: {} }, ["enum"]],
    ["items without a type", { items: { type: "string" } }, { type: "array", items: { type: "string" } }, []],
    ["minItems without a type", { minItems: 1 }, { type: "array", minItems: 1, items: {} }, []],
    // Required names are properties of their own node.
    [
      "undefined name",
      { properties: { a: {} }, required: ["a", "z"] },
      {
        type: "object",
        properties: { a: {} },
        required: ["a"],
      },
      ["required"],
    ],
    ["names without properties", { type: "object", required: ["a"] }, { type: "object" }, ["required"]],
    [
      "required null",
      { type: "object", properties: { a: {} }, required: null },
      { type: "object", properties: { a: {} } },
      [],
    ],
    [
      "names that another part defines",
      {
        type: "object",
        allOf: [{ properties: { a: { type: "string" } } }, { required: ["a"] }],
      },
      { type: "object", properties: { a: { type: "string" } }, required: ["a"] },
      [],
    ],
    [
      "branches of names only",
      {
        properties: { a: {}, b: {} },
        anyOf: [{ required: ["a"] }, { required: ["b"] }],
      },
      { type: "object", properties: { a: {}, b: {} } },
      ["required", "anyOf"],
    ],
    [
      "one branch of names only",
      {
        type: "object",
        properties: { a: {} },
        oneOf: [{ required: ["a"] }, { type: "object", properties: { b: {} }, required: ["b"] }],
      },
      { type: "object", properties: { a: {} }, anyOf: [{ type: "object", properties: { b: {} }, required: ["b"] }] },
      ["required", "oneOf"],
    ],
    [
      "branches that cannot be kept",
      { type: "object", anyOf: [{ not: { type: "string" } }, { if: {} }] },
      {
        type: "object",
      },
      ["not", "if", "anyOf"],
    ],
    ["a branch for anything", { type: "string", anyOf: [{}, { minLength: 2 }] }, { type: "string" }, []],
    ["an empty choice", { type: "string", anyOf: [] }, { type: "string" }, ["anyOf"]],
    // A type is inferred, and each keyword stands on its own type.
    [
      "properties without a type",
      { properties: { a: { properties: { b: { type: "string" } } } } },
      {
        type: "object",
        properties: { a: { type: "object", properties: { b: { type: "string" } } } },
      },
      [],
    ],
    [
      "properties on a text",
      { type: "string", properties: { a: {} }, required: ["a"] },
      { type: "string" },
      ["properties", "required"],
    ],
    [
      "object or null",
      { type: ["object", "null"], properties: { a: {} }, required: ["a"] },
      {
        type: "object",
        properties: { a: {} },
        required: ["a"],
        nullable: true,
      },
      [],
    ],
    ["limits without a type", { minimum: 1 }, { type: "number", minimum: 1 }, []],
    ["object without members", { type: "object", properties: {} }, { type: "object" }, []],
    [
      "choice next to properties",
      {
        properties: { a: { type: "string" } },
        anyOf: [{ properties: { b: { type: "string" } } }],
      },
      { type: "object", properties: { a: { type: "string" }, b: { type: "string" } } },
      [],
    ],
    ["enum of numbers as text", { type: "integer", enum: ["1"] }, { type: "integer" }, ["enum"]],
    ["enum with an empty text", { enum: ["", "a"] }, { type: "string", enum: ["a"] }, ["enum"]],
    ["anchor", { $ref: "#a", $defs: { A: { $anchor: "a", type: "string" } } }, { type: "string" }, ["$anchor"]],
    ["anchor that is nowhere", { $ref: "#gone" }, { type: "object" }, ["$ref"]],
    [
      "pointer through a list",
      { anyOf: [{ type: "string" }, { $ref: "#/anyOf/0" }] },
      {
        anyOf: [{ type: "string" }, { type: "string" }],
      },
      [],
    ],
    ["name that is not allowed", { properties: { a: false, b: true } }, { type: "object", properties: { b: {} } }, []],
  ])("keeps Google's rules: %s", (_name, schema, expected, dropped) => {
    expect(rewrite(schema as Record<string, unknown>)).toEqual({ schema: expected, dropped });
    // And deeper down.
    const deep = {
      type: "object",
      properties: { x: { type: "array", items: schema } },
      $defs: (schema as { $defs?: object }).$defs,
    };
    if (!JSON.stringify(schema).includes('"#/anyOf')) {
      expect(rewrite(JSON.parse(JSON.stringify(deep)))).toEqual({
        schema: { type: "object", properties: { x: { type: "array", items: expected } } },
        dropped,
      });
    }
  });
});
