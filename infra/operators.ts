import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Written by the CDK (`npm run operator -- synth-operators`) and committed, so that a deploy needs no CDK. */
const templates = {
  alarms: "infra/operators/template.json",
  dashboards: "infra/operators/dashboards-template.json",
} as const;

interface Template {
  readonly Parameters?: Readonly<Record<string, { readonly Default?: unknown }>>;
}

/** Values for the templates' parameters, by name. */
export type OperatorParameters = Readonly<Record<string, $util.Input<string>>>;

interface Wanted {
  /** Of the stack in CloudFormation. */
  readonly name: string;
  readonly templatePath: string;
  readonly after?: aws.cloudformation.Stack | undefined;
}

/**
 * Deploys a template if it exists, with the parameters that it declares.
 * Throws an Error for a declared parameter without a value or a default.
 */
const createStack = (
  resource: string,
  { name, templatePath, after }: Wanted,
  parameters: OperatorParameters,
): aws.cloudformation.Stack | undefined => {
  const file = join($cli.paths.root, templatePath);
  if (!existsSync(file)) return undefined;
  const templateBody = readFileSync(file, "utf8");
  const { Parameters: declared = {} } = JSON.parse(templateBody) as Template;
  const given: Record<string, $util.Input<string>> = {};
  for (const [parameter, { Default: fallback }] of Object.entries(declared)) {
    const value = parameters[parameter];
    if (value !== undefined) given[parameter] = value;
    else if (fallback === undefined)
      throw new Error(`${templatePath} asks for ${parameter}, which infra/deploy.ts does not give`);
  }
  return new aws.cloudformation.Stack(
    resource,
    { name, templateBody, parameters: given },
    after === undefined ? {} : { dependsOn: [after] },
  );
};

/**
 * Deploys the operators' alarms, then their dashboards. In this order also on a stage whose first stack has the dashboards as
 * well: that gives them up before the second one makes them under the same names.
 */
export const createOperators = (parameters: OperatorParameters): void => {
  const name = `${$app.name}-${$app.stage}-operators`;
  const alarms = createStack("Operators", { name, templatePath: templates.alarms }, parameters);
  const dashboards = { name: `${name}-dashboards`, templatePath: templates.dashboards, after: alarms };
  createStack("OperatorsDashboards", dashboards, parameters);
};
