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
});
