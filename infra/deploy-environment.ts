/**
 * What a deployment is told from outside: the environment of the `sst` command, which also reads `.env` and
 * `.env.<stage>`. Secrets are not here: they are SST secrets (core/secrets.ts).
 */

/** Functions cannot work without these two, so a deploy fails early when they are missing. */
const required = ["SUPABASE_URL", "UNKEY_API_ID"] as const;

/** Passed on to every function when set; core/config.ts has the defaults. */
const optional = [
  "RATE_LIMIT_SCALE",
  "MAX_OPEN_REQUESTS",
  "DAILY_SPEND_CAP_USD",
  "UNPRICED_MODELS",
  "SIGN_UP_POLICY",
  "SIGN_UP_DOMAINS",
  "SIGN_UP_CLOSED_AT",
  "LOG_LEVEL",
  "UNKEY_URL",
  "OPENAI_BASE_URL",
  "ANTHROPIC_BASE_URL",
  "GOOGLE_BASE_URL",
  "XAI_BASE_URL",
  "OPENROUTER_BASE_URL",
  "MINIMAX_BASE_URL",
  "FASHN_BASE_URL",
  "FAL_BASE_URL",
  "BFL_BASE_URL",
  "EXA_BASE_URL",
  "LANGFUSE_BASE_URL",
] as const;

type Environment = Readonly<Record<string, string | undefined>>;

const isSet = (value: string | undefined): value is string => value !== undefined && value !== "";

/** The names that a function's environment may have beside SST's own. Held by a test: none of them is a secret. */
export const functionVariableNames: readonly string[] = ["STAGE", "ROUTE_ID", "VERSION", ...required, ...optional];

/** The part of a function's environment that is the same for all. Throws an Error that names what is missing. */
export const functionVariables = (environment: Environment): Readonly<Record<string, string>> => {
  const missing = required.filter((name) => !isSet(environment[name]));
  if (missing.length > 0) {
    throw new Error(`Set ${missing.join(" and ")} in the environment or in .env.<stage> before deploying.`);
  }
  const variables: Record<string, string> = {};
  for (const name of [...required, ...optional]) {
    const value = environment[name];
    if (isSet(value)) variables[name] = value;
  }
  return variables;
};

export interface Domain {
  readonly name: string;
  /** ACM certificate in the API's region. Absent: SST makes one and validates it through Route 53. */
  readonly certificateArn?: string;
}

/** `DOMAIN_NAME`, with `DOMAIN_CERTIFICATE_ARN` where the zone is not in Route 53. Undefined: API Gateway's own address. */
export const domainOf = (environment: Environment): Domain | undefined => {
  const { DOMAIN_NAME: name, DOMAIN_CERTIFICATE_ARN: certificateArn } = environment;
  if (!isSet(name)) return undefined;
  return isSet(certificateArn) ? { name, certificateArn } : { name };
};

/** The version that functions report: `VERSION`, or the one of package.json. */
export const versionOf = ({ VERSION: version }: Environment, packageVersion: string): string =>
  isSet(version) ? version : packageVersion;

/**
 * Whether functions may reserve a part of the account's concurrency, and its quota where the deployer knows better than
 * Service Quotas. Throws an Error for a limit that is not a number.
 */
export const concurrencyOf = (
  environment: Environment,
): { readonly limit: number | undefined; readonly reserve: boolean } => {
  const { LAMBDA_CONCURRENCY_LIMIT: text, RESERVE_CONCURRENCY: reserve } = environment;
  const limit = isSet(text) ? Number(text) : undefined;
  if (limit !== undefined && (!Number.isInteger(limit) || limit < 1)) {
    throw new Error("LAMBDA_CONCURRENCY_LIMIT is not a whole number above 0");
  }
  return { limit, reserve: reserve !== "no" };
};

/** Whether a stage's schedules run: as its settings say, or as `SCHEDULES` does. */
export const schedulesOf = ({ SCHEDULES: schedules }: Environment, fallback: boolean): boolean =>
  isSet(schedules) ? schedules === "yes" : fallback;

/** Settings of a deployment that no function sees. A workflow has to forward them too. */
export const deploymentVariableNames = [
  "AWS_REGION",
  "DOMAIN_NAME",
  "DOMAIN_CERTIFICATE_ARN",
  "LAMBDA_CONCURRENCY_LIMIT",
  "RESERVE_CONCURRENCY",
  "SCHEDULES",
] as const;
