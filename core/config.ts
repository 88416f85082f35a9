import { Resource } from "sst/resource";
import { type SecretName, unsetSecret } from "./secrets.ts";
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

const resourceText = (name: string, property: string): string => {
  const value = linked(name)?.[property];
  if (typeof value !== "string" || value === "") throw new Error(`Resource ${name}.${property} is not linked`);
  return value;
};

const text = (name: string, fallback: string): string => {
  const value = process.env[name];
  return value === undefined || value === "" ? fallback : value;
};

const requiredText = (name: string): string => {
  const value = text(name, "");
  if (value === "") throw new Error(`Environment variable ${name} is not set`);
  return value;
};

const number = (name: string, fallback: number): number => {
  const raw = process.env[name];
  if (raw === undefined || raw === "") return fallback;
  const value = Number(raw);
  if (!Number.isFinite(value) || value < 0)
    throw new Error(`Environment variable ${name} is not a number of 0 or more`);
  return value;
};

const oneOf = <const Choice extends string>(name: string, choices: readonly Choice[], fallback: Choice): Choice => {
  const value = text(name, fallback);
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw new Error(`Environment variable ${name} must be one of ${choices.join(", ")}`);
  return found;
};

const noTrailingSlash = (url: string): string => url.replace(/\/+$/, "");

const once = <Value>(read: () => Value): (() => Value) => {
  let known: { readonly value: Value } | undefined;
  return () => {
    known ??= { value: read() };
    return known.value;
  };
};

/** Stages that others than their developer use. */
const permanentStages: ReadonlySet<string> = new Set(["production", "staging"]);

/** Base URLs of the providers, each as the vendor's own SDK has it. */
const providerBaseUrls = {
  openai: ["OPENAI_BASE_URL", "https://api.openai.com/v1"],
  anthropic: ["ANTHROPIC_BASE_URL", "https://api.anthropic.com"],
  google: ["GOOGLE_BASE_URL", "https://generativelanguage.googleapis.com/v1beta/openai"],
  "x-ai": ["XAI_BASE_URL", "https://api.x.ai/v1"],
  openrouter: ["OPENROUTER_BASE_URL", "https://openrouter.ai/api/v1"],
  minimax: ["MINIMAX_BASE_URL", "https://api.minimax.io/v1"],
  fashn: ["FASHN_BASE_URL", "https://api.fashn.ai/v1"],
  fal: ["FAL_BASE_URL", "https://queue.fal.run"],
  bfl: ["BFL_BASE_URL", "https://api.bfl.ai/v1"],
  exa: ["EXA_BASE_URL", "https://api.exa.ai"],
  langfuse: ["LANGFUSE_BASE_URL", "https://cloud.langfuse.com"],
} as const;

export type UpstreamId = keyof typeof providerBaseUrls;

const providerSecrets: Readonly<Record<Exclude<UpstreamId, "langfuse">, SecretName>> = {
  openai: "OpenaiApiKey",
  anthropic: "AnthropicApiKey",
  google: "GoogleApiKey",
  "x-ai": "XaiApiKey",
  openrouter: "OpenrouterApiKey",
  minimax: "MinimaxApiKey",
  fashn: "FashnApiKey",
  fal: "FalApiKey",
  bfl: "BflApiKey",
  exa: "ExaApiKey",
};

const secret = (name: SecretName): string | undefined => {
  const value = linked(name)?.value;
  return typeof value === "string" && value !== "" && value !== unsetSecret ? value : undefined;
};

const requiredSecret = (name: SecretName): string => {
  const value = secret(name);
  if (value === undefined) throw new Error(`The secret ${name} is not set or not linked`);
  return value;
};

const region = once(() => text("AWS_REGION", "us-east-1"));

export const config = {
  /** Deploy stage, such as `production`. */
  stage: once(() => text("STAGE", "local")),
  version: once(() => text("VERSION", "0.1.0")),
  region,
  /** Name of the running function, for logs and metrics. */
  functionName: once(() => text("ROUTE_ID", text("AWS_LAMBDA_FUNCTION_NAME", "local"))),
  logLevel: once(() => oneOf("LOG_LEVEL", ["DEBUG", "INFO", "WARN", "ERROR"], "INFO")),

  tableName: (table: TableId): string => resourceText(tables[table].resource, "name"),
  /** ARN of the KMS key that seals provider keys and cached answers. */
  kmsKeyArn: once(() => resourceText("EncryptionKey", "arn")),
  dynamoDbEndpoint: once(() =>
    noTrailingSlash(text("AWS_ENDPOINT_URL_DYNAMODB", `https://dynamodb.${region()}.amazonaws.com`)),
  ),
  kmsEndpoint: once(() => noTrailingSlash(text("AWS_ENDPOINT_URL_KMS", `https://kms.${region()}.amazonaws.com`))),
  /** The execution role's keys as Lambda puts them into the environment. Read anew: a test may change them. */
  awsCredentials: () => ({
    accessKeyId: requiredText("AWS_ACCESS_KEY_ID"),
    secretAccessKey: requiredText("AWS_SECRET_ACCESS_KEY"),
    // Set but empty is none: an empty header would be part of the signature.
    sessionToken: text("AWS_SESSION_TOKEN", "") || undefined,
  }),

  unkeyUrl: once(() => noTrailingSlash(text("UNKEY_URL", "https://api.unkey.com"))),
  unkeyApiId: once(() => requiredText("UNKEY_API_ID")),
  unkeyRootKey: once(() => requiredSecret("UnkeyRootKey")),

  supabaseUrl: once(() => noTrailingSlash(requiredText("SUPABASE_URL"))),
  supabaseAnonKey: once(() => requiredSecret("SupabaseAnonKey")),
  signUpPolicy: once(() => oneOf("SIGN_UP_POLICY", ["open", "domains", "closed"], "closed")),
  signUpDomains: once(() =>
    text("SIGN_UP_DOMAINS", "")
      .split(",")
      .map((domain) => domain.trim().toLowerCase())
      .filter((domain) => domain !== ""),
  ),
  /** Unix ms since when sign-up is closed: accounts from before stay. Undefined when nothing is said. */
  signUpClosedAtMs: once(() => {
    const value = text("SIGN_UP_CLOSED_AT", "");
    if (value === "") return undefined;
    const ms = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(value) ? Date.parse(value) : Number.NaN;
    if (Number.isNaN(ms))
      throw new Error("Environment variable SIGN_UP_CLOSED_AT must be a time such as 2026-11-29T00:00:00Z");
    return ms;
  }),

  /** Multiplies every endpoint limit of a stage. */
  rateLimitScale: once(() => number("RATE_LIMIT_SCALE", 1)),
  /** Requests of one user, over all keys, that may run at once. */
  maxOpenRequests: once(() => number("MAX_OPEN_REQUESTS", 20)),
  /** USD a user may spend a UTC day on the platform's provider keys. */
  dailySpendCapUsd: once(() => number("DAILY_SPEND_CAP_USD", 5)),
  /** Whether the platform's keys pay for what has no known price. Reserved and booked at the highest price where they do. */
  unpricedModels: once(() =>
    oneOf("UNPRICED_MODELS", ["refuse", "allow"], permanentStages.has(text("STAGE", "local")) ? "refuse" : "allow"),
  ),

  /** What the dashboard may load pictures, audio and videos from beside itself, as a list of CSP sources. */
  mediaSources: once(() => text("MEDIA_SOURCES", "https:")),

  providerBaseUrl: (provider: UpstreamId): string => {
    const [variable, fallback] = providerBaseUrls[provider];
    return noTrailingSlash(text(variable, fallback));
  },
  /** The platform's own key for a provider, or undefined when the operator set none. */
  providerApiKey: (provider: Exclude<UpstreamId, "langfuse">): string | undefined => secret(providerSecrets[provider]),
  langfuseKeys: () => {
    const publicKey = secret("LangfusePublicKey");
    const secretKey = secret("LangfuseSecretKey");
    return publicKey === undefined || secretKey === undefined ? undefined : { publicKey, secretKey };
  },
} as const;
