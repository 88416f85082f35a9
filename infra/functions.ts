import { routeSummaries } from "#core/route-summaries.ts";
import type { BackgroundFunction, FunctionId, Grant, Route } from "#core/routes.ts";
import type { SecretName } from "#core/secrets.ts";
import type { TableId } from "#core/tables.ts";
import { bedrockResources } from "./bedrock-models.ts";
import { bundleConditions } from "./bundle-conditions.ts";
import type { EncryptionKey } from "./encryption.ts";
import { type LogGroupKind, logGroupKindOf, logGroupKinds, logGroupName } from "./log-groups.ts";
import { statementsOf } from "./permissions.ts";
import type { Place } from "./place.ts";
import { settingOf } from "./settings.ts";
import { logRetentionDays, type StageSettings } from "./stage.ts";
import type { Table } from "./storage.ts";

/** What the functions of a stage are made of. */
export interface FunctionContext {
  readonly place: Place;
  readonly settings: StageSettings;
  readonly key: EncryptionKey;
  /** The link that says which account this is. */
  readonly account: sst.Linkable<Record<string, unknown>>;
  readonly tables: Readonly<Record<TableId, Table>>;
  readonly secrets: Readonly<Record<SecretName, sst.Secret>>;
  readonly logGroups: Readonly<Record<LogGroupKind, aws.cloudwatch.LogGroup>>;
  /** The part of the environment that all have. */
  readonly variables: Readonly<Record<string, string>>;
  /** Whether this stage reserves concurrency at all: its account may have too little. */
  readonly reserves: $util.Output<boolean>;
}

type Definition = Pick<Route | BackgroundFunction, "id" | "handler" | "grants" | "timeoutSeconds" | "memoryMb"> & {
  readonly stream?: boolean;
  readonly trigger?: unknown;
};
type Arn = $util.Output<string> | string;

export interface FunctionOptions {
  readonly streaming: boolean;
  readonly reservedConcurrency: number | undefined;
  /** Beyond the grants of the row: what its trigger needs. */
  readonly triggerPermissions?: readonly { readonly actions: string[]; readonly resources: readonly (Arn | "*")[] }[];
  /** What Lambda does with an event that nobody waits for. */
  readonly asynchronous?: { readonly retries: number; readonly maxAgeSeconds: number };
}

/** Physical name of a function: people find it without a look-up. */
export const functionName = (id: string): string => `${$app.name}-${$app.stage}-${id}`;

/** Only what the grants name is linked, and only by value: a link that brought rights along would widen the role. */
const linksOf = (grants: readonly Grant[], { key, account, tables, secrets }: FunctionContext) => {
  const links = new Map<string, sst.Linkable<Record<string, unknown>> | sst.Secret>();
  for (const grant of grants) {
    const [kind = "", what = ""] = grant.split(":");
    if (kind === "secret") links.set(what, secrets[what as SecretName]);
    else if (kind === "kms") links.set(kind, key.link);
    else if (kind === "sts") links.set(kind, account);
    else if (kind !== "bedrock") links.set(kind, tables[kind as TableId].link);
  }
  return [...links.values()];
};

const tracingPermission = {
  actions: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
  // X-Ray has no resources to name.
  resources: ["*"],
};

/** The log groups of the stage, which forget after the stage's retention. */
export const createLogGroups = ({ logRetention }: StageSettings): FunctionContext["logGroups"] =>
  Object.fromEntries(
    logGroupKinds.map((kind) => [
      kind,
      new aws.cloudwatch.LogGroup(`${kind[0]?.toUpperCase()}${kind.slice(1)}Logs`, {
        name: logGroupName($app.stage, kind),
        retentionInDays: logRetentionDays[logRetention],
      }),
    ]),
  ) as unknown as FunctionContext["logGroups"];

const logPermission = (kind: LogGroupKind, { region, accountId, partition, stage }: Place) => ({
  actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
  resources: [$interpolate`arn:${partition}:logs:${region}:${accountId}:log-group:${logGroupName(stage, kind)}:*`],
});

/**
 * Lambda drops lines below this level before they reach the log, and its own default overrules the logger's. Never above
 * INFO: Lambda takes a metric blob, which names no level, for INFO.
 */
const applicationLogLevel = (logLevel: string | undefined): string => (logLevel === "DEBUG" ? "DEBUG" : "INFO");

/** Lambda only. SST's own policy also lets the whole account assume the role. */
const trustLambda = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
});

/** Names of functions and classes cost 11 KB of a chat's cold start; our errors set their own names. */
const bundlingOf = (handler: string) => ({
  splitting: true,
  esbuild: { keepNames: false, conditions: [...bundleConditions(handler)] },
});

/** What SST's arguments have no name for. */
const transformsOf = (
  logs: LogGroupKind,
  { logGroups, variables }: FunctionContext,
  { asynchronous }: FunctionOptions,
): NonNullable<sst.aws.FunctionArgs["transform"]> => ({
  function: (lambda) => {
    lambda.tracingConfig = { mode: "Active" };
    lambda.loggingConfig = {
      logFormat: "JSON",
      logGroup: logGroups[logs].name,
      applicationLogLevel: applicationLogLevel(variables.LOG_LEVEL),
      // INFO keeps `platform.report`, which says how an invocation ended.
      systemLogLevel: "INFO",
    };
    return undefined;
  },
  eventInvokeConfig: (config) => {
    if (asynchronous !== undefined) config.maximumEventAgeInSeconds = asynchronous.maxAgeSeconds;
    return undefined;
  },
  role: (role) => {
    role.assumeRolePolicy = trustLambda;
    // AWSLambdaBasicExecutionRole allows every log group of the account; the role's own statement names one.
    role.managedPolicyArns = [];
    return undefined;
  },
});

/** SST's arguments for the function of a row. */
export const functionArgs = (definition: Definition, context: FunctionContext, options: FunctionOptions) => {
  const { id, handler, grants, timeoutSeconds, memoryMb } = definition;
  const { place, key, tables } = context;
  const logs = logGroupKindOf(definition);
  const named = settingOf("BEDROCK_MODELS") ?? new Map<string, string>();
  const { region: ofStage, accountId, partition } = place;
  const statements = $util.all([ofStage, accountId, partition]).apply(([region, account, part]) =>
    statementsOf<Arn>(grants, {
      app: place.app,
      stage: place.stage,
      region,
      bedrock: bedrockResources({
        named,
        region: settingOf("BEDROCK_REGION") ?? region,
        accountId: account,
        partition: part,
      }),
      keyArn: key.key.arn,
      rolesArn: (of) => $interpolate`arn:${partition}:iam::${of === "own" ? accountId : "*"}:role/*`,
      tableArn: (table) => tables[table].table.arn,
      indexArn: (table, index) => $interpolate`${tables[table].table.arn}/index/${index}`,
    }),
  );
  const args: sst.aws.FunctionArgs = {
    name: functionName(id),
    description: routeSummaries[id as FunctionId],
    handler,
    runtime: "nodejs24.x",
    architecture: "arm64",
    memory: `${memoryMb} MB`,
    timeout: `${timeoutSeconds} seconds`,
    streaming: options.streaming,
    nodejs: bundlingOf(handler),
    logging: { format: "json", logGroup: context.logGroups[logs].name },
    environment: { ...context.variables, STAGE: $app.stage, ROUTE_ID: id },
    link: linksOf(grants, context),
    permissions: statements.apply((own) => [
      ...own,
      ...(options.triggerPermissions ?? []),
      logPermission(logs, place),
      tracingPermission,
    ]) as never,
    transform: transformsOf(logs, context, options),
  };
  const { reservedConcurrency, asynchronous } = options;
  if (reservedConcurrency !== undefined) {
    args.concurrency = context.reserves.apply((reserves) => (reserves ? { reserved: reservedConcurrency } : {}));
  }
  if (asynchronous !== undefined) args.retries = asynchronous.retries;
  return args;
};
