import { isIP } from "node:net";
import * as bedrock from "#core/settings/bedrock.ts";
import { baseUrl, type Kind, numberLike, oneOf, textLike, word } from "#core/settings/kinds.ts";
import { type Environment, readSetting, type Setting, settingText } from "#core/settings/read.ts";
import * as stage from "#core/settings/stage.ts";
import * as upstreams from "#core/settings/upstreams.ts";
import { bedrockModelFaults } from "./bedrock-models.ts";

/**
 * THE table of settings: every environment variable that an operator may set for the functions, a deployment or `npm start`,
 * with the one sentence that refuses a bad value. Whoever reads one reads it through here or, in a function, through its row
 * in core/settings. An empty value counts as not set.
 */

type StageRow =
  | (typeof stage)[Exclude<keyof typeof stage, "domainPattern">]
  | (typeof bedrock)[keyof typeof bedrock]
  | (typeof upstreams)[keyof typeof upstreams];
type StageSettings = { readonly [Row in StageRow as Row["name"]]: Row };

/** What functions read: for a stage and for `npm start`. */
export const stageSettings = Object.fromEntries(
  Object.values({ ...stage, ...bedrock, ...upstreams }).flatMap((row) => ("name" in row ? [[row.name, row]] : [])),
) as unknown as StageSettings;

const wholeFrom = (least: number, most = Number.MAX_SAFE_INTEGER): Kind<number> =>
  numberLike(
    most === Number.MAX_SAFE_INTEGER
      ? `must be a whole number of ${least} or more`
      : `must be a whole number from ${least} to ${most}`,
    (value) => Number.isInteger(value) && value >= least && value <= most,
  );

const arn = (service: string, resource: string, what: string): Kind<string> =>
  textLike(
    new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]+:\\d{12}:${resource}/[\\w-]+$`),
    `must be the ARN of ${what}`,
  );

const domain: Kind<string> = {
  rule: "must be a domain name, such as api.example.com",
  read: (text) => (stage.domainPattern.test(text.toLowerCase()) ? text : undefined),
};

/** What only a deployment reads: the environment of the `sst` command, which also reads `.env` and `.env.<stage>`. */
const deployKinds = {
  AWS_REGION: { rule: bedrock.bedrockRegion.rule, read: bedrock.bedrockRegion.read },
  VERSION: word,
  DOMAIN_NAME: domain,
  DOMAIN_CERTIFICATE_ARN: arn("acm", "certificate", "an ACM certificate"),
  LAMBDA_CONCURRENCY_LIMIT: wholeFrom(1),
  RESERVE_CONCURRENCY: oneOf("yes", "no"),
  SCHEDULES: oneOf("yes", "no"),
  /** `local` keeps the state in .sst, for a test without a bucket. */
  SST_STATE_HOME: oneOf("aws", "local"),
} as const;

const hostName = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/i;

const host: Kind<string> = {
  rule: "must be an IP address or a host name, such as 127.0.0.1",
  read: (text) => (isIP(text) !== 0 || (hostName.test(text) && !/^[\d.]+$/.test(text)) ? text : undefined),
};

const folder = textLike(/^[^\0]+$/, "must be a folder");

/** Providers whose key and address `npm start` takes from the environment. */
export const localProviders = [
  "openai",
  "anthropic",
  "google",
  "x-ai",
  "openrouter",
  "minimax",
  "fashn",
  "fal",
  "bfl",
  "exa",
] as const;

const providerNames: Kind<readonly string[]> = {
  rule: `must be providers separated by commas, of ${localProviders.join(", ")}`,
  read: (text) => {
    const names = text
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "");
    return names.every((name) => (localProviders as readonly string[]).includes(name)) ? names : undefined;
  },
};

/** What only `npm start` reads. */
const localKinds = {
  PORT: wholeFrom(0, 65_535),
  HOST: host,
  LOCAL_DATA_DIR: folder,
  FUNCTIONS_DIR: folder,
  MAX_WORKERS: wholeFrom(1),
  SCHEDULE_SCALE: numberLike("must be a number above 0", (value) => value > 0 && value < Infinity),
  WITHOUT_PROVIDERS: providerNames,
  /** Of the functions' grants. The route table says which there are (infra/local/rights). */
  WITHOUT_RIGHTS: textLike(
    /^\s*\w+ \w+:\w+(?:\s*,\s*\w+ \w+:\w+)*\s*$/,
    "must be functions and their grants separated by commas, such as Keys keys:Query",
  ),
  DYNAMODB_ENDPOINT: baseUrl,
  KMS_ENDPOINT: baseUrl,
  KMS_KEY_ARN: arn("kms", "key", "a KMS key"),
  UNKEY_ROOT_KEY: word,
  SUPABASE_ANON_KEY: word,
  SUPABASE_SERVICE_ROLE_KEY: word,
  OPENAI_API_KEY: word,
  ANTHROPIC_API_KEY: word,
  GOOGLE_API_KEY: word,
  XAI_API_KEY: word,
  OPENROUTER_API_KEY: word,
  MINIMAX_API_KEY: word,
  FASHN_API_KEY: word,
  FAL_API_KEY: word,
  BFL_API_KEY: word,
  EXA_API_KEY: word,
  LANGFUSE_PUBLIC_KEY: word,
  LANGFUSE_SECRET_KEY: word,
} as const;

type Named<Kinds> = {
  readonly [Name in keyof Kinds & string]: Kinds[Name] extends Kind<infer Value> ? Setting<Name, Value> : never;
};

const named = <Kinds extends Readonly<Record<string, Kind>>>(kinds: Kinds): Named<Kinds> =>
  Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [name, { name, ...kind }])) as Named<Kinds>;

export const deploySettings = named(deployKinds);
export const localSettings = named(localKinds);
export const settings = { ...stageSettings, ...deploySettings, ...localSettings };

/** What is wrong with the settings of some rows, a sentence each. */
const faultsOf = (rows: readonly Setting[], environment: Environment): readonly string[] =>
  rows.flatMap((row) => {
    try {
      readSetting(row, environment);
      return [];
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)];
    }
  });

/** Settings that are right by themselves and wrong together, a sentence each. */
const faultsTogether = (environment: Environment): readonly string[] => [
  ...domainFaults(environment),
  ...bedrockFaults(environment),
];

/** Of settings that are each good. */
const bedrockFaults = (environment: Environment): readonly string[] => {
  const rows = [bedrock.bedrockModels, bedrock.bedrockRegion, deploySettings.AWS_REGION];
  if (faultsOf(rows, environment).length > 0) return [];
  return bedrockModelFaults(readSetting(bedrock.bedrockModels, environment), bedrockRegionOf(environment));
};

/** Where the platform calls Amazon Bedrock. */
export const bedrockRegionOf = (environment: Environment): string =>
  readSetting(bedrock.bedrockRegion, environment) ?? readSetting(deploySettings.AWS_REGION, environment) ?? "us-east-1";

const domainFaults = (environment: Environment): readonly string[] => {
  const isDomains = settingText(environment, stage.signUpPolicy.name) === "domains";
  const named = settingText(environment, stage.signUpDomains.name);
  // Commas alone name none.
  return isDomains && !/[^\s,]/.test(named ?? "")
    ? ["SIGN_UP_POLICY is domains, so SIGN_UP_DOMAINS must name at least one, such as example.com."]
    : [];
};

/** What is wrong with the settings of `npm start`, a sentence each. */
export const localFaults = (environment: Environment): readonly string[] => [
  ...faultsOf(Object.values({ ...stageSettings, ...localSettings }), environment),
  ...faultsTogether(environment),
];

/** What is wrong with the settings of a deployment, a sentence each. */
export const deployFaults = (environment: Environment): readonly string[] => [
  ...faultsOf(Object.values({ ...stageSettings, ...deploySettings }), environment),
  ...faultsTogether(environment),
];

type Settings = typeof settings;
type ValueOf<Row> = Row extends Setting<string, infer Value> ? Value : never;

/** The value of a setting; undefined when it is not set. @throws Error in one sentence for a bad value */
export const settingOf = <Name extends keyof Settings>(
  name: Name,
  environment: Environment = process.env,
): ValueOf<Settings[Name]> | undefined =>
  readSetting(settings[name] as Setting<string, ValueOf<Settings[Name]>>, environment);
