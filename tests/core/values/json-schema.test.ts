import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { schemaFault } from "#core/values/json-schema.ts";
import { fc, runs } from "#tests/support/property.ts";

const fault = (schema: unknown, value: unknown) => schemaFault(value, schema, "x");

describe("a value that breaks its schema", () => {
  test.each<[unknown, unknown, string]>([
    [{ type: "string" }, 5, "x must be string"],
    [{ type: ["string", "null"] }, 5, "x must be string or null"],
    [{ type: "integer" }, 1.5, "x must be integer"],
    [{ type: "number" }, "1", "x must be number"],
    [{ type: "object", required: ["a"] }, {}, "x.a is missing"],
    [
      { type: "object", properties: { a: { type: "array", items: { type: "string" } } } },
      { a: ["b", 1] },
      "x.a[1] must be string",
    ],
    [
      { type: "object", properties: {}, additionalProperties: false },
      { secret: 1 },
      "x has a property that is not allowed",
    ],
    [{ type: "object", additionalProperties: { type: "string" } }, { a: 1 }, "x.a must be string"],
    [{ enum: ["a", "b"] }, "c", "x must be one of the allowed values"],
    [{ const: { a: [1] } }, { a: [2] }, "x must be the one allowed value"],
    [{ anyOf: [{ type: "string" }, { type: "null" }] }, 5, "x matches none of its forms"],
    [{ oneOf: [{ type: "number" }, { type: "integer" }] }, 5, "x must match exactly one of its forms"],
    [{ not: { type: "null" } }, null, "x has a form that is not allowed"],
    [{ minimum: 2 }, 1, "x is out of range"],
    [{ exclusiveMaximum: 2 }, 2, "x is out of range"],
    [{ multipleOf: 0.1 }, 0.25, "x is not a multiple of 0.1"],
    [{ minLength: 2 }, "a", "x is too short"],
    [{ maxItems: 1 }, [1, 2], "x is too long"],
    [{ uniqueItems: true }, [{ a: 1 }, { a: 1 }], "x[1] is there twice"],
    [{ prefixItems: [{ type: "string" }], items: false }, ["a", 1], "x[1] is not allowed"],
    [{ $ref: "#/$defs/a", $defs: { a: { type: "string" } } }, 5, "x must be string"],
    [false, 1, "x is not allowed"],
  ])("%j with %j: %s", (schema, value, expected) => {
    expect(fault(schema, value)).toBe(expected);
  });

  test("is named without anything of the value", () => {
    expect(fault({ type: "object", additionalProperties: false }, { "my secret": 1 })).not.toContain("secret");
  });

  test.each<[unknown, unknown]>([
    [{ multipleOf: 0.1 }, 0.3],
    [{ maxLength: 2 }, "🙂🙂"],
    [{ $ref: "#" }, 5],
    [{ properties: { constructor: { type: "string" } } }, {}],
    [{}, null],
    [true, 1],
  ])("%j takes %j", (schema, value) => {
    expect(fault(schema, value)).toBeUndefined();
  });

  test("a schema that leads in circles ends", () => {
    const tree = { type: "object", properties: { next: { $ref: "#" } }, required: ["next"] };
    const deep: Record<string, unknown> = {};
    let last = deep;
    for (let depth = 0; depth < 1_000; depth++) {
      const next = {};
      last.next = next;
      last = next;
    }
    expect(fault(tree, deep)).toBeUndefined();
  });
});

describe("beside Ajv, for any schema of these keywords and any value", () => {
  const primitive = fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.integer({ min: -5, max: 5 }),
    fc.constantFrom("", "a", "bb"),
  );
  const name = fc.constantFrom("a", "b", "c");
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      primitive,
      fc.array(tie("value"), { maxLength: 3 }),
      // Ajv calls `valueOf` of what it compares.
      fc.dictionary(name, tie("value"), { maxKeys: 3, noNullPrototype: true }),
    ),
  }));
  const { schema } = fc.letrec<{ schema: unknown }>((tie) => ({
    schema: fc.oneof(
      { depthSize: "small" },
      fc.boolean(),
      fc.record({ type: fc.constantFrom("string", "number", "integer", "boolean", "null", "array", "object") }),
      fc.record({ enum: fc.uniqueArray(primitive, { minLength: 1, maxLength: 3 }) }),
      fc.record({ minimum: fc.integer({ min: -3, max: 0 }), maximum: fc.integer({ min: 0, max: 3 }) }),
      fc.record({ minLength: fc.constant(1), maxItems: fc.constant(2), minProperties: fc.constant(1) }),
      fc.record({ anyOf: fc.array(tie("schema"), { minLength: 1, maxLength: 2 }) }),
      fc.record({ oneOf: fc.array(tie("schema"), { minLength: 1, maxLength: 2 }) }),
      fc.record({ allOf: fc.array(tie("schema"), { minLength: 1, maxLength: 2 }), not: tie("schema") }),
      fc.record({ items: tie("schema"), uniqueItems: fc.boolean() }),
      fc.record({
        properties: fc.dictionary(name, tie("schema"), { maxKeys: 2 }),
        required: fc.uniqueArray(name, { maxLength: 2 }),
        additionalProperties: tie("schema"),
      }),
    ),
  }));

  test("the verdict is the same", () => {
    const ajv = new Ajv2020({ strict: false, logger: false });
    fc.assert(
      fc.property(schema, fc.array(value, { minLength: 10, maxLength: 10 }), (someSchema, values) => {
        const judge = ajv.compile(someSchema as object);
        for (const someValue of values) expect(fault(someSchema, someValue) === undefined).toBe(judge(someValue));
      }),
      { numRuns: runs(100) },
    );
  });
});
