import { type Environment, settingText } from "#core/settings/read.ts";
import { deployFaults, deploySettings, settingOf, stageSettings } from "./settings.ts";

/**
 * What a deployment is given from outside: the environment of the `sst` command, which also reads `.env` and
 * `.env.<stage>`. Secrets are not here: they are SST secrets (core/secrets.ts).
 */

/** Functions cannot work without these two, so a deploy fails early when they are missing. */
const required = ["SUPABASE_URL", "UNKEY_API_ID"] as const;

/** Passed on to every function when set; core/config.ts has the defaults. */
const passedOn = Object.keys(stageSettings);

/** The names that a function's environment may have besides SST's own. Held by a test: none of them is a secret. */
export const functionVariableNames: readonly string[] = ["STAGE", "ROUTE_ID", "VERSION", ...passedOn];

/** Refuses a deployment before it begins. @throws Error with a sentence for each setting that is bad or missing */
export const checkDeploySettings = (environment: Environment): void => {
  const missing = required.filter((name) => settingText(environment, name) === undefined);
  const faults = [...deployFaults(environment)];
  if (missing.length > 0) {
    faults.push(`Set ${missing.join(" and ")} in the environment or in .env.<stage> before deploying.`);
  }
  if (faults.length > 0) throw new Error(faults.join("\n"));
};

/** The part of a function's environment that is the same for all. @throws Error as `checkDeploySettings` does */
export const functionVariables = (environment: Environment): Readonly<Record<string, string>> => {
  checkDeploySettings(environment);
  return Object.fromEntries(
    passedOn.flatMap((name) => {
      const text = settingText(environment, name);
      return text === undefined ? [] : [[name, text]];
    }),
  );
};

export interface Domain {
  readonly name: string;
  /** ACM certificate in the API's region. Absent: SST makes one and validates it through Route 53. */
  readonly certificateArn?: string;
}

/** `DOMAIN_NAME`, with `DOMAIN_CERTIFICATE_ARN` where the zone is not in Route 53. Undefined: API Gateway's own address. */
export const domainOf = (environment: Environment): Domain | undefined => {
  const name = settingOf("DOMAIN_NAME", environment);
  const certificateArn = settingOf("DOMAIN_CERTIFICATE_ARN", environment);
  if (name === undefined) return undefined;
  return certificateArn === undefined ? { name } : { name, certificateArn };
};

/** The version that functions report: `VERSION`, or the one of package.json. */
export const versionOf = (environment: Environment, packageVersion: string): string =>
  settingOf("VERSION", environment) ?? packageVersion;

/**
 * Whether functions may reserve a part of the account's concurrency, and its quota where the deployer knows better than
 * Service Quotas.
 */
export const concurrencyOf = (
  environment: Environment,
): { readonly limit: number | undefined; readonly reserve: boolean } => ({
  limit: settingOf("LAMBDA_CONCURRENCY_LIMIT", environment),
  reserve: settingOf("RESERVE_CONCURRENCY", environment) !== "no",
});

/** Whether a stage's schedules run: as its settings say, or as `SCHEDULES` does. */
export const schedulesOf = (environment: Environment, fallback: boolean): boolean => {
  const schedules = settingOf("SCHEDULES", environment);
  return schedules === undefined ? fallback : schedules === "yes";
};

/** Settings of a deployment that no function sees. A workflow has to forward them too. */
export const deploymentVariableNames: readonly string[] = Object.keys(deploySettings).filter(
  (name) => name !== "VERSION" && name !== "SST_STATE_HOME",
);
