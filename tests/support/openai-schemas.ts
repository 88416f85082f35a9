import { readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { parse } from "yaml";
import { contract } from "./contracts.ts";

/** OpenAI's own schemas by name, for answers that must be OpenAI's whoever gave them. */

const path = contract("openai-openapi.yaml");
export const hasOpenAiSchemas = path !== undefined;

/** The document says `nullable` as OpenAPI 3.0 did, and has discriminators that are not Ajv's: made plain JSON Schema. */
const toJsonSchema = (node: unknown): void => {
  if (typeof node !== "object" || node === null) return;
  if (!Array.isArray(node)) {
    const schema = node as Record<string, unknown>;
    delete schema.discriminator;
    if (schema.nullable === true) {
      delete schema.nullable;
      if (typeof schema.type === "string") schema.type = [schema.type, "null"];
      if (Array.isArray(schema.enum)) schema.enum.push(null);
      for (const choices of [schema.anyOf, schema.oneOf]) if (Array.isArray(choices)) choices.push({ type: "null" });
      if (typeof schema.$ref === "string") {
        schema.anyOf = [{ $ref: schema.$ref }, { type: "null" }];
        delete schema.$ref;
      }
    }
  }
  for (const value of Object.values(node)) toJsonSchema(value);
};

let compiler: Ajv2020 | undefined;

const loaded = (): Ajv2020 => {
  if (compiler !== undefined) return compiler;
  const document = parse(readFileSync(path ?? "", "utf8"), { maxAliasCount: -1 }) as {
    readonly components: { readonly schemas: unknown };
  };
  toJsonSchema(document.components.schemas);
  compiler = new Ajv2020({ strict: false, validateFormats: false });
  compiler.addSchema({ $id: "openai", components: document.components });
  return compiler;
};

const validators = new Map<string, ValidateFunction>();

/** What is wrong with a value by one of OpenAI's schemas; undefined when it is valid. */
export const openAiFault = (schema: string, value: unknown): string | undefined => {
  const validate = validators.get(schema) ?? loaded().compile({ $ref: `openai#/components/schemas/${schema}` });
  validators.set(schema, validate);
  return validate(value) ? undefined : JSON.stringify(validate.errors?.slice(0, 4));
};
