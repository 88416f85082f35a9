import { settingOf } from "#infra/settings.ts";
import type { Cloud } from "./cloud.ts";

/** What ready.json says of a running cloud: where it answers, and what is behind it. */
export const readyOf = ({ account, url, dependencies, logFile }: Cloud) => ({
  url,
  dashboardUrl: `${url}/dashboard`,
  apiKey: account.apiKey,
  user: { email: account.email, password: account.password },
  pid: process.pid,
  /** What is behind the gateway, for tests and the curious. Only what guards nothing but this folder. */
  local: {
    userId: account.userId,
    keyId: account.keyId,
    logFile,
    dynamoDbEndpoint: dependencies.dynamoDbEndpoint,
    tableNames: dependencies.tableNames,
    // A root key that was given from outside is a real one: it is not written down.
    unkey: { ...dependencies.unkey, ...(settingOf("UNKEY_ROOT_KEY") === undefined ? {} : { rootKey: undefined }) },
    supabase: {
      url: dependencies.supabase.url,
      anonKey: dependencies.supabase.anonKey,
      serviceRoleKey: dependencies.supabase.serviceRoleKey,
    },
    kmsEndpoint: dependencies.kmsEndpoint,
    stsEndpoint: dependencies.stsEndpoint,
    simulatedProviders: dependencies.simulatedProviders,
    collector: dependencies.collectorUrl,
  },
});

/** What a person reads first. */
export const screen = ({ url, account, logFile, dependencies }: Cloud, dataDir: string): string => `
Concurred is running (local stand-ins for AWS, Unkey, Supabase and every provider without a key)

  Base URL    ${url}/api/v1
  API key     ${account.apiKey}
  Dashboard   ${url}/dashboard
              ${account.email} / ${account.password}
  Data        ${dataDir}
  Logs        ${logFile}
  Collector   ${dependencies.collectorUrl}/v1/traces (exports; GET /received shows them)

Try it:

  curl -N ${url}/api/v1/chat/completions -H 'Authorization: Bearer ${account.apiKey}' \\
    -H 'Content-Type: application/json' \\
    -d '{"model":"gpt","stream":true,"messages":[{"role":"user","content":"Hello"}]}'

Ctrl+C stops it.`;
