import { CfnOutput, Fn, Stack, type StackProps } from "aws-cdk-lib";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { CfnQueryDefinition } from "aws-cdk-lib/aws-logs";
import { Topic } from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import { queries } from "./queries.ts";
import { addAlarms } from "./stack-alarms.ts";
import { addDashboards } from "./stack-dashboards.ts";
import { LogGroups } from "./stack-log-groups.ts";
import { StackMetrics } from "./stack-metrics.ts";
import { StackNames } from "./stack-names.ts";

const addTopic = (stack: Stack): Topic => {
  // Messages hold an alarm's name, text and numbers; CloudWatch could not write to a topic under AWS's own KMS key.
  const topic = new Topic(stack, "Alarms", { enforceSSL: true });
  topic.addToResourcePolicy(
    new PolicyStatement({
      sid: "CloudWatchOfThisAccount",
      principals: [new ServicePrincipal("cloudwatch.amazonaws.com")],
      actions: ["sns:Publish"],
      resources: [topic.topicArn],
      conditions: { StringEquals: { "aws:SourceAccount": stack.account } },
    }),
  );
  return topic;
};

/** Dashboards, alarms and saved queries for one stage. It makes nothing that the gateway itself needs. */
export class OperatorsStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const names = new StackNames(this);
    const logs = new LogGroups(names);
    const topic = addTopic(this);
    const alarms = addAlarms(this, names, new StackMetrics(names, { labelled: false }), topic);
    addDashboards(this, { names, metrics: new StackMetrics(names), logs, alarms });
    for (const { id: query, title, source, text } of queries) {
      new CfnQueryDefinition(this, `Query${query}`, {
        name: Fn.join("/", ["concurred", names.stage, title]),
        queryString: text,
        logGroupNames: logs.namesOf(source),
      });
    }
    new CfnOutput(this, "AlarmTopic", { value: topic.topicArn, description: "Subscribe to hear the alarms" });
  }
}
