import { isJsonObject, type JsonObject, objectOf, stringOf } from "./json.ts";
import { draftFault, schemaNodes } from "./json-schema-draft.ts";
import { ProviderRefusal } from "./refusal.ts";

/** What Anthropic refuses in a tool's schema and in the schema of an answer. Sources: its documentation and public threads. */

const refusal = (message: string): ProviderRefusal => new ProviderRefusal(400, message);

const combining = ["oneOf", "allOf", "anyOf"];

/** Keywords that constrained decoding does not know. */
const unsupported = [
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern"],
  ...["maxItems", "uniqueItems", "prefixItems", "contains", "oneOf", "not", "if", "then", "else", "patternProperties"],
];

const definitionOf = (root: JsonObject, reference: string): unknown =>
  reference === "#"
    ? root
    : reference
        .slice(2)
        .split("/")
        .reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], root);

/** Whether a schema holds itself over its references. */
const isRecursive = (root: JsonObject): boolean => {
  const done = new Set<string>();
  const leadsBack = (value: unknown, open: readonly string[]): boolean => {
    for (const [node] of schemaNodes(value, "")) {
      const reference = stringOf(node.$ref);
      if (reference === "" || done.has(reference)) continue;
      if (open.includes(reference)) return true;
      if (leadsBack(definitionOf(root, reference), [...open, reference])) return true;
      done.add(reference);
    }
    return false;
  };
  return leadsBack(root, []);
};

/** A schema that answers or calls are constrained to. */
export const checkConstrainedSchema = (schema: JsonObject, at: string): void => {
  if (isRecursive(schema)) throw refusal(`${at}: Recursive schemas are not supported.`);
  for (const [node, path] of schemaNodes(schema, at)) {
    if (node.type === "object" && node.additionalProperties !== false)
      throw refusal(`${path}: For 'object' type, 'additionalProperties' must be explicitly set to false`);
    const keyword = Object.keys(node).find((name) => unsupported.includes(name));
    if (keyword !== undefined) throw refusal(`${path}: '${keyword}' is not supported`);
    if (node.$ref !== undefined && definitionOf(schema, stringOf(node.$ref)) === undefined)
      throw refusal(`${path}: unresolvable $ref ${stringOf(node.$ref)}`);
    if (Array.isArray(node.enum) && node.enum.some((value) => typeof value === "object" && value !== null))
      throw refusal(`${path}.enum: complex types are not supported`);
    const required = Array.isArray(node.required) ? (node.required as readonly unknown[]) : [];
    const unknown = required.find((name) => !Object.hasOwn(objectOf(node.properties), String(name)));
    if (unknown !== undefined) throw refusal(`${path}.required: '${String(unknown)}' is not a property`);
  }
};

/** The schema of a tool. */
export const checkInputSchema = (schema: unknown, strict: boolean, at: string): void => {
  if (!isJsonObject(schema)) throw refusal(`${at}: Field required`);
  if (schema.type !== "object") throw refusal(`${at}.type: Input should be 'object'`);
  if (combining.some((keyword) => schema[keyword] !== undefined))
    throw refusal(`${at}: input_schema does not support oneOf, allOf, or anyOf at the top level`);
  const fault = draftFault(schema);
  if (fault !== undefined)
    throw refusal(`${at}: JSON schema is invalid. It must match JSON Schema draft 2020-12 (at ${fault}).`);
  if (strict) checkConstrainedSchema(schema, at);
};
