import { readFileSync } from "node:fs";
import { Validations } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { AwsSolutionsChecks, NIST80053R5Checks } from "cdk-nag";
import { describe, expect, it, vi } from "vitest";
import { backgroundFunctions, catchAll, routes } from "#core/routes.ts";
import { type TableId, tables } from "#core/tables.ts";
import { logGroupKinds } from "#infra/log-groups.ts";
import { alarms, composites } from "#infra/operators/alarms.ts";
import { queries } from "#infra/operators/queries.ts";
import { createOperatorsApp, operatorsTemplateFiles, synthOperators } from "#infra/operators/synth.ts";
import { withMoreRoutes } from "../more-routes.ts";

interface CloudFormation {
  readonly Parameters: Readonly<Record<string, { readonly Type: string; readonly Default?: unknown }>>;
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties?: unknown }>>;
}

const committed = {
  alarms: readFileSync(operatorsTemplateFiles.alarms, "utf8"),
  dashboards: readFileSync(operatorsTemplateFiles.dashboards, "utf8"),
};
const [alarmsTemplate, dashboardsTemplate] = [committed.alarms, committed.dashboards].map(
  (text) => JSON.parse(text) as CloudFormation,
) as [CloudFormation, CloudFormation];
const everyFunction = [...routes, catchAll, ...backgroundFunctions].map(({ id }) => id);

/** What CloudFormation takes as a text. Source: CloudFormation user guide, "Quotas". A fifth stays free for what comes. */
const maxBytes = 51_200;
const roomShare = 0.2;
/** Of one Logs Insights query. Source: CloudWatch Logs user guide, "CloudWatch Logs quotas". */
const maxLogGroups = 50;

/** Names that infra/deploy.ts gives, whatever the template asks for. */
const givenParameters = new Set<string>([
  ...["StageName", "ApiName", "AccessLogGroupName", "EncryptionKeyId", "FirewallName"],
  ...everyFunction.map((id) => `${id}FunctionName`),
  ...backgroundFunctions.filter(({ trigger }) => "stream" in trigger).map(({ id }) => `${id}DeadLettersName`),
  ...(Object.keys(tables) as TableId[]).map((id) => `${tables[id].resource}Name`),
]);

const resources = { ...alarmsTemplate.Resources, ...dashboardsTemplate.Resources };
const ofType = (type: string) => Object.values(resources).filter(({ Type }) => Type === type);

describe("the operators' templates", () => {
  it("are those that the code makes (npm run operator -- synth-operators writes them)", () => {
    expect(committed).toEqual(synthOperators());
  });

  it.each(Object.entries(committed))("%s: fits into one call of CloudFormation, and leaves room", (_name, text) => {
    expect(Buffer.byteLength(text)).toBeLessThan(maxBytes * (1 - roomShare));
  });

  it("have room for ten more alarms, or another dashboard", () => {
    const bytesOf = (type: string) => ofType(type).map((resource) => Buffer.byteLength(JSON.stringify(resource)));
    const left = ({ length }: Buffer) => maxBytes - length;
    expect(left(Buffer.from(committed.alarms))).toBeGreaterThan(10 * Math.max(...bytesOf("AWS::CloudWatch::Alarm")));
    const dashboard = Math.max(...bytesOf("AWS::CloudWatch::Dashboard"));
    expect(left(Buffer.from(committed.dashboards))).toBeGreaterThan(dashboard);
  });

  it("give resources to one stack each, and the older one keeps its alarms and topic under their ids", () => {
    const ids = [alarmsTemplate, dashboardsTemplate].flatMap(({ Resources }) => Object.keys(Resources));
    expect(new Set(ids).size).toBe(ids.length);
    expect(Object.keys(alarmsTemplate.Resources)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^Alarms[0-9A-F]{8}$/), expect.stringMatching(/^ErrorRate/)]),
    );
  });

  it.each([alarmsTemplate, dashboardsTemplate])(
    "ask for no name that the deployment does not give, and for none in vain",
    (template) => {
      const body = JSON.stringify(template.Resources);
      for (const name of Object.keys(template.Parameters)) {
        expect([name, givenParameters.has(name)]).toEqual([name, true]);
        expect([name, body.includes(`"Ref":"${name}"`) || body.includes(`\${${name}}`)]).toEqual([name, true]);
      }
      expect(template.Parameters).not.toHaveProperty("BootstrapVersion");
    },
  );

  it("hold nothing that costs a secret or a right: dashboards, alarms, queries and one topic", () => {
    const types = new Set(Object.values(resources).map(({ Type }) => Type));
    expect([...types].sort()).toEqual([
      "AWS::CloudWatch::Alarm",
      "AWS::CloudWatch::CompositeAlarm",
      "AWS::CloudWatch::Dashboard",
      "AWS::Logs::QueryDefinition",
      "AWS::SNS::Topic",
      "AWS::SNS::TopicPolicy",
    ]);
    expect(ofType("AWS::CloudWatch::Dashboard")).toHaveLength(2);
    expect(ofType("AWS::CloudWatch::Alarm")).toHaveLength(alarms.length);
    expect(ofType("AWS::CloudWatch::CompositeAlarm")).toHaveLength(composites.length);
    expect(ofType("AWS::Logs::QueryDefinition")).toHaveLength(queries.length);
  });

  it("has dashboards whose bodies are JSON once the names are filled in", () => {
    for (const { Properties } of ofType("AWS::CloudWatch::Dashboard")) {
      const { DashboardBody: body } = Properties as { DashboardBody: { "Fn::Sub": string } };
      const filled = body["Fn::Sub"].replaceAll(/\$\{(?!!)[^}]+\}/g, "x").replaceAll("${!", "${");
      const { widgets } = JSON.parse(filled) as { widgets: readonly { readonly type: string }[] };
      expect(widgets.length).toBeGreaterThan(10);
    }
  });

  it("reads no more log groups in a query than CloudWatch allows, and every kind's in a look-up of a request", () => {
    for (const { Properties } of ofType("AWS::Logs::QueryDefinition")) {
      const { LogGroupNames: names } = Properties as { LogGroupNames: readonly unknown[] };
      expect(names.length).toBeLessThanOrEqual(maxLogGroups);
    }
    expect(resources.QueryOneRequest?.Properties).toMatchObject({
      LogGroupNames: logGroupKinds.map((kind) => ({ "Fn::Sub": `/concurred/\${StageName}/${kind}` })),
    });
  });

  it("does not grow with the route table: with sixty routes more it is the same", async () => {
    vi.resetModules();
    vi.doMock("#core/routes.ts", async (importActual) => {
      const actual = await importActual<typeof import("#core/routes.ts")>();
      return { ...actual, routes: withMoreRoutes(60) };
    });
    try {
      const again = await import("#infra/operators/synth.ts");
      const { routes: mocked } = await import("#core/routes.ts");
      expect(mocked.length).toBe(routes.length + 60);
      expect(again.synthOperators()).toEqual(committed);
    } finally {
      vi.doUnmock("#core/routes.ts");
      vi.resetModules();
    }
  });
});

describe("the stack of alarms", () => {
  const { stacks } = createOperatorsApp();
  const made = Template.fromStack(stacks.alarms);

  it("tells an alarm to people through its composite only, and when it is over", () => {
    for (const { Properties } of Object.values(made.findResources("AWS::CloudWatch::Alarm"))) {
      expect(Properties).not.toHaveProperty("AlarmActions");
    }
    for (const { Properties } of Object.values(made.findResources("AWS::CloudWatch::CompositeAlarm"))) {
      expect(Properties).toMatchObject({
        AlarmActions: [{ Ref: expect.stringMatching(/^Alarms/) }],
        OKActions: [{ Ref: expect.stringMatching(/^Alarms/) }],
      });
    }
  });

  it("lets CloudWatch of this account publish, over TLS, and nobody else", () => {
    made.hasResourceProperties("AWS::SNS::TopicPolicy", {
      PolicyDocument: {
        Statement: [
          Match.objectLike({ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } }),
          Match.objectLike({
            Effect: "Allow",
            Action: "sns:Publish",
            Principal: { Service: "cloudwatch.amazonaws.com" },
            Condition: { StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } } },
          }),
        ],
      },
    });
  });

  it("detects an unusual cost on one plain metric: detection cannot learn from a query", () => {
    made.hasResourceProperties("AWS::CloudWatch::Alarm", {
      ComparisonOperator: "GreaterThanUpperThreshold",
      ThresholdMetricId: "expr_1",
      Metrics: [
        Match.objectLike({ Id: "expr_1", Expression: Match.stringLikeRegexp("^ANOMALY_DETECTION_BAND\\(m0, 4\\)$") }),
        Match.objectLike({
          Id: "m0",
          MetricStat: {
            Metric: {
              Namespace: "Concurred",
              MetricName: "CostMicroUsd",
              Dimensions: [
                { Name: "service", Value: "concurred" },
                { Name: "stage", Value: { Ref: "StageName" } },
              ],
            },
            Period: 3_600,
            Stat: "Sum",
          },
        }),
      ],
    });
  });

  it("watches the sweeper, whose silence is a fault", () => {
    made.hasResourceProperties("AWS::CloudWatch::Alarm", {
      Namespace: "AWS/Lambda",
      MetricName: "Invocations",
      Dimensions: [{ Name: "FunctionName", Value: { Ref: "SweepUsageFunctionName" } }],
      ComparisonOperator: "LessThanThreshold",
      TreatMissingData: "breaching",
    });
  });
});

describe("cdk-nag", () => {
  it("finds nothing against AWS's good practice or NIST 800-53 but what is explained here", () => {
    const { app, stacks } = createOperatorsApp();
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new NIST80053R5Checks(app));
    Validations.of(stacks.alarms).acknowledge(
      {
        id: "NIST.800.53.R5-CloudWatchAlarmAction",
        reason: "Composite alarms act for the alarms that they are made of: a fault is one message.",
      },
      {
        id: "NIST.800.53.R5-SNSEncryptedKMS",
        reason: "Messages hold names of alarms and numbers. CloudWatch cannot publish under AWS's key for SNS.",
      },
    );
    expect(() => app.synth()).not.toThrow();
  });

  it("would find a fault: the same check without the explanations fails", () => {
    const { app } = createOperatorsApp();
    Validations.of(app).addPlugins(new NIST80053R5Checks(app));
    expect(() => app.synth()).toThrow();
  });
});
