import type { Registration } from "./registration.ts";

/**
 * Answers in place of the AWS provider. It knows only what SST's components read back; everything else is echoed. No
 * check of values takes place: TypeScript holds the names, AWS would hold the rest.
 */

export const mockedAccount = { accountId: "123456789012", region: "us-east-1", partition: "aws" };

export interface ResourceArgs {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly id?: string;
}

interface CallArgs {
  readonly token: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

type State = Record<string, unknown>;
type Named = { readonly name: string; readonly arn: string };

const { accountId, region, partition } = mockedAccount;

const functionArns = ({ name }: Named): State => {
  const arn = `arn:aws:lambda:${region}:${accountId}:function:${name}`;
  const invocation = `arn:aws:apigateway:${region}:lambda:path`;
  return {
    arn,
    invokeArn: `${invocation}/2015-03-31/functions/${arn}/invocations`,
    responseStreamingInvokeArn: `${invocation}/2021-11-15/functions/${arn}/response-streaming-invocations`,
  };
};

/** ARNs in AWS's own form where something reads or matches them; the rest have one that is only theirs. */
const arnsByType: Readonly<Record<string, (name: string) => string>> = {
  "aws:cloudwatch/logGroup:LogGroup": (name) => `arn:aws:logs:${region}:${accountId}:log-group:${name}`,
  "aws:dynamodb/table:Table": (name) => `arn:aws:dynamodb:${region}:${accountId}:table/${name}`,
  "aws:iam/role:Role": (name) => `arn:aws:iam::${accountId}:role/${name}`,
  "aws:kms/key:Key": (name) => `arn:aws:kms:${region}:${accountId}:key/${name}`,
};

/** Outputs beside id, name and ARN, by type. */
const outputsByType: Readonly<Record<string, (resource: Named) => State>> = {
  "aws:acm/certificate:Certificate": ({ name }) => ({
    domainValidationOptions: [
      { domainName: name, resourceRecordName: "_x", resourceRecordType: "CNAME", resourceRecordValue: "_y" },
    ],
  }),
  "aws:apigateway/account:Account": () => ({ cloudwatchRoleArn: `arn:aws:iam::${accountId}:role/api-gateway` }),
  "aws:apigateway/restApi:RestApi": ({ name }) => ({
    rootResourceId: `${name}-root`,
    executionArn: `arn:aws:execute-api:${region}:${accountId}:${name}`,
  }),
  "aws:dynamodb/table:Table": ({ arn }) => ({ streamArn: `${arn}/stream/2026-01-01T00:00:00.000` }),
  "aws:kms/key:Key": ({ name }) => ({ keyId: `${name}-id` }),
  "aws:lambda/function:Function": functionArns,
  "aws:sqs/queue:Queue": ({ name }) => ({ url: `https://sqs.mocked/${name}` }),
  "random:index/randomBytes:RandomBytes": () => ({ base64: Buffer.alloc(32, 1).toString("base64") }),
};

/** Id and state of a new resource. */
export const newResource = ({ type, name, inputs, id }: ResourceArgs): { id: string; state: State } => {
  const [, module = ""] = /^\w+:(\w+)\//.exec(type) ?? [];
  const physicalName = typeof inputs.name === "string" ? inputs.name : name;
  const arn = arnsByType[type]?.(name) ?? `arn:aws:${module}:${region}:${accountId}:${name}`;
  const state = { ...inputs, name: physicalName, arn, ...outputsByType[type]?.({ name: physicalName, arn }) };
  return { id: id !== undefined && id !== "" ? id : `${name}-id`, state };
};

interface PolicyStatement {
  readonly effect?: string;
  readonly actions?: readonly string[];
  readonly resources?: readonly string[];
  readonly principals?: unknown;
  readonly conditions?: readonly unknown[];
}

const toPolicyJson = (statements: readonly PolicyStatement[]): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: statements.map(({ effect = "Allow", actions, resources, principals, conditions }) => ({
      Effect: effect,
      Action: actions,
      Resource: resources,
      Principal: principals,
      Condition: conditions,
    })),
  });

/** Answers of functions that ask AWS for a value. */
export const call = ({ token, inputs }: CallArgs): State => {
  switch (token) {
    case "aws:index/getRegion:getRegion":
      return { region, name: region, id: region };
    case "aws:index/getPartition:getPartition":
      return { partition, id: partition, dnsSuffix: "amazonaws.com" };
    case "aws:index/getCallerIdentity:getCallerIdentity":
      return { accountId, id: accountId };
    case "aws:iam/getPolicyDocument:getPolicyDocument":
      return { ...inputs, json: toPolicyJson((inputs.statements ?? []) as readonly PolicyStatement[]) };
    case "aws:servicequotas/getServiceQuota:getServiceQuota":
      return { ...inputs, value: Number(process.env.MOCKED_LAMBDA_QUOTA ?? 1_000) };
    default:
      return { ...inputs };
  }
};

/** Strings of a resource's state that name it to others. */
export const outputsOf = ({ type, name, inputs, id }: ResourceArgs): Registration["outputs"] => {
  const made = newResource({ type, name, inputs, ...(id === undefined ? {} : { id }) });
  const outputNames = [
    "arn",
    "keyId",
    "streamArn",
    "url",
    "invokeArn",
    "responseStreamingInvokeArn",
    "executionArn",
    "rootResourceId",
  ];
  return [
    made.id,
    ...outputNames.flatMap((output) => (typeof made.state[output] === "string" ? [made.state[output]] : [])),
  ];
};
