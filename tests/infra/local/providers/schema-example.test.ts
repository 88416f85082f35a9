import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { describe, expect, test } from "vitest";
import { exampleOf } from "#infra/local/providers/schema-example.ts";

const ajv = new Ajv2020({ strict: false });
addFormats.default(ajv);

const object = (properties: object) => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

describe("a made-up JSON answer satisfies its schema", () => {
  test.each([
    [
      "plain types",
      object({ a: { type: "string" }, b: { type: "number" }, c: { type: "boolean" }, d: { type: "null" } }),
    ],
    [
      "sizes",
      object({
        a: { type: "string", minLength: 20 },
        b: { type: "string", maxLength: 3 },
        c: { type: "array", items: { type: "integer" }, minItems: 2 },
      }),
    ],
    [
      "ranges",
      object({
        a: { type: "integer", minimum: 7 },
        b: { type: "number", exclusiveMaximum: 0 },
        c: { type: "integer", exclusiveMinimum: 3, maximum: 4 },
        d: { type: "integer", multipleOf: 5, minimum: 1, maximum: 9 },
      }),
    ],
    [
      "enum, const and default",
      object({ a: { enum: ["x", "y"] }, b: { const: 3 }, c: { type: "string", default: "z" } }),
    ],
    [
      "formats",
      object({
        a: { type: "string", format: "date-time" },
        b: { type: "string", format: "email" },
        c: { type: "string", format: "uuid" },
      }),
    ],
    [
      "nullable types",
      object({ a: { type: ["null", "integer"] }, b: { anyOf: [{ type: "null" }, { type: "string" }] } }),
    ],
    [
      "references, also recursive ones",
      {
        $defs: {
          node: object({ name: { type: "string" }, next: { anyOf: [{ type: "null" }, { $ref: "#/$defs/node" }] } }),
        },
        ...object({ list: { type: "array", items: { $ref: "#/$defs/node" }, minItems: 1 } }),
      },
    ],
    [
      "allOf",
      {
        allOf: [
          { type: "object", properties: { a: { type: "string" } }, required: ["a"] },
          { properties: { b: { type: "integer" } }, required: ["b"] },
        ],
      },
    ],
    ["nested objects", object({ a: object({ b: object({ c: { type: "integer" } }) }) })],
  ])("%s", (_, schema) => {
    const validate = ajv.compile(schema);
    expect(validate(exampleOf(schema)), JSON.stringify(validate.errors)).toBe(true);
  });
});

test("choices without a number are all named, each once", () => {
  const items = { type: "string", enum: ["A", "B", "C"] };
  expect(exampleOf({ type: "array", items })).toEqual(["A", "B", "C"]);
  expect(exampleOf({ type: "array", items, maxItems: 2 })).toEqual(["A", "B"]);
  expect(exampleOf({ type: "array", items: { type: "string" } })).toEqual([]);
});
