import { describe, expect, it } from "vitest";
import { resolveEmbeddingModel } from "#core/catalog/resolve-embedding.ts";
import { toEmbeddingBody } from "#core/embeddings/to-request.ts";
import { toSchemaSubset } from "#core/providers/anthropic/schema-subset.ts";
import { toGeminiSchema } from "#core/providers/compatible/google-schema.ts";
import { toPlainObject } from "#core/providers/schema/plain-object.ts";
import { canonicalJson } from "#core/values/canonical-json.ts";
import { schemaFault } from "#core/values/json-schema.ts";

/** Small JSON that becomes large or slow: schemas of tools whose references unfold. What is done is counted, not timed. */

/** A schema object that counts how often it is looked at. */
const counting = (schema: Readonly<Record<string, unknown>>) => {
  let looks = 0;
  const proxy = new Proxy(schema, {
    get: (target, name, receiver) => {
      if (name === "$ref") looks += 1;
      return Reflect.get(target, name, receiver) as unknown;
    },
  });
  return { proxy, looks: () => looks };
};

const mostLooks = 500_000;

describe("a strict tool's schema", () => {
  it.each<[string, Readonly<Record<string, unknown>>, unknown]>([
    ["refers to itself twice", { allOf: [{ $ref: "#" }, { $ref: "#" }] }, 1],
    ["has no form that fits, each of which refers back", { anyOf: [{ $ref: "#" }, { $ref: "#" }], type: "string" }, 1],
    ["counts forms that refer back", { oneOf: [{ $ref: "#" }, { $ref: "#" }, { $ref: "#" }] }, 1],
    ["negates itself", { not: { allOf: [{ $ref: "#" }, { $ref: "#" }] } }, 1],
    [
      "doubles with each level of the value",
      { properties: { a: { $ref: "#" } }, anyOf: [{ $ref: "#" }, { $ref: "#" }] },
      JSON.parse(`${'{"a":'.repeat(30)}1${"}".repeat(30)}`),
    ],
  ])("that %s is judged in bounded work", (_name, schema, value) => {
    const { proxy, looks } = counting(schema);
    schemaFault(value, proxy, "x");
    expect(looks()).toBeLessThan(mostLooks);
  });

  it("that asks for unique items is judged in bounded work", () => {
    let compared = 0;
    const item = () => ({
      get a() {
        compared += 1;
        return {};
      },
    });
    schemaFault(Array.from({ length: 3_000 }, item), { uniqueItems: true }, "x");
    expect(compared).toBeLessThan(mostLooks);
    expect(schemaFault([1, 2, 3, 1], { uniqueItems: true }, "x")).toBe("x[3] is there twice");
  });
});

const gemini = (schema: Record<string, unknown>): number =>
  JSON.stringify(toGeminiSchema(schema, () => undefined)).length;

const mostCharacters = 20_000_000;

describe("a schema on its way to Gemini, which takes no references", () => {
  it.each<[string, Record<string, unknown>]>([
    ["a long list", { type: "string", enum: Array.from({ length: 20_000 }, (_, index) => `value ${index}`) }],
    ["a long description", { type: "string", description: "x".repeat(1_000_000) }],
    ["a large default", { type: "string", default: "x".repeat(1_000_000) }],
  ])("stays small though %s is referred to thousands of times", (_name, a) => {
    const properties = Object.fromEntries(
      Array.from({ length: 4_900 }, (_, index) => [`p${index}`, { $ref: "#/$defs/a" }]),
    );
    expect(gemini({ type: "object", properties, $defs: { a } })).toBeLessThan(mostCharacters);
  });

  it("stays small though one definition has a thousand names", () => {
    const properties = Object.fromEntries(
      Array.from({ length: 4_900 }, (_, index) => [`p${index}`, { $ref: `#${index}/$defs/a` }]),
    );
    const a = { type: "string", description: "x".repeat(100_000) };
    expect(gemini({ type: "object", properties, $defs: { a } })).toBeLessThan(mostCharacters);
  });

  it("merges thousands of parts, each with what it asks for", () => {
    const allOf = Array.from({ length: 2_000 }, (_, index) => ({
      properties: { [`p${index}`]: { type: "string" } },
      required: [`p${index}`],
    }));
    const merged = toGeminiSchema({ type: "object", allOf }, () => undefined);
    expect(Object.keys(merged.properties as object)).toHaveLength(2_000);
    expect(merged.required).toHaveLength(2_000);
  });

  it("looks for an anchor once, not for each of thousands of references", () => {
    const properties = Object.fromEntries(
      Array.from({ length: 4_900 }, (_, index) => [`p${index}`, { $ref: `#gone${index}` }]),
    );
    expect(gemini({ type: "object", properties })).toBeLessThan(mostCharacters);
  });

  it.each(["#/constructor", "#/__proto__", "#/toString", "#/$defs/constructor/prototype"])(
    "finds nothing of an object's own machinery under %s",
    ($ref) => {
      const dropped: string[] = [];
      expect(toGeminiSchema({ properties: { a: { $ref } }, $defs: {} }, (name) => dropped.push(name))).toEqual({
        type: "object",
        properties: { a: { type: "object" } },
      });
      expect(dropped).toEqual(["$ref"]);
    },
  );
});

describe("many fields that a provider does not take", () => {
  it("are named in work that grows with them only: the square of these would end by the test's own time", () => {
    const fields = Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`f${index}`, 0]));
    const request = { ...fields, model: "gemini-embedding-2", input: "x" };
    const { warnings } = toEmbeddingBody(request, resolveEmbeddingModel("gemini-embedding-2"));
    expect(warnings).toHaveLength(200_000);
  });
});

describe("nesting as deep as a body may be", () => {
  /** Each form with the levels that one of its steps has. */
  it.each([
    ['{"items":', "}", 1],
    ['{"properties":{"a":', "}}", 2],
    ['{"anyOf":[', "]}", 2],
  ])("is rewritten for a provider, judged and named without an overflow: %s", (open, close, levels) => {
    const steps = Math.floor(990 / levels);
    const schema = JSON.parse(`${open.repeat(steps)}{}${close.repeat(steps)}`) as Record<string, unknown>;
    for (const work of [toSchemaSubset, gemini, canonicalJson]) expect(() => work(schema)).not.toThrow();
    expect(() => schemaFault(schema, schema, "x")).not.toThrow();
  });
});

describe("a schema on its way to Claude, whose tools have no choice at their root", () => {
  const wide = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`p${index}`, { type: "string" }]));
  const names = Object.keys(wide);

  it.each<[string, Record<string, unknown>]>([
    ["thousands of branches", { anyOf: names.map((name) => ({ required: [name] })) }],
    [
      "wide branches",
      {
        oneOf: [
          { properties: wide, required: names },
          { properties: wide, required: names },
        ],
      },
    ],
    [
      "many parts of one definition",
      { allOf: names.map(() => ({ $ref: "#/$defs/a" })), $defs: { a: { properties: wide } } },
    ],
    [
      "branches that double",
      {
        anyOf: [{ $ref: "#/$defs/d0" }],
        $defs: Object.fromEntries(
          Array.from({ length: 40 }, (_, index) => [
            `d${index}`,
            {
              anyOf: [{ $ref: `#/$defs/d${index + 1}` }, { $ref: `#/$defs/d${index + 1}` }],
              allOf: [{ $ref: `#/$defs/d${index + 1}` }],
            },
          ]),
        ),
      },
    ],
    ["names that nothing describes", { required: names }],
    [
      "choices next to properties, in each other",
      Array.from({ length: 40 }).reduce<Record<string, unknown>>(
        (inner) => ({
          type: "object",
          properties: { a: inner },
          anyOf: [{ required: ["a"] }, { properties: { b: {} } }],
        }),
        {},
      ),
    ],
  ])("stays small with %s, also as a strict one", (_name, schema) => {
    const { schema: plain } = toPlainObject({ type: "object", ...schema });
    expect(JSON.stringify(toSchemaSubset(plain)).length).toBeLessThan(mostCharacters);
  });
});
