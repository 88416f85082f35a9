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

/** Lambda's quota "Concurrent executions" of the account, and whether functions may reserve a part of it. */
export const concurrencyOf = (environment: Environment): { readonly limit: number; readonly reserve: boolean } => {
  const limit = Number(environment.LAMBDA_CONCURRENCY_LIMIT ?? 1_000);
  if (!Number.isInteger(limit) || limit < 1) throw new Error("LAMBDA_CONCURRENCY_LIMIT is not a whole number above 0");
  return { limit, reserve: environment.RESERVE_CONCURRENCY !== "no" };
};
