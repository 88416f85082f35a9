import { join } from "node:path";
import { App, DefaultStackSynthesizer, type IStackSynthesizer, type Stack } from "aws-cdk-lib";
import { shorten, toLines } from "./shorten.ts";
import { AlarmsStack, DashboardsStack } from "./stack.ts";

/** The committed templates: SST deploys these files and needs no CDK. */
export const operatorsTemplateFiles = {
  alarms: join(import.meta.dirname, "template.json"),
  dashboards: join(import.meta.dirname, "dashboards-template.json"),
} as const;

export type OperatorsTemplate = keyof typeof operatorsTemplateFiles;

/** An app with the stacks in it, for the templates and for the tests that look into them. */
export const createOperatorsApp = (): { readonly app: App; readonly stacks: Record<OperatorsTemplate, Stack> } => {
  const app = new App({
    analyticsReporting: false,
    treeMetadata: false,
    // What the CDK's own check of the template finds is an error, not a warning.
    context: { "@aws-cdk/core:validateAgainstDefaultRules": true },
  });
  // Deployed without a CDK bootstrap, by CloudFormation alone.
  const synthesizer = () => new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }) as IStackSynthesizer;
  const alarms = new AlarmsStack(app, "Operators", {
    description: "Alarms of the Concurred gateway",
    synthesizer: synthesizer(),
  });
  const dashboards = new DashboardsStack(app, "OperatorsDashboards", {
    description: "Dashboards and saved queries of the Concurred gateway",
    synthesizer: synthesizer(),
  });
  return { app, stacks: { alarms, dashboards } };
};

/** The templates as JSON text. Throws when one is not valid CloudFormation: the CDK checks it without AWS. */
export const synthOperators = (): Readonly<Record<OperatorsTemplate, string>> => {
  const { app, stacks } = createOperatorsApp();
  const assembly = app.synth();
  const textOf = ({ artifactId }: Stack): string => {
    const { template } = assembly.getStackArtifact(artifactId) as { template: Parameters<typeof shorten>[0] };
    return toLines(shorten(template));
  };
  return { alarms: textOf(stacks.alarms), dashboards: textOf(stacks.dashboards) };
};
