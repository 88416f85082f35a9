import "#function";
import { Resource } from "sst/resource";
import { type SecretName, unsetSecret } from "./secrets.ts";
import { readSetting, type Setting, settingText } from "./settings/read.ts";
import * as stage from "./settings/stage.ts";
import { type TableId, tables } from "./tables.ts";

/**
 * The only reader of SST's `Resource` and of the environment. Each value is checked on first use, since every function
 * is given no more than its own route needs. Throws an Error that names what is missing: a deploy fault, never a caller's.
 */

/** What is linked under a name, or undefined: SST throws for a name that the function was not given. */
const linked = (name: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    return (Resource as unknown as Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>)[name];
  } catch {
    return undefined;
  }
};

/** A property of what is linked under a name. @throws Error where it is not linked */
export const resourceText = (name: string, property: string): string => {
  const value = linked(name)?.[property];
  if (typeof value !== "string" || value === "") throw new Error(`Resource ${name}.${property} is not linked`);
  return value;
};

/** What the deployment, the local cloud or Lambda gives a function. */
export const given = (name: string): string | undefined => settingText(process.env, name);

/** The value of a setting, or undefined when it is not set. @throws Error in one sentence for a bad value */
export const readHere = <Value>(row: Setting<string, Value>): Value | undefined => readSetting(row, process.env);

const required = <Value>(name: string, value: Value | undefined): Value => {
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
};

const requiredGiven = (name: string): string => required(name, given(name));

const once = <Value>(read: () => Value): (() => Value) => {
  let known: { readonly value: Value } | undefined;
  return () => {
    known ??= { value: read() };
    return known.value;
  };
};

/** Stages that others than their developer use. */
const permanentStages: ReadonlySet<string> = new Set(["production", "staging"]);

/** A secret that is linked and set, or undefined. */
export const secret = (name: SecretName): string | undefined => {
  const value = linked(name)?.value;
  return typeof value === "string" && value !== "" && value !== unsetSecret ? value : undefined;
};

const requiredSecret = (name: SecretName): string => {
  const value = secret(name);
  if (value === undefined) throw new Error(`The secret ${name} is not set or not linked`);
  return value;
};

const region = once(() => given("AWS_REGION") ?? "us-east-1");

const tableNames = new Map<TableId, string>();

export const config = {
  /** Deploy stage, such as `production`. */
  stage: once(() => given("STAGE") ?? "local"),
  version: once(() => given("VERSION") ?? "0.1.0"),
  region,
  /** Name of the running function, for logs and metrics. */
  functionName: once(() => given("ROUTE_ID") ?? given("AWS_LAMBDA_FUNCTION_NAME") ?? "local"),
  logLevel: once(() => readHere(stage.logLevel) ?? "INFO"),

  /** Whether Lambda, or the local cloud in its place, runs this process. */
  isLambda: () => given("AWS_LAMBDA_INITIALIZATION_TYPE") !== undefined,

  tableName: (table: TableId): string => {
    const known = tableNames.get(table);
    if (known !== undefined) return known;
    const name = resourceText(tables[table].resource, "name");
    tableNames.set(table, name);
    return name;
  },
  /** ARN of the KMS key that seals provider keys and cached answers. */
  kmsKeyArn: once(() => resourceText("EncryptionKey", "arn")),
  dynamoDbEndpoint: once(() => given("AWS_ENDPOINT_URL_DYNAMODB") ?? `https://dynamodb.${region()}.amazonaws.com`),
  kmsEndpoint: once(() => given("AWS_ENDPOINT_URL_KMS") ?? `https://kms.${region()}.amazonaws.com`),
  /** The execution role's keys, which Lambda puts into the environment once, when it starts. */
  awsCredentials: once(() => ({
    accessKeyId: requiredGiven("AWS_ACCESS_KEY_ID"),
    secretAccessKey: requiredGiven("AWS_SECRET_ACCESS_KEY"),
    // Set but empty is none: an empty header would be part of the signature.
    sessionToken: given("AWS_SESSION_TOKEN"),
  })),

  unkeyUrl: once(() => readHere(stage.unkeyUrl) ?? "https://api.unkey.com"),
  unkeyApiId: once(() => required("UNKEY_API_ID", readHere(stage.unkeyApiId))),
  unkeyRootKey: once(() => requiredSecret("UnkeyRootKey")),

  supabaseUrl: once(() => required("SUPABASE_URL", readHere(stage.supabaseUrl))),
  supabaseAnonKey: once(() => requiredSecret("SupabaseAnonKey")),
  /** May do anything in Supabase: the deletion of accounts alone has it, where a stage sets it. */
  supabaseServiceRoleKey: once(() => secret("SupabaseServiceRoleKey")),
  signUpPolicy: once(() => readHere(stage.signUpPolicy) ?? "closed"),
  signUpDomains: once(() => readHere(stage.signUpDomains) ?? []),
  /** Unix ms since when sign-up is closed: accounts from before stay. Undefined when nothing is said. */
  signUpClosedAtMs: once(() => readHere(stage.signUpClosedAt)),

  /** Multiplies every endpoint limit of a stage. */
  rateLimitScale: once(() => readHere(stage.rateLimitScale) ?? 1),
  /** Requests of one user, over all keys, that may run at once. */
  maxOpenRequests: once(() => readHere(stage.maxOpenRequests) ?? 20),
  /** USD a user may spend a UTC day on the platform's provider keys. */
  dailySpendCapUsd: once(() => readHere(stage.dailySpendCapUsd) ?? 5),
  /** USD of it that a user may spend a UTC day from the dashboard's pages, which need no API key. */
  playgroundBudgetUsd: once(() => readHere(stage.playgroundBudgetUsd) ?? 1),
  /** Whether the platform's keys pay for what has no known price. Reserved and booked at the highest price where they do. */
  unpricedModels: once(
    () => readHere(stage.unpricedModels) ?? (permanentStages.has(given("STAGE") ?? "") ? "refuse" : "allow"),
  ),

  /** Hosts of custom providers that may be private and reached over http. */
  customHosts: once(() => readHere(stage.customHosts) ?? []),

  /** What the dashboard may load pictures, audio and videos from beside itself, as a list of CSP sources. */
  mediaSources: once(() => given("MEDIA_SOURCES") ?? "https:"),
} as const;
