import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Written by the CDK (`npm run operator -- synth-operators`) and committed, so that a deploy needs no CDK. */
const templatePath = "infra/operators/template.json";

interface Template {
  readonly Parameters?: Readonly<Record<string, { readonly Default?: unknown }>>;
}

/** Values for the template's parameters, by name. */
export type OperatorParameters = Readonly<Record<string, $util.Input<string>>>;

/**
 * Deploys the operators' dashboards and alarms if the template exists, with the parameters that it declares.
 * Throws an Error for a declared parameter without a value or a default.
 */
export const createOperators = (parameters: OperatorParameters): aws.cloudformation.Stack | undefined => {
  const file = join($cli.paths.root, templatePath);
  if (!existsSync(file)) return undefined;
  const templateBody = readFileSync(file, "utf8");
  const { Parameters: declared = {} } = JSON.parse(templateBody) as Template;
  const given: Record<string, $util.Input<string>> = {};
  for (const [name, { Default: fallback }] of Object.entries(declared)) {
    const value = parameters[name];
    if (value !== undefined) given[name] = value;
    else if (fallback === undefined)
      throw new Error(`${templatePath} asks for ${name}, which infra/deploy.ts does not give`);
  }
  return new aws.cloudformation.Stack("Operators", {
    name: `${$app.name}-${$app.stage}-operators`,
    templateBody,
    parameters: given,
  });
};
