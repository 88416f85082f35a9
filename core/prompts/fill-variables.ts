import { GatewayError } from "#core/errors.ts";

export type PromptVariables = Readonly<Record<string, string | number | boolean>>;

/** `{{name}}`, as Langfuse writes it: letters, digits and underscores. Anything else in braces is text. */
const variable = /\{\{[ \t]{0,8}([A-Za-z_]\w{0,199})[ \t]{0,8}\}\}/g;

/** Puts values in the place of variables, in one pass: a value that looks like a variable stays as it is. */
export const fillVariables = (template: string, variables: PromptVariables): string =>
  template.replace(variable, (written, name: string) =>
    Object.hasOwn(variables, name) ? String(variables[name]) : written,
  );

/** @throws GatewayError BAD_REQUEST that names every variable of the templates without a value. */
export const checkVariables = (templates: readonly string[], variables: PromptVariables): void => {
  const names = new Set(templates.flatMap((template) => [...template.matchAll(variable)].map(([, name = ""]) => name)));
  const missing = [...names].filter((name) => !Object.hasOwn(variables, name));
  const [first] = missing;
  if (first === undefined) return;
  throw new GatewayError(
    "BAD_REQUEST",
    `The prompt requires ${missing.length === 1 ? "a value" : "values"} for ${missing.join(", ").replace(/, ([^,]+)$/, " and $1")}.`,
    {
      param: `prompt_variables.${first}`,
      details: { missing },
    },
  );
};
