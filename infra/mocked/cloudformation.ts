import type { MockedRun, Registration } from "./registration.ts";

/**
 * The resources of a run as a CloudFormation template, for a validator that knows AWS's own schemas. Pulumi's provider
 * names most properties as CloudFormation does, in camel case; the rest is spelled out here. Nothing is deployed this way.
 */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
type Properties = Readonly<Record<string, unknown>>;

export interface CloudFormationTemplate {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties: Properties }>>;
}

/** Maps whose keys are names of ours, not of properties. */
const dataMaps = new Set(["variables", "responseTemplates", "responseParameters"]);

/** Policy documents have names of their own, which are IAM's. */
const documents = new Set(["assumeRolePolicyDocument", "policyDocument", "keyPolicy"]);

const pascal = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

/** Camel case to Pascal case, all the way down; what is absent stays absent. */
const pascalised = (value: unknown, isData = false): unknown => {
  if (Array.isArray(value)) return value.map((each) => pascalised(each));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined && member !== null);
  return Object.fromEntries(
    entries.map(([name, member]) => [
      isData ? name : pascal(name),
      documents.has(name) ? member : pascalised(member, dataMaps.has(name)),
    ]),
  );
};

const parsed = (policy: unknown): unknown => {
  const document = JSON.parse(String(policy)) as { Statement: Record<string, unknown>[] };
  // SST's statements have conditions as a list, as its provider takes them; AWS takes nested objects.
  for (const statement of document.Statement) {
    const { Condition: conditions } = statement;
    if (!Array.isArray(conditions)) continue;
    const nested: Record<string, Record<string, unknown>> = {};
    for (const { test, variable, values } of conditions) nested[test] = { ...nested[test], [variable]: values };
    statement.Condition = nested;
  }
  return document;
};

const without = (inputs: Properties, ...names: readonly string[]): Properties =>
  Object.fromEntries(Object.entries(inputs).filter(([name]) => !names.includes(name)));

const renamed = (inputs: Properties, names: Readonly<Record<string, string>>): Properties =>
  Object.fromEntries(Object.entries(inputs).map(([name, value]) => [names[name] ?? name, value]));

const list = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];

interface IndexInput {
  readonly name: string;
  readonly hashKey: string;
  readonly rangeKey: string;
  readonly projectionType?: string;
}

const keySchema = (hashKey: unknown, rangeKey: unknown) => [
  { attributeName: hashKey, keyType: "HASH" },
  { attributeName: rangeKey, keyType: "RANGE" },
];

const table = (inputs: Properties): Properties => {
  const { serverSideEncryption, pointInTimeRecovery, ttl } = inputs as Record<string, Properties | undefined>;
  const indexes = list(inputs.globalSecondaryIndexes) as readonly IndexInput[];
  return {
    tableName: inputs.name,
    billingMode: inputs.billingMode,
    deletionProtectionEnabled: inputs.deletionProtectionEnabled,
    keySchema: keySchema(inputs.hashKey, inputs.rangeKey),
    attributeDefinitions: list(inputs.attributes).map((attribute) => {
      const { name, type } = attribute as { name: string; type: string };
      return { attributeName: name, attributeType: type };
    }),
    globalSecondaryIndexes: indexes.map(({ name, hashKey, rangeKey, projectionType = "ALL" }) => ({
      indexName: name,
      keySchema: keySchema(hashKey, rangeKey),
      projection: { projectionType },
    })),
    sSESpecification: {
      sSEEnabled: serverSideEncryption?.enabled,
      kMSMasterKeyId: serverSideEncryption?.kmsKeyArn,
      sSEType: "KMS",
    },
    pointInTimeRecoverySpecification: {
      pointInTimeRecoveryEnabled: pointInTimeRecovery?.enabled,
      recoveryPeriodInDays: pointInTimeRecovery?.recoveryPeriodInDays,
    },
    ...(inputs.streamEnabled === true ? { streamSpecification: { streamViewType: inputs.streamViewType } } : {}),
    ...(ttl === undefined ? {} : { timeToLiveSpecification: ttl }),
  };
};

const role = (inputs: Properties): Properties => ({
  roleName: String(inputs.name ?? "role").slice(0, 64),
  assumeRolePolicyDocument: parsed(inputs.assumeRolePolicy),
  policies: list(inputs.inlinePolicies).map((policy) => {
    const { name, policy: document } = policy as { name: string; policy: string };
    return { policyName: name, policyDocument: parsed(document) };
  }),
});

const endpoint = (inputs: Properties): Properties => ({
  ...inputs,
  endpointConfiguration: { types: list((inputs.endpointConfiguration as Properties | undefined)?.types) },
});

const webAcl = (inputs: Properties): Properties => ({
  ...inputs,
  customResponseBodies: Object.fromEntries(
    list(inputs.customResponseBodies).map((body) => {
      const { key, ...rest } = body as { key: string };
      return [key, rest];
    }),
  ),
});

/** The validator's names of WAF's properties that Pulumi spells otherwise. */
const wafNames = (text: string): string =>
  text
    .replaceAll('"CloudwatchMetricsEnabled"', '"CloudWatchMetricsEnabled"')
    .replaceAll('"ResponseHeaders"', '"ResponseHeaders"')
    .replaceAll('"Too-many-requests"', '"too-many-requests"');

const eventSource = (inputs: Properties): Properties => ({
  ...inputs,
  destinationConfig: {
    onFailure: {
      destination: (inputs.destinationConfig as { onFailure?: { destinationArn?: string } } | undefined)?.onFailure
        ?.destinationArn,
    },
  },
});

const lambdaFunction = (inputs: Properties): Properties => ({
  ...renamed(without(inputs, "s3Bucket", "s3Key", "publish", "packageType"), { name: "functionName" }),
  code: { s3Bucket: inputs.s3Bucket, s3Key: inputs.s3Key },
});

type Convert = (inputs: Properties, resource: Registration, run: MockedRun) => Properties;

const inputsOf = (run: MockedRun, type: string): readonly Properties[] =>
  run.resources.filter((resource) => resource.type === type).map(({ inputs }) => inputs);

/** A method with its integration: one resource in CloudFormation. */
const method: Convert = (inputs, _resource, run) => {
  const integration = inputsOf(run, "aws:apigateway/integration:Integration").find(
    ({ resourceId, httpMethod }) => resourceId === inputs.resourceId && httpMethod === inputs.httpMethod,
  );
  const { restApi, authorization, ...rest } = inputs;
  return {
    ...rest,
    restApiId: restApi,
    authorizationType: authorization,
    integration: renamed(without(integration ?? {}, "httpMethod", "resourceId", "restApi"), {
      timeoutMilliseconds: "timeoutInMillis",
    }),
  };
};

/** A stage with its method settings: one resource in CloudFormation. */
const stage: Convert = (inputs, _resource, run) => ({
  restApiId: inputs.restApi,
  deploymentId: inputs.deployment,
  stageName: inputs.stageName,
  tracingEnabled: inputs.xrayTracingEnabled,
  accessLogSetting: inputs.accessLogSettings,
  methodSettings: inputsOf(run, "aws:apigateway/methodSettings:MethodSettings").map(({ methodPath, settings }) => {
    const [path = "", verb = ""] = String(methodPath).split(/\/(?=[^/]*$)/);
    return { resourcePath: `/${path}`, httpMethod: verb, ...(settings as object) };
  }),
});

/** Type and properties by Pulumi's type. What has no entry here fails the conversion. */
const conversions: Readonly<Record<string, readonly [type: string, convert: Convert]>> = {
  "aws:acm/certificate:Certificate": ["AWS::CertificateManager::Certificate", (inputs) => inputs],
  "aws:apigateway/account:Account": ["AWS::ApiGateway::Account", (inputs) => inputs],
  "aws:apigateway/basePathMapping:BasePathMapping": [
    "AWS::ApiGateway::BasePathMapping",
    (inputs) => renamed(inputs, { restApi: "restApiId", stageName: "stage" }),
  ],
  "aws:apigateway/deployment:Deployment": ["AWS::ApiGateway::Deployment", ({ restApi }) => ({ restApiId: restApi })],
  "aws:apigateway/domainName:DomainName": ["AWS::ApiGateway::DomainName", endpoint],
  "aws:apigateway/method:Method": ["AWS::ApiGateway::Method", method],
  "aws:apigateway/resource:Resource": [
    "AWS::ApiGateway::Resource",
    (inputs) => renamed(inputs, { restApi: "restApiId" }),
  ],
  "aws:apigateway/response:Response": ["AWS::ApiGateway::GatewayResponse", (inputs) => inputs],
  "aws:apigateway/restApi:RestApi": ["AWS::ApiGateway::RestApi", endpoint],
  "aws:apigateway/stage:Stage": ["AWS::ApiGateway::Stage", stage],
  "aws:cloudwatch/logGroup:LogGroup": ["AWS::Logs::LogGroup", (inputs) => renamed(inputs, { name: "logGroupName" })],
  "aws:dynamodb/table:Table": ["AWS::DynamoDB::Table", table],
  "aws:iam/role:Role": ["AWS::IAM::Role", role],
  "aws:kms/alias:Alias": ["AWS::KMS::Alias", (inputs) => renamed(inputs, { name: "aliasName" })],
  "aws:kms/key:Key": [
    "AWS::KMS::Key",
    (inputs) => ({
      ...renamed(without(inputs, "policy"), { deletionWindowInDays: "pendingWindowInDays" }),
      keyPolicy: parsed(inputs.policy),
    }),
  ],
  "aws:lambda/eventSourceMapping:EventSourceMapping": ["AWS::Lambda::EventSourceMapping", eventSource],
  "aws:lambda/function:Function": ["AWS::Lambda::Function", lambdaFunction],
  "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": [
    "AWS::Lambda::EventInvokeConfig",
    (inputs) => ({ ...inputs, qualifier: "$LATEST" }),
  ],
  "aws:lambda/permission:Permission": [
    "AWS::Lambda::Permission",
    (inputs) => renamed(without(inputs, "qualifier"), { function: "functionName" }),
  ],
  "aws:scheduler/schedule:Schedule": ["AWS::Scheduler::Schedule", (inputs) => inputs],
  "aws:sqs/queue:Queue": [
    "AWS::SQS::Queue",
    (inputs) => renamed(without(inputs, "namePrefix"), { messageRetentionSeconds: "messageRetentionPeriod" }),
  ],
  "aws:sqs/queuePolicy:QueuePolicy": [
    "AWS::SQS::QueuePolicy",
    ({ policy, queueUrl }) => ({ queues: [queueUrl], policyDocument: parsed(policy) }),
  ],
  "aws:wafv2/webAcl:WebAcl": ["AWS::WAFv2::WebACL", webAcl],
  "aws:wafv2/webAclAssociation:WebAclAssociation": [
    "AWS::WAFv2::WebACLAssociation",
    (inputs) => renamed(inputs, { webAclArn: "webACLArn" }),
  ],
};

/** Parts of other resources in CloudFormation, and what it has no resource for. */
const elsewhere = new Set([
  "aws:acm/certificateValidation:CertificateValidation",
  "aws:apigateway/integration:Integration",
  "aws:apigateway/methodSettings:MethodSettings",
  "aws:cloudformation/stack:Stack",
  "aws:route53/record:Record",
  "aws:s3/bucketObjectv2:BucketObjectv2",
]);

/** Converts a run. Throws an Error for a type that nobody has looked at: add its row above. */
export const toCloudFormation = (run: MockedRun): CloudFormationTemplate => {
  const resources: [string, { Type: string; Properties: Properties }][] = [];
  for (const resource of run.resources) {
    if (!resource.type.startsWith("aws:") || elsewhere.has(resource.type)) continue;
    const conversion = conversions[resource.type];
    if (conversion === undefined) throw new Error(`No conversion to CloudFormation for ${resource.type}`);
    const [type, convert] = conversion;
    const properties = pascalised(convert(resource.inputs, resource, run)) as Properties;
    const text = type.startsWith("AWS::WAFv2") ? wafNames(JSON.stringify(properties)) : JSON.stringify(properties);
    const logicalId = `${resource.name}${type.split("::")[2]}`.replaceAll(/[^A-Za-z0-9]/g, "");
    resources.push([logicalId, { Type: type, Properties: JSON.parse(text) as Properties }]);
  }
  return { Resources: Object.fromEntries(resources) };
};
