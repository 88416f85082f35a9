import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The operators' stack is written by the CDK (`npm run operator -- synth-operators`) and committed; nothing here imports the CDK. */
const templatePath = "infra/operators/template.json";

interface Template {
  readonly Parameters?: Readonly<Record<string, { readonly Default?: unknown }>>;
}

/** What the template may ask for, by parameter name. */
export type OperatorParameters = Readonly<Record<string, $util.Input<string>>>;

/**
 * Deploys the operators' dashboards and alarms, if their template is there. It is given the parameters that it declares.
 * Throws an Error for a declared parameter that has neither a value here nor a default there.
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
