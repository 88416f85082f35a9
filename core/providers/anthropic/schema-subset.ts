import { isRecord } from "#core/values/is-record.ts";

type Schema = Record<string, unknown>;

/** Formats that Anthropic's constrained decoding knows, as its SDK 1.12 lists them. */
const knownFormats: ReadonlySet<unknown> = new Set([
  "date-time",
  "time",
  "date",
  "duration",
  "email",
  "hostname",
  "uri",
  "ipv4",
  "ipv6",
  "uuid",
]);

const isPrimitive = (value: unknown): boolean => value === null || typeof value !== "object";
const isPrimitiveList = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every(isPrimitive);

const rewriteAll = (schemas: Schema): Schema =>
  Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, rewrite(schema)]));

/** draft-07's `definitions` is 2019-09's `$defs`, which is what Anthropic takes. */
const renameReference = (reference: unknown): unknown =>
  typeof reference === "string" ? reference.replace(/^#\/definitions\//, "#/$defs/") : reference;

/** `type: ["string", "null"]` as a choice of schemas with one type each; null takes none of the other keywords. */
const splitTypes = (schema: Schema, types: readonly unknown[]): Schema => {
  const { type: _types, description, title, $defs, definitions, ...rest } = schema;
  return {
    ...(description === undefined ? {} : { description }),
    ...(title === undefined ? {} : { title }),
    ...($defs === undefined ? {} : { $defs }),
    ...(definitions === undefined ? {} : { definitions }),
    anyOf: types.map((type) => (type === "null" ? { type } : { ...rest, type })),
  };
};

/** Moves the shape keywords of the schema's type into `kept`; what stays in `rest` has no counterpart. */
const keepTypeKeywords = (type: unknown, rest: Schema, kept: Schema): void => {
  const take = (key: string): unknown => {
    const value = rest[key];
    delete rest[key];
    return value;
  };
  if (type === "object") {
    const properties = take("properties");
    kept.properties = isRecord(properties) ? rewriteAll(properties) : {};
    take("additionalProperties");
    kept.additionalProperties = false;
    if (rest.required !== undefined) kept.required = take("required");
  } else if (type === "string") {
    if (knownFormats.has(rest.format)) kept.format = take("format");
  } else if (type === "array") {
    if (rest.items !== undefined) kept.items = rewrite(take("items"));
    if (rest.minItems === 0 || rest.minItems === 1) kept.minItems = take("minItems");
  }
};

/** Constraints that decoding cannot hold are told to the model in words instead. */
const describe = (description: unknown, rest: Schema): string | undefined => {
  const notes = Object.entries(rest).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  const said = typeof description === "string" && description !== "" ? description : undefined;
  if (notes.length === 0) return said;
  return `${said === undefined ? "" : `${said}\n\n`}{${notes.join(", ")}}`;
};

const rewrite = (input: unknown): unknown => {
  if (!isRecord(input)) return input;
  const schema = Array.isArray(input.type) && input.enum === undefined ? splitTypes(input, input.type) : input;
  const {
    $defs,
    definitions,
    $ref,
    $schema: _dialect,
    anyOf,
    oneOf,
    allOf,
    type,
    description,
    title,
    ...rest
  } = schema;
  const kept: Schema = {};
  const shared = { ...(isRecord(definitions) ? definitions : {}), ...(isRecord($defs) ? $defs : {}) };
  if (Object.keys(shared).length > 0) kept.$defs = rewriteAll(shared);
  if ($ref !== undefined) return { ...kept, $ref: renameReference($ref) };
  if (isPrimitiveList(rest.enum)) {
    kept.enum = rest.enum;
    delete rest.enum;
  }
  if (rest.const !== undefined && isPrimitive(rest.const)) {
    kept.const = rest.const;
    delete rest.const;
  }
  const choices = anyOf ?? oneOf;
  const literal = kept.enum !== undefined || kept.const !== undefined;
  if (Array.isArray(choices)) kept.anyOf = choices.map(rewrite);
  else if (Array.isArray(allOf)) kept.allOf = allOf.map(rewrite);
  else if (!literal && type !== undefined) kept.type = type;
  if (title !== undefined) kept.title = title;
  if (!literal) keepTypeKeywords(type, rest, kept);
  const words = describe(description, rest);
  if (words !== undefined) kept.description = words;
  return kept;
};

/**
 * A JSON Schema in the subset that `output_config.format` and strict tools take: objects closed, `oneOf` as `anyOf`,
 * unknown formats and limits moved into the description. Does what the helper of Anthropic's SDK does, and more where
 * that would lose or refuse something: lists of types, `definitions`, schemas without a type.
 */
export const toSchemaSubset = (schema: Readonly<Schema>): Schema => rewrite(schema) as Schema;

/** Whether a schema asks for objects with free keys, which the subset cannot express: it closes them. */
export const hasOpenMap = (schema: unknown): boolean => {
  if (Array.isArray(schema)) return schema.some(hasOpenMap);
  if (!isRecord(schema)) return false;
  const extra = schema.additionalProperties;
  return extra === true || isRecord(extra) || Object.values(schema).some(hasOpenMap);
};
