import { describe, expect, test } from "vitest";
import { toRequest } from "#core/providers/anthropic/to-request.ts";
import { isJsonObject } from "#infra/local/providers/json.ts";
import { chatRequest } from "./support.ts";

type Schema = Record<string, unknown>;

const sent = (parameters: Schema, strict?: boolean) => {
  const definition = { name: "f", description: "Does f.", parameters, ...(strict === undefined ? {} : { strict }) };
  const { body, warnings } = toRequest(chatRequest({ tools: [{ type: "function", function: definition }] }), {
    model: "claude-sonnet-4-5",
    byok: false,
  });
  const tool = body.tools?.[0] as { input_schema: Schema; description?: string; strict?: boolean };
  return { schema: tool.input_schema, description: tool.description ?? "", strict: tool.strict, warnings };
};

const text = { type: "string" };
const kind = (name: string, others: Schema) => ({
  type: "object",
  properties: { kind: { const: name }, ...others },
  required: ["kind", ...Object.keys(others)],
  additionalProperties: false,
});

describe("a tool with a choice at the root of its schema", () => {
  const branches = { properties: { a: text, b: text }, anyOf: [{ required: ["a"] }, { required: ["b"] }] };

  test.each([
    ["plain", undefined],
    ["strict", true],
  ])("is a plain object, and the choice is told in words and in a warning (%s)", (_name, strict) => {
    const { schema, description, warnings } = sent({ type: "object", ...branches }, strict);
    expect(schema).toMatchObject({ type: "object", properties: { a: text, b: text } });
    for (const keyword of ["anyOf", "oneOf", "allOf", "$ref"]) expect(schema).not.toHaveProperty(keyword);
    expect(description).toBe(
      "Does f.\n\nThe arguments must match at least one of these: (1) required: a; (2) required: b.",
    );
    expect(warnings).toEqual(["tools.parameters.anyOf"]);
  });

  test("has the properties of all branches, and the required names that all share", () => {
    const union = {
      oneOf: [kind("circle", { radius: { type: "number" } }), kind("square", { side: { type: "number" } })],
    };
    for (const parameters of [union, { type: "object", ...union }]) {
      const { schema, description, warnings } = sent(parameters);
      expect(schema).toEqual({
        type: "object",
        properties: {
          kind: { enum: ["circle", "square"] },
          radius: { type: "number" },
          side: { type: "number" },
        },
        required: ["kind"],
      });
      expect(description).toContain('exactly one of these: (1) required: kind = "circle", radius; (2)');
      expect(warnings).toEqual(["tools.parameters.oneOf"]);
    }
  });

  test("resolves branches that are references, to definitions and to each other", () => {
    const { schema, warnings } = sent({
      anyOf: [
        { $ref: "#/$defs/A" },
        { type: "object", properties: { again: { $ref: "#/anyOf/1/properties/b" }, b: text } },
      ],
      $defs: { A: { type: "object", properties: { a: text } } },
    });
    expect(schema).toMatchObject({
      type: "object",
      properties: { a: text, b: text, again: { $ref: "#/$defs/anyOf_1/properties/b" } },
      $defs: { anyOf_1: { properties: { b: text } } },
    });
    expect(warnings).toEqual(["tools.parameters.anyOf"]);
  });

  test("merges allOf, which loses nothing", () => {
    const parameters = {
      type: "object",
      allOf: [{ properties: { a: text }, required: ["a"] }, { $ref: "#/definitions/B" }],
      definitions: { B: { properties: { b: text } } },
    };
    expect(sent(parameters)).toMatchObject({
      schema: { type: "object", properties: { a: text, b: text }, required: ["a"] },
      description: "Does f.",
      warnings: [],
    });
  });

  test("ends for a schema that chooses itself", () => {
    const endless = { type: "object", anyOf: [{ $ref: "#" }, { $ref: "#/$defs/A" }], $defs: {} as Schema };
    endless.$defs = { A: { allOf: [{ $ref: "#/$defs/A" }, { $ref: "#/$defs/A" }], anyOf: [{ $ref: "#/$defs/A" }] } };
    expect(sent(endless).schema).toMatchObject({ type: "object" });
    for (const keyword of ["oneOf", "anyOf", "allOf"]) {
      expect(sent({ type: "object", $ref: "#", [keyword]: [{ $ref: "#" }] }).schema).toMatchObject({ type: "object" });
    }
  });
});

describe("a tool's schema of an older draft", () => {
  test("leaves in the form of 2020-12", () => {
    const { schema, warnings } = sent({
      $schema: "http://json-schema.org/draft-04/schema#",
      type: "object",
      properties: { at: { type: "array", items: [text, { type: "number", minimum: 0, exclusiveMinimum: true }] } },
    });
    expect(schema).toEqual({
      type: "object",
      properties: { at: { type: "array", prefixItems: [text, { type: "number", minimum: 0, exclusiveMinimum: 0 }] } },
    });
    expect(warnings).toEqual([]);
  });

  test("names what could not be kept", () => {
    expect(sent({ type: "object", properties: { n: { type: "number", minimum: "0" } } }).warnings).toEqual([
      "tools.parameters.minimum",
    ]);
  });
});

test("a strict tool whose schema holds itself is not constrained, with a warning: no grammar can be made of it", () => {
  const parameters = { type: "object", properties: { child: { $ref: "#" } } };
  const { schema, strict, warnings } = sent(parameters, true);
  expect({ schema, strict, warnings }).toEqual({ schema: parameters, strict: undefined, warnings: ["tools.strict"] });
});

describe("a strict schema", () => {
  test("is held to properties that stand without a type", () => {
    const { schema } = sent({ properties: { a: { properties: { b: text }, required: ["b"] } } }, true);
    expect(schema).toEqual({
      type: "object",
      properties: { a: { type: "object", properties: { b: text }, required: ["b"], additionalProperties: false } },
      additionalProperties: false,
    });
  });

  test("can be fulfilled where a choice stands next to properties, or a name is required without one", () => {
    const inner = {
      type: "object",
      properties: { a: text },
      required: ["z"],
      anyOf: [{ required: ["a"] }, { properties: { b: text } }],
    };
    const { properties } = sent({ type: "object", properties: { inner } }, true).schema;
    const choice = isJsonObject(properties) ? properties.inner : undefined;
    expect(choice).toEqual({
      anyOf: [
        {
          type: "object",
          properties: { a: text },
          required: ["a"],
          additionalProperties: false,
          description: '{required: ["z"]}',
        },
        {
          type: "object",
          properties: { a: text, b: text },
          additionalProperties: false,
          description: '{required: ["z"]}',
        },
      ],
    });
  });
});
