import { join } from "node:path";
import { App, DefaultStackSynthesizer, type IStackSynthesizer } from "aws-cdk-lib";
import { shorten, toLines } from "./shorten.ts";
import { OperatorsStack } from "./stack.ts";

/** The committed template: SST deploys this file and needs no CDK. */
export const operatorsTemplateFile = join(import.meta.dirname, "template.json");

/** An app with the stack in it, for the template and for the tests that look into it. */
export const createOperatorsApp = (): { readonly app: App; readonly stack: OperatorsStack } => {
  const app = new App({
    analyticsReporting: false,
    treeMetadata: false,
    // What the CDK's own check of the template finds is an error, not a warning.
    context: { "@aws-cdk/core:validateAgainstDefaultRules": true },
  });
  const stack = new OperatorsStack(app, "Operators", {
    description: "Dashboards, alarms and saved queries of the Concurred gateway",
    // It is deployed without a CDK bootstrap, by CloudFormation alone.
    synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }) as IStackSynthesizer,
  });
  return { app, stack };
};

/** The template as JSON text. Throws when it is not valid CloudFormation: the CDK checks it without AWS. */
export const synthOperators = (): string => {
  const { app, stack } = createOperatorsApp();
  const { template } = app.synth().getStackArtifact(stack.artifactId) as { template: Parameters<typeof shorten>[0] };
  return toLines(shorten(template));
};
