import { isRecord, type JsonRecord } from "#core/values/records.ts";

const maxBranches = 20;
const maxCharacters = 400;

const shortened = (text: string): string => (text.length <= maxCharacters ? text : `${text.slice(0, maxCharacters)}…`);

const namesOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((name) => typeof name === "string") : [];

const isFixed = (schema: unknown): schema is JsonRecord =>
  isRecord(schema) && ("const" in schema || (Array.isArray(schema.enum) && schema.enum.length === 1));

const fixedTo = (schema: JsonRecord): string =>
  JSON.stringify("const" in schema ? schema.const : (schema.enum as readonly unknown[])[0]);

/** A branch by what tells it from the others: its fixed values and its required names, or all of it. */
const describe = (branch: JsonRecord): string => {
  const properties = isRecord(branch.properties) ? branch.properties : {};
  const required = new Set(namesOf(branch.required));
  const others = Object.keys(properties).filter((name) => !required.has(name));
  const fixed = others.filter((name) => isFixed(properties[name]));
  const said = [...required, ...fixed].map((name) => {
    const schema = properties[name];
    return isFixed(schema) ? `${name} = ${fixedTo(schema)}` : name;
  });
  const optional = others.filter((name) => !isFixed(properties[name]));
  if (said.length > 0) {
    return shortened(
      `required: ${said.join(", ")}${optional.length === 0 ? "" : `; optional: ${optional.join(", ")}`}`,
    );
  }
  const { $defs: _, definitions: __, ...rest } = branch;
  return shortened(JSON.stringify(rest));
};

/** A choice that the schema cannot hold, in words for the model. */
export const describeBranches = (keyword: "anyOf" | "oneOf", branches: readonly JsonRecord[]): string => {
  const shown = branches.slice(0, maxBranches).map((branch, index) => `(${index + 1}) ${describe(branch)}`);
  const more = branches.length > maxBranches ? `; and ${branches.length - maxBranches} more` : "";
  const count = keyword === "anyOf" ? "at least one" : "exactly one";
  return `The arguments must match ${count} of these: ${shown.join("; ")}${more}.`;
};
