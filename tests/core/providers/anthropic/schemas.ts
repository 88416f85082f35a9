import { readFileSync } from "node:fs";
import { Ajv, type ValidateFunction } from "ajv";
import { contract } from "#tests/support/contracts.ts";

type SchemaName = "MessageRequest" | "MessageResponse" | "StreamEvent";

const pathOf = (name: SchemaName): string | undefined => contract(`anthropic-sdk-1.12.0.${name}.schema.json`);

/** Whether the JSON Schemas made of the SDK's types are at hand. */
export const hasSchemas = pathOf("MessageRequest") !== undefined;

/** A validator by one of them. */
export const schemaValidator = (name: SchemaName): ValidateFunction => {
  const path = pathOf(name);
  if (path === undefined) throw new Error(`The schema of ${name} is not at hand`);
  return new Ajv({ strict: false, validateFormats: false }).compile(JSON.parse(readFileSync(path, "utf8")));
};
