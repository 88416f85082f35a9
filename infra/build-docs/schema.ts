import { escapeHtml } from "./html.ts";
import { renderInline } from "./markdown.ts";

/** JSON Schema as a table of fields, and as an example. */

export interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly description?: string | undefined;
  readonly additionalProperties?: Schema | boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly format?: string;
  readonly $ref?: string;
}

export type Components = Readonly<Record<string, Schema>>;

const resolve = (schema: Schema, components: Components): Schema => {
  const name = schema.$ref?.slice("#/components/schemas/".length);
  return name === undefined ? schema : { ...(components[name] ?? {}), description: schema.description };
};

const optionsOf = ({ anyOf, oneOf }: Schema): readonly Schema[] | undefined => anyOf ?? oneOf;

/** A type in a few words: `string`, `"a" | "b"`, `object[]`. */
const typeOf = (schema: Schema, components: Components, depth = 0): string => {
  const own = resolve(schema, components);
  if (own.const !== undefined) return JSON.stringify(own.const);
  if (own.enum !== undefined) return own.enum.map((value) => JSON.stringify(value)).join(" | ");
  const options = optionsOf(own);
  if (options !== undefined) {
    if (depth > 2) return "object";
    return [...new Set(options.map((option) => typeOf(option, components, depth + 1)))].join(" | ");
  }
  if (own.items !== undefined) {
    const item = typeOf(own.items, components, depth + 1);
    return item.includes(" | ") ? `(${item})[]` : `${item}[]`;
  }
  return typeof own.type === "string" ? own.type : (own.type?.join(" | ") ?? "any");
};

const boundsOf = ({ minimum, maximum, maxLength, format, default: preset }: Schema): string =>
  [
    ...(format === undefined ? [] : [format]),
    ...(minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? [] : [`from ${minimum}`]),
    ...(maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? [] : [`to ${maximum}`]),
    ...(maxLength === undefined ? [] : [`at most ${maxLength} characters`]),
    ...(preset === undefined ? [] : [`default ${JSON.stringify(preset)}`]),
  ].join(", ");

/** The object whose fields are shown below a field: its own, or those of an array's items. */
const innerOf = (schema: Schema, components: Components): Schema | undefined => {
  const own = resolve(schema, components);
  if (own.properties !== undefined) return own;
  if (own.items !== undefined) return innerOf(own.items, components);
  const objects = (optionsOf(own) ?? [])
    .map((option) => innerOf(option, components))
    .filter((each) => each !== undefined);
  return objects.length === 1 ? objects[0] : undefined;
};

const deepest = 2;

const rowsOf = (schema: Schema, components: Components, prefix = "", depth = 0): readonly string[] =>
  Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const own = resolve(field, components);
    const required = schema.required?.includes(name) === true ? ' <span class="required">required</span>' : "";
    const facts = [own.description, boundsOf(own)].filter((text) => text !== undefined && text !== "").join(". ");
    const row = `<tr><th scope="row"><code>${escapeHtml(prefix + name)}</code>${required}</th><td><code>${escapeHtml(typeOf(field, components))}</code></td><td>${renderInline(facts)}</td></tr>`;
    const inner = depth < deepest ? innerOf(field, components) : undefined;
    return [row, ...(inner === undefined ? [] : rowsOf(inner, components, `${prefix}${name}.`, depth + 1))];
  });

/** The fields of an object, nested ones below their parent; empty for what has none. */
export const schemaTable = (schema: Schema, components: Components, caption: string): string => {
  const inner = innerOf(schema, components);
  const rows = inner === undefined ? [] : rowsOf(inner, components);
  if (rows.length === 0) {
    const options = optionsOf(resolve(schema, components)) ?? [];
    return options.map((option) => schemaTable(option, components, caption)).join("");
  }
  return `<div class="scroll" tabindex="0" role="group" aria-label="${escapeHtml(caption)}"><table><thead><tr><th scope="col">Field</th><th scope="col">Type</th><th scope="col">Meaning</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
};
