import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Engine, RegoEngine, TemplateFile } from "@aws/cloudformation-validate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findRuleFaults, unknownActions } from "#infra/mocked/aws-rules.ts";
import { type CloudFormationTemplate, toCloudFormation } from "#infra/mocked/cloudformation.ts";
import { runProgram } from "#infra/mocked/run-program.ts";
import { operatorsTemplateFiles } from "#infra/operators/synth.ts";
import { missingPlatform, suiteName } from "./platform.ts";

/** AWS's own validator and our rules over everything that a stage deploys. */

const timeoutMs = 240_000;
const root = join(import.meta.dirname, "../../..");

let engine: Engine;
let folder: string;

beforeAll(async () => {
  engine = new RegoEngine();
  folder = await mkdtemp(join(tmpdir(), "concurred-template-"));
}, timeoutMs);

afterAll(async () => {
  engine.free();
  await rm(folder, { recursive: true, force: true });
});

/** Advice for hand-written templates: this one has the values that a deployment would fill in. */
const hardCodedValues = ["W9002", "W9013"];

const validate = (file: string): readonly string[] =>
  engine
    .validateStandard(new TemplateFile(file), { severityLevel: "WARN", exclude: { ids: hardCodedValues } })
    .diagnostics.map(({ ruleId, message, entity, propertyPath }) =>
      [ruleId, entity?.logicalId, propertyPath, message].join(" "),
    );

const faultsOf = async (template: CloudFormationTemplate): Promise<readonly string[]> => {
  const file = join(folder, "template.json");
  await writeFile(file, JSON.stringify(template, null, 1));
  return [...validate(file), ...(await findRuleFaults(template))];
};

type Properties = Record<string, unknown>;

/** The template with a fault in each resource of a type. */
const withFault = (
  template: CloudFormationTemplate,
  type: string,
  change: (properties: Properties) => void,
): CloudFormationTemplate => {
  const changed = Object.entries(template.Resources)
    .filter(([, { Type }]) => Type === type)
    .map(([id, resource]) => {
      const copy = structuredClone(resource) as { Type: string; Properties: Properties };
      change(copy.Properties);
      return [id, copy] as const;
    });
  if (changed.length === 0) throw new Error(`The stage has no ${type}`);
  return { Resources: Object.fromEntries(changed.slice(0, 2)) };
};

type Fault = readonly [what: string, type: string, change: (properties: Properties) => void];

const faults: readonly Fault[] = [
  ["memory below Lambda's least", "AWS::Lambda::Function", (function_) => Object.assign(function_, { MemorySize: 64 })],
  ["a timeout beyond Lambda's longest", "AWS::Lambda::Function", (each) => Object.assign(each, { Timeout: 1_000 })],
  ["a runtime that does not exist", "AWS::Lambda::Function", (each) => Object.assign(each, { Runtime: "nodejs25.y" })],
  ["an unknown architecture", "AWS::Lambda::Function", (each) => Object.assign(each, { Architectures: ["arm"] })],
  ["an unknown property", "AWS::Lambda::Function", (each) => Object.assign(each, { MaxConcurrency: 3 })],
  [
    "a log level that Lambda does not know",
    "AWS::Lambda::Function",
    (each) => Object.assign(each.LoggingConfig as object, { ApplicationLogLevel: "LOUD" }),
  ],
  [
    "a retention that CloudWatch does not offer",
    "AWS::Logs::LogGroup",
    (each) => Object.assign(each, { RetentionInDays: 91 }),
  ],
  [
    "a billing mode that does not exist",
    "AWS::DynamoDB::Table",
    (each) => Object.assign(each, { BillingMode: "ON_DEMAND" }),
  ],
  ["a table without its keys", "AWS::DynamoDB::Table", (each) => Reflect.deleteProperty(each, "KeySchema")],
  [
    "a firewall window that WAF does not offer",
    "AWS::WAFv2::WebACL",
    (each) => {
      const [rule] = each.Rules as { Statement: { RateBasedStatement: object } }[];
      Object.assign(rule?.Statement.RateBasedStatement ?? {}, { EvaluationWindowSec: 45 });
    },
  ],
  [
    "an event age below Lambda's least",
    "AWS::Lambda::EventInvokeConfig",
    (each) => Object.assign(each, { MaximumEventAgeInSeconds: 30 }),
  ],
  [
    "a batch beyond Lambda's largest",
    "AWS::Lambda::EventSourceMapping",
    (each) => Object.assign(each, { BatchSize: 20_000 }),
  ],
  ["a schedule in an unknown state", "AWS::Scheduler::Schedule", (each) => Object.assign(each, { State: "ON" })],
  ["a key whose window is too short", "AWS::KMS::Key", (each) => Object.assign(each, { PendingWindowInDays: 3 })],
  [
    "a buffered integration of 15 minutes",
    "AWS::ApiGateway::Method",
    (each) => Object.assign(each.Integration as object, { ResponseTransferMode: "BUFFERED", TimeoutInMillis: 900_000 }),
  ],
  [
    "a record age of a second",
    "AWS::Lambda::EventSourceMapping",
    (each) => Object.assign(each, { MaximumRecordAgeInSeconds: 1 }),
  ],
  [
    "a gateway response that API Gateway does not have",
    "AWS::ApiGateway::GatewayResponse",
    (each) => Object.assign(each, { ResponseType: "TOO_SLOW" }),
  ],
  [
    "an action that IAM does not have",
    "AWS::IAM::Role",
    (each) => {
      const [policy] = each.Policies as { PolicyDocument: { Statement: { Action: string[] }[] } }[];
      policy?.PolicyDocument.Statement[0]?.Action.push("dynamodb:TransactWriteItems");
    },
  ],
];

describe.skipIf(missingPlatform !== undefined)(suiteName("production as CloudFormation"), () => {
  let production: CloudFormationTemplate;

  beforeAll(async () => {
    production = toCloudFormation(
      await runProgram({ stage: "production", environment: { DOMAIN_NAME: "api.example.com" } }),
    );
  }, timeoutMs);

  it(
    "has no fault that AWS's schemas or our rules find",
    async () => {
      expect(await faultsOf(production)).toEqual([]);
    },
    timeoutMs,
  );

  it.each(faults)(
    "would not pass with %s",
    async (_what, type, change) => {
      expect(await faultsOf(withFault(production, type, change))).not.toEqual([]);
    },
    timeoutMs,
  );
});

describe("the operators' templates", () => {
  it.each(Object.entries(operatorsTemplateFiles))("%s: has no fault that AWS's schemas find", (_name, file) => {
    expect(validate(file)).toEqual([]);
  });

  it("would not pass with an alarm that compares in an unknown way", async () => {
    const text = await readFile(operatorsTemplateFiles.alarms, "utf8");
    const file = join(folder, "operators.json");
    await writeFile(file, text.replace("GreaterThanThreshold", "MoreThanThreshold"));
    expect(validate(file)).not.toEqual([]);
  });
});

describe("the deployer's policy in docs/operations/deployment.md", () => {
  const actionsOfPage = async (): Promise<readonly string[]> => {
    const page = await readFile(join(root, "docs/operations/deployment.md"), "utf8");
    const section = page.slice(page.indexOf("## Deployer permissions"));
    const [, json = ""] = /```json\n([\s\S]*?)```/.exec(section) ?? [];
    const { Statement } = JSON.parse(json) as { Statement: readonly { readonly Action: string | string[] }[] };
    return Statement.flatMap(({ Action }) => [Action].flat());
  };

  it("names actions that IAM knows", async () => {
    expect(await unknownActions(await actionsOfPage())).toEqual([]);
  });

  it("has what a deploy does beyond creating: it tags code objects, reads the quota and changes roles", async () => {
    const needed = ["s3:PutObjectTagging", "s3:GetObjectTagging", "servicequotas:GetServiceQuota"];
    expect(await actionsOfPage()).toEqual(expect.arrayContaining([...needed, "iam:UpdateRole", "iam:UntagRole"]));
  });
});
