import { ArnFormat, CfnOutput, Fn, Stack, type StackProps } from "aws-cdk-lib";
import { Alarm, type IAlarm } from "aws-cdk-lib/aws-cloudwatch";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { CfnQueryDefinition } from "aws-cdk-lib/aws-logs";
import { Topic } from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import { composites } from "./alarms.ts";
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

/** The alarms of one stage, and the topic that they speak on. It makes nothing that the gateway itself needs. */
export class AlarmsStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const names = new StackNames(this);
    const topic = addTopic(this);
    addAlarms(this, names, new StackMetrics(names, { labelled: false }), topic);
    new CfnOutput(this, "AlarmTopic", { value: topic.topicArn, description: "Subscribe to hear the alarms" });
  }
}

/** The composite alarms of the other stack, by their names: a stack that imports from another cannot be updated alone. */
const compositesByName = (stack: Stack, names: StackNames): readonly IAlarm[] =>
  composites.map(({ id }) =>
    Alarm.fromAlarmArn(
      stack,
      `Shown-${id}`,
      stack.formatArn({
        service: "cloudwatch",
        resource: "alarm",
        resourceName: names.named(id),
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
    ),
  );

/** The dashboards and saved queries of one stage: a stack of their own, since CloudFormation takes 51,200 bytes of each. */
export class DashboardsStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const names = new StackNames(this);
    const logs = new LogGroups(names);
    addDashboards(this, { names, metrics: new StackMetrics(names), logs, alarms: compositesByName(this, names) });
    for (const { id: query, title, source, text } of queries) {
      new CfnQueryDefinition(this, `Query${query}`, {
        name: Fn.join("/", ["concurred", names.stage, title]),
        queryString: text,
        logGroupNames: logs.namesOf(source),
      });
    }
  }
}
