import { transformJSONSchema } from "@anthropic-ai/sdk/lib/transform-json-schema";
import { describe, expect, it } from "vitest";
import { toSchemaSubset } from "#core/providers/anthropic/schema-subset.ts";

const person = {
  $schema: "http://json-schema.org/draft-07/schema#",
  type: "object",
  title: "Person",
  description: "Someone",
  properties: {
    name: { type: "string", minLength: 1, pattern: "^[A-Z]" },
    mail: { type: "string", format: "email" },
    colour: { type: "string", format: "colour", description: "Hex" },
    age: { type: "integer", minimum: 0, maximum: 150 },
    kind: { type: "string", enum: ["a", "b", null] },
    fixed: { const: 1 },
    tags: { type: "array", items: { type: "object", properties: {} }, maxItems: 5, minItems: 2 },
    some: { type: "array", items: { type: "string" }, minItems: 1 },
    either: { oneOf: [{ type: "string" }, { type: "object", properties: { x: { type: "number" } } }] },
    friend: { $ref: "#/$defs/Friend" },
    map: { type: "object", additionalProperties: { type: "string" } },
  },
  required: ["name"],
  additionalProperties: true,
  $defs: { Friend: { type: "object", properties: { id: { type: "string", format: "uuid" } } } },
};

describe("the schema subset", () => {
  it("is what the helper of Anthropic's SDK makes of a schema that it takes", () => {
    expect(toSchemaSubset(person)).toEqual(transformJSONSchema(person as Parameters<typeof transformJSONSchema>[0]));
  });

  it("leaves the caller's schema as it was", () => {
    const before = structuredClone(person);
    toSchemaSubset(person);
    expect(person).toEqual(before);
  });

  it("splits lists of types, so that each keeps its own keywords", () => {
    expect(
      toSchemaSubset({ type: ["object", "null"], description: "D", properties: { a: { type: "string" } } }),
    ).toEqual({
      description: "D",
      anyOf: [{ type: "object", properties: { a: { type: "string" } }, additionalProperties: false }, { type: "null" }],
    });
  });

  it("keeps draft-07's definitions and the references to them", () => {
    expect(
      toSchemaSubset({
        $ref: "#/definitions/A",
        definitions: { A: { type: "array", items: { $ref: "#/definitions/A" } } },
      }),
    ).toEqual({ $ref: "#/$defs/A", $defs: { A: { type: "array", items: { $ref: "#/$defs/A" } } } });
  });

  it("does not fail on a schema without a type", () => {
    expect(toSchemaSubset({ description: "anything" })).toEqual({ description: "anything" });
  });

  it("keeps apart what both kinds of definitions name, and what no reference named", () => {
    const A = { type: "string" };
    expect(
      toSchemaSubset({
        type: "array",
        items: { anyOf: [{ $ref: "#/definitions/A" }, { $ref: "#/$defs/A" }, { $ref: "#/$defs/B" }] },
        definitions: { A: { $ref: "#/$defs/A" }, B: { $ref: "#/$defs/B" } },
        $defs: { A },
      }),
    ).toEqual({
      type: "array",
      items: { anyOf: [{ $ref: "#/$defs/definitions_A" }, { $ref: "#/$defs/A" }, {}] },
      $defs: { definitions_A: { $ref: "#/$defs/A" }, B: {}, A },
    });
  });

  describe("a reference to what the rewriting moves", () => {
    const text = { type: "string" };
    const properties = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`p${index}`, text]));
    const anyOf = Object.keys(properties).map((name) => ({ required: [name] }));

    it.each<[string, Record<string, unknown>, unknown]>([
      ["#/anyOf/0", { properties, anyOf }, { type: "object" }],
      ["#/oneOf/1", { properties: { a: text }, oneOf: [{ required: ["a"] }, { type: "array" }] }, { type: "array" }],
      [
        "#/properties/a/properties/b",
        { properties: { a: { type: ["object", "null"], properties: { b: text } } } },
        text,
      ],
      ["#/$defs/B/items/0", { $defs: { B: { items: [text] } } }, text],
      ["#there", { $defs: { B: { items: { $anchor: "there", ...text } } } }, text],
    ])("%s leads to a copy of it", ($ref, schema, target) => {
      const rewritten = toSchemaSubset({ ...schema, $defs: { ...(schema.$defs as object), A: { items: { $ref } } } });
      const { A, part_0 } = rewritten.$defs as Record<string, unknown>;
      expect(A).toMatchObject({ items: { $ref: "#/$defs/part_0" } });
      expect(part_0).toMatchObject(target as object);
    });

    it("leads to nothing where the copies would be too large", () => {
      const large = { type: "object", description: "x".repeat(600_000) };
      const both = { a: { $ref: "#/properties/c" }, b: { $ref: "#/properties/d" }, c: large, d: large };
      expect(toSchemaSubset({ properties: both }).properties).toMatchObject({ a: { $ref: "#/$defs/part_0" }, b: {} });
    });
  });

  it("has no choice that nothing matches", () => {
    expect(toSchemaSubset({ required: [], anyOf: [false] })).not.toHaveProperty("anyOf");
  });
});
