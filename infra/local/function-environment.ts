import type { Grant } from "#core/routes.ts";
import type { SecretName } from "#core/secrets.ts";
import { settingText } from "#core/settings/read.ts";
import { type TableId, tables } from "#core/tables.ts";
import { localAccountArn } from "#infra/local/aws/account.ts";
import { type localProviders, settingOf, stageSettings } from "#infra/settings.ts";
import { functionSecretKey } from "./aws/identities.ts";
import type { Dependencies } from "./dependencies.ts";
import { accessKeyIdOf } from "./rights/guard.ts";

/**
 * The environment of one function as SST and Lambda would give it. Only what its grants name is linked, so a grant that
 * is missing in the route table fails here and not first on AWS.
 */

/** For each provider: variable of its key, variable of its base URL, its secret. */
const providers = {
  openai: ["OPENAI_API_KEY", "OPENAI_BASE_URL", "OpenaiApiKey"],
  anthropic: ["ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "AnthropicApiKey"],
  google: ["GOOGLE_API_KEY", "GOOGLE_BASE_URL", "GoogleApiKey"],
  "x-ai": ["XAI_API_KEY", "XAI_BASE_URL", "XaiApiKey"],
  openrouter: ["OPENROUTER_API_KEY", "OPENROUTER_BASE_URL", "OpenrouterApiKey"],
  minimax: ["MINIMAX_API_KEY", "MINIMAX_BASE_URL", "MinimaxApiKey"],
  fashn: ["FASHN_API_KEY", "FASHN_BASE_URL", "FashnApiKey"],
  fal: ["FAL_API_KEY", "FAL_BASE_URL", "FalApiKey"],
  bfl: ["BFL_API_KEY", "BFL_BASE_URL", "BflApiKey"],
  exa: ["EXA_API_KEY", "EXA_BASE_URL", "ExaApiKey"],
} as const satisfies Record<(typeof localProviders)[number], readonly [string, string, SecretName]>;

/** What functions are pointed at: the dependencies, or the guards before them. */
interface LocalParts extends Dependencies {
  /** Of Bedrock; its own address unless given. */
  readonly bedrockUrl?: string | undefined;
}

/** What a server that takes any key is sent. */
const placeholderKey = "local-placeholder-key";

/** A provider's key and base URL: the real one with a key, a named server, or our stand-in. */
const providerVariables = (
  dependencies: LocalParts,
): { urls: Record<string, string>; secrets: Map<SecretName, string> } => {
  const urls: Record<string, string> = {};
  const secrets = new Map<SecretName, string>();
  const keyless = settingOf("WITHOUT_PROVIDERS") ?? [];
  for (const [id, [keyName, urlName, secret]] of Object.entries(providers)) {
    const simulated = dependencies.simulatedProviders[id];
    const key = settingOf(keyName);
    const url = settingOf(urlName) ?? (key === undefined ? simulated : undefined);
    if (url !== undefined) urls[urlName] = url;
    // As on a stage without the provider's key. What a caller's own key pays for still goes to the provider's address.
    if (keyless.includes(id)) continue;
    if (key !== undefined) secrets.set(secret, key);
    else if (urls[urlName] !== undefined) secrets.set(secret, placeholderKey);
  }
  const bedrock = dependencies.bedrockUrl ?? settingOf("BEDROCK_BASE_URL") ?? dependencies.simulatedProviders.bedrock;
  if (bedrock !== undefined) urls.BEDROCK_BASE_URL = bedrock;
  return { urls, secrets };
};

const link = (name: string, value: Readonly<Record<string, string>>): readonly [string, string] => [
  `SST_RESOURCE_${name}`,
  JSON.stringify(value),
];

/** Settings of a stage that are set for the local one as well. */
const passedSettings = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.keys(stageSettings).flatMap((name) => {
      const value = settingText(process.env, name);
      return value === undefined ? [] : [[name, value]];
    }),
  );

/** What the grants of a function name, as SST links it. */
const linksOf = (
  grants: readonly Grant[],
  { kmsKeyArn, tableNames }: Dependencies,
  secrets: ReadonlyMap<SecretName, string>,
): ReadonlyMap<string, string> => {
  const links = new Map<string, string>([link("App", { name: "concurred", stage: "local" })]);
  for (const grant of grants) {
    const [kind = "", what = ""] = grant.split(":");
    if (kind === "secret") {
      const value = secrets.get(what as SecretName);
      if (value !== undefined) links.set(...link(what, { value }));
    } else if (kind === "sts") {
      links.set(...link("Account", { arn: localAccountArn }));
    } else if (kind === "kms") {
      links.set(...link("EncryptionKey", { arn: kmsKeyArn }));
    } else if (kind !== "bedrock") {
      const table = kind as TableId;
      links.set(...link(tables[table].resource, { name: tableNames[table] }));
    }
  }
  return links;
};

/** Secrets of Unkey and of Supabase. */
const accountSecrets = ({ unkey, supabase }: Dependencies): readonly (readonly [SecretName, string])[] => {
  const serviceRoleKey = settingOf("SUPABASE_SERVICE_ROLE_KEY") ?? supabase.serviceRoleKey;
  return [
    ["UnkeyRootKey", unkey.rootKey],
    ["SupabaseAnonKey", supabase.anonKey],
    ...(serviceRoleKey === undefined ? [] : [["SupabaseServiceRoleKey", serviceRoleKey] as const]),
  ];
};

/** Builds environments for functions; the providers' settings are read once. */
export const functionEnvironments = (dependencies: LocalParts) => {
  const { urls, secrets } = providerVariables(dependencies);
  for (const [name, value] of accountSecrets(dependencies)) secrets.set(name, value);
  const { langfuse } = dependencies;
  if (langfuse !== undefined) {
    urls.LANGFUSE_BASE_URL = langfuse.url;
    secrets.set("LangfusePublicKey", langfuse.publicKey);
    secrets.set("LangfuseSecretKey", langfuse.secretKey);
  }
  for (const [name, variable] of [
    ["LangfusePublicKey", "LANGFUSE_PUBLIC_KEY"],
    ["LangfuseSecretKey", "LANGFUSE_SECRET_KEY"],
  ] as const) {
    const value = settingOf(variable);
    if (value !== undefined) secrets.set(name, value);
  }
  return ({
    id,
    grants,
  }: {
    readonly id: string;
    readonly grants: readonly Grant[];
  }): Readonly<Record<string, string>> => {
    const links = linksOf(grants, dependencies, secrets);
    const simulatedOrigins = Object.values(dependencies.simulatedProviders).map((url) => new URL(url).origin);
    return {
      ...passedSettings(),
      STAGE: "local",
      MEDIA_SOURCES: ["https:", ...new Set(simulatedOrigins)].join(" "),
      ROUTE_ID: id,
      AWS_REGION: "us-east-1",
      // Its identity: what it may do with tables and the key depends on it.
      AWS_ACCESS_KEY_ID: accessKeyIdOf(id),
      AWS_SECRET_ACCESS_KEY: functionSecretKey,
      AWS_ENDPOINT_URL_DYNAMODB: dependencies.dynamoDbEndpoint,
      AWS_ENDPOINT_URL_KMS: dependencies.kmsEndpoint,
      AWS_ENDPOINT_URL_STS: dependencies.stsEndpoint,
      UNKEY_URL: dependencies.unkey.url,
      UNKEY_API_ID: dependencies.unkey.apiId,
      SUPABASE_URL: dependencies.supabase.url,
      SIGN_UP_POLICY: settingOf("SIGN_UP_POLICY") ?? "open",
      // A model server on this machine is what custom providers are tried with here.
      CUSTOM_HOSTS: (settingOf("CUSTOM_HOSTS") ?? ["localhost", "127.0.0.1", "[::1]"]).join(","),
      ...urls,
      ...Object.fromEntries(links),
    };
  };
};
