import type { SecretName } from "./secrets.ts";
import type { TableId } from "./tables.ts";

/**
 * THE route table: one row = one API path = one Lambda. SST's API, the local gateway, the OpenAPI document, the rate
 * limits, the operators' dashboards and the tests all read it. Adding an endpoint is a row, a schema and a function file.
 */

export type Method = "GET" | "POST" | "PATCH" | "DELETE";

/** Who may call: an API key, the dashboard's session cookie, either (both sent: the key), or anyone. */
export type RouteAuth = "key" | "session" | "key-or-session" | "none";

/** A limit over a sliding window. `scope` says over what it counts. */
export interface RateLimit {
  readonly name: string;
  readonly limit: number;
  readonly durationMs: number;
  readonly scope: "key" | "user" | "address";
}

type TableAction =
  | "GetItem"
  | "PutItem"
  | "UpdateItem"
  | "DeleteItem"
  | "Query"
  | "BatchGetItem"
  | "BatchWriteItem"
  | "Scan"
  | "DescribeTable";
/** Converse has no action: it needs those of InvokeModel. */
type BedrockAction = "InvokeModel" | "InvokeModelWithResponseStream";
type KmsAction = "GenerateDataKey" | "Decrypt" | "ReEncrypt" | "DescribeKey";

/**
 * One thing that a function's role may do. Nothing else is allowed. `Query` is of the table, `Query/<index>` of an index. A
 * transaction needs the rights of its parts and has none itself. Those of Amazon Bedrock are for the models that the stage names.
 */
export type Grant =
  | `${TableId}:${TableAction}`
  | `${TableId}:Query/${string}`
  | `kms:${KmsAction}`
  | `bedrock:${BedrockAction}`
  | "sts:AssumeRole"
  | `secret:${SecretName}`;

/** Concurrency is reserved by class, so that long streams cannot starve sign-in and health. */
export type ConcurrencyClass = "stream" | "api" | "page";

export interface Route {
  /** Stable name of the Lambda and of its metrics. */
  readonly id: string;
  /** In API Gateway's syntax: `{id}`, `{proxy+}`. */
  readonly path: `/${string}`;
  readonly methods: readonly Method[];
  readonly handler: `functions/${string}.handler`;
  readonly auth: RouteAuth;
  readonly limit?: RateLimit;
  /** Response streaming (API Gateway STREAM). Buffered routes end at 29 s and 6 MB. */
  readonly stream: boolean;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly concurrency: ConcurrencyClass;
  readonly grants: readonly Grant[];
}

interface ScheduleTrigger {
  readonly schedule: string;
}

interface StreamTrigger {
  readonly stream: TableId;
  /** A row with this text in this attribute wakes no function, and neither does a row's deletion. */
  readonly unless?: { readonly attribute: string; readonly value: string };
  /**
   * What becomes of a batch that fails. `bisect`: it is halved until the fault is alone, and given up after ten tries. `whole`:
   * it is delivered again as it was until its records are six hours old, for a function that fails for no single record.
   */
  readonly failedBatch: "bisect" | "whole";
}

/** A scheduled or stream-fed function: not reachable over HTTP. */
export interface BackgroundFunction {
  readonly id: string;
  readonly handler: `functions/${string}.handler`;
  readonly trigger: ScheduleTrigger | StreamTrigger;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly grants: readonly Grant[];
}

/** A call without side effects: what a bundle does not use of this file is left out of it. */
const lazily = <const Value>(make: () => Value): Value => make();

const minute = 60_000;
const perKey = (name: string, limit: number, durationMs = minute): RateLimit => ({
  name,
  limit,
  durationMs,
  scope: "key",
});
const perUser = (name: string, limit: number): RateLimit => ({ name, limit, durationMs: minute, scope: "user" });
const perAddress = (name: string, limit: number): RateLimit => ({ name, limit, durationMs: minute, scope: "address" });

/** Round 1: Unkey's verdict and our own mark beside it. */
const verifyKey = ["secret:UnkeyRootKey", "keys:GetItem", "keys:UpdateItem"] as const satisfies Grant[];
/** Round 2 and the end of a metered request: admission, the usage row, cancel flags. */
const meter = ["usage:PutItem", "usage:UpdateItem"] as const satisfies Grant[];
const byok = ["providerKeys:Query", "kms:Decrypt"] as const satisfies Grant[];
/** The caller's own roles for Amazon Bedrock. */
const bedrockRoles = "sts:AssumeRole" as const satisfies Grant;
/** Keeping an answer for its Idempotency-Key; with `cache:GetItem` also in the answer cache of chats. */
const replayed = ["cache:PutItem", "cache:DeleteItem", "kms:GenerateDataKey"] as const satisfies Grant[];
/** Whom a chat model is asked for a stream: the providers that the platform has keys for, and Amazon Bedrock. */
const streamProviders = [
  "secret:OpenaiApiKey",
  "secret:AnthropicApiKey",
  "secret:GoogleApiKey",
  "secret:XaiApiKey",
  "secret:OpenrouterApiKey",
  "secret:MinimaxApiKey",
  "bedrock:InvokeModelWithResponseStream",
  bedrockRoles,
] as const satisfies Grant[];
/** The same, also for whole answers. */
const chatProviders = /* @__PURE__ */ lazily(
  () => [...streamProviders, "bedrock:InvokeModel"] as const satisfies Grant[],
);
/** The caller's ratings, which `auto:rated` goes by. */
const ratings = "rollups:GetItem" as const satisfies Grant;
/** The same, and notes of runs that can be voted on. */
const arenaRatings = [ratings, "rollups:PutItem"] as const satisfies Grant[];
const promptSecrets = ["secret:LangfusePublicKey", "secret:LangfuseSecretKey"] as const satisfies Grant[];
/** A chat completion, whatever the dialect in which it is asked for. */
const chatGrants = /* @__PURE__ */ lazily(
  () =>
    [
      ...verifyKey,
      ...meter,
      // The open row of a request that began before its verdict, and was refused.
      "usage:DeleteItem",
      ...byok,
      "cache:GetItem",
      ...replayed,
      ...chatProviders,
      ...promptSecrets,
      ratings,
    ] as const satisfies Grant[],
);
const session = ["secret:SupabaseAnonKey"] as const satisfies Grant[];

/** Signing in and out. */
const signInGrants = /* @__PURE__ */ lazily(() => [...session, "secret:UnkeyRootKey"] as const satisfies Grant[]);
/** Managing API keys. */
const keyGrants = /* @__PURE__ */ lazily(
  () => [...session, "secret:UnkeyRootKey", "keys:UpdateItem", "keys:DeleteItem"] as const satisfies Grant[],
);

const generating = { stream: true, memoryMb: 1024, timeoutSeconds: 330, concurrency: "stream" } as const;
const longGenerating = /* @__PURE__ */ lazily(() => ({ ...generating, timeoutSeconds: 900 }) as const);
const buffered = { stream: false, memoryMb: 512, timeoutSeconds: 29, concurrency: "api" } as const;
/** A buffered answer that waits for a provider. It shares the streams' executions: a few slow calls would fill a reserved pool. */
const waiting = /* @__PURE__ */ lazily(() => ({ ...buffered, concurrency: "stream" }) as const);
/** Generating something whose answer no cache keeps. */
const generationGrants = /* @__PURE__ */ lazily(
  () => [...verifyKey, ...meter, ...byok, ...replayed] as const satisfies Grant[],
);
/** Work that becomes a job, and output that lies behind a URL: both are put among the caller's jobs. */
const jobGrants = /* @__PURE__ */ lazily(() => [...generationGrants, "jobs:PutItem"] as const satisfies Grant[]);
/** What a turn of deliveries does. */
const deliveryGrants = [
  "jobs:Query",
  "jobs:GetItem",
  "jobs:PutItem",
  "jobs:UpdateItem",
  "jobs:DeleteItem",
  "kms:Decrypt",
] as const satisfies Grant[];
/** Asking about a job, settling it and telling its webhook. */
const jobStatusGrants = /* @__PURE__ */ lazily(
  () => [...verifyKey, "usage:UpdateItem", ...byok, ...deliveryGrants] as const satisfies Grant[],
);
const imageGrants = /* @__PURE__ */ lazily(
  () =>
    [
      ...jobGrants,
      "secret:OpenaiApiKey",
      "secret:GoogleApiKey",
      "secret:FalApiKey",
      "secret:BflApiKey",
    ] as const satisfies Grant[],
);
const mediaLimit = /* @__PURE__ */ perKey("media", 60);
const signInLimit = /* @__PURE__ */ perAddress("sign-in", 10);
const imageLimit = /* @__PURE__ */ perKey("image", 30);
/** Of the endpoint, and of the models `concurred/council` and `concurred/council-budget` in every dialect. */
export const councilLimit = /* @__PURE__ */ perKey("council", 10);
/** All dialects count together. */
const chatLimit = /* @__PURE__ */ perKey("chat-completions", 60);

/**
 * Types of request bodies that API Gateway hands over as base64 instead of text, which would break files. All other types
 * stay text, compressed bodies included.
 */
export const binaryMediaTypes = ["multipart/form-data"] as const;

/** A row, as a constant: a function's bundle holds its own row instead of the whole table. */
const row = <const Row extends Route>(make: () => Row): Row => make();

export const healthRoute = /* @__PURE__ */ row(() => ({
  id: "Health",
  path: "/api/health",
  methods: ["GET"],
  handler: "functions/health.handler",
  auth: "none",
  ...buffered,
  memoryMb: 256,
  timeoutSeconds: 10,
  grants: ["keys:DescribeTable", "kms:DescribeKey", "secret:UnkeyRootKey", "secret:SupabaseAnonKey"],
}));

export const openApiRoute = /* @__PURE__ */ row(() => ({
  id: "OpenApi",
  path: "/api/openapi.json",
  methods: ["GET"],
  handler: "functions/openapi.handler",
  auth: "none",
  ...buffered,
  grants: [],
}));

export const chatCompletionsRoute = /* @__PURE__ */ row(() => ({
  id: "ChatCompletions",
  path: "/api/v1/chat/completions",
  methods: ["POST"],
  handler: "functions/chat-completions.handler",
  auth: "key",
  limit: chatLimit,
  ...generating,
  grants: [...chatGrants, ...session],
}));

export const messagesRoute = /* @__PURE__ */ row(() => ({
  id: "Messages",
  path: "/api/v1/messages",
  methods: ["POST"],
  handler: "functions/messages.handler",
  auth: "key",
  limit: chatLimit,
  ...generating,
  grants: chatGrants,
}));

/** The counts of one user over all keys, in addition to the limit of each key. */
export const countTokensLimit = /* @__PURE__ */ perUser("count-tokens-user", 240);

export const countTokensRoute = /* @__PURE__ */ row(() => ({
  id: "CountTokens",
  path: "/api/v1/messages/count_tokens",
  methods: ["POST"],
  handler: "functions/count-tokens.handler",
  auth: "key",
  limit: perKey("count-tokens", 120),
  ...generating,
  timeoutSeconds: 30,
  grants: [...verifyKey, ...byok, "secret:AnthropicApiKey"],
}));

export const embeddingsRoute = /* @__PURE__ */ row(() => ({
  id: "Embeddings",
  path: "/api/v1/embeddings",
  methods: ["POST"],
  handler: "functions/embeddings.handler",
  auth: "key",
  limit: perKey("embeddings", 120),
  ...generating,
  grants: [...generationGrants, "secret:OpenaiApiKey", "secret:GoogleApiKey", "bedrock:InvokeModel", bedrockRoles],
}));

export const responsesRoute = /* @__PURE__ */ row(() => ({
  id: "Responses",
  path: "/api/v1/responses",
  methods: ["POST"],
  handler: "functions/responses.handler",
  auth: "key",
  limit: chatLimit,
  ...generating,
  grants: chatGrants,
}));

export const responsesInputTokensRoute = /* @__PURE__ */ row(() => ({
  id: "ResponsesInputTokens",
  path: "/api/v1/responses/input_tokens",
  methods: ["POST"],
  handler: "functions/responses-input-tokens.handler",
  auth: "key",
  limit: perKey("count-tokens", 120),
  ...generating,
  timeoutSeconds: 30,
  grants: [...verifyKey, ...byok, "secret:OpenaiApiKey"],
}));

export const responsesCompactRoute = /* @__PURE__ */ row(() => ({
  id: "ResponsesCompact",
  path: "/api/v1/responses/compact",
  methods: ["POST"],
  handler: "functions/responses-compact.handler",
  auth: "key",
  limit: chatLimit,
  ...generating,
  grants: [...generationGrants, "secret:OpenaiApiKey"],
}));

export const modelsRoute = /* @__PURE__ */ row(() => ({
  id: "Models",
  path: "/api/v1/models",
  methods: ["GET"],
  handler: "functions/models.handler",
  auth: "key",
  limit: perKey("models", 120),
  ...buffered,
  grants: [...verifyKey, ...session],
}));

export const modelRoute = /* @__PURE__ */ row(() => ({
  id: "Model",
  // Greedy, since ids such as deepseek/deepseek-v3.2 hold a slash.
  path: "/api/v1/models/{id+}",
  methods: ["GET"],
  handler: "functions/model.handler",
  auth: "key",
  limit: perKey("models", 120),
  ...buffered,
  grants: [...verifyKey],
}));

export const cancelRequestRoute = /* @__PURE__ */ row(() => ({
  id: "CancelRequest",
  path: "/api/v1/requests/{id}/cancel",
  methods: ["POST"],
  handler: "functions/cancel-request.handler",
  auth: "key",
  limit: perKey("cancel", 120),
  ...buffered,
  grants: [...verifyKey, ...session],
}));

export const requestsRoute = /* @__PURE__ */ row(() => ({
  id: "Requests",
  path: "/api/v1/requests",
  methods: ["GET"],
  handler: "functions/requests.handler",
  auth: "key-or-session",
  limit: perKey("request-log", 120),
  ...buffered,
  grants: [...verifyKey, ...session, "usage:Query", "usage:Query/open", "rollups:Query"],
}));

export const requestRoute = /* @__PURE__ */ row(() => ({
  id: "Request",
  path: "/api/v1/requests/{id}",
  methods: ["GET"],
  handler: "functions/request.handler",
  auth: "key-or-session",
  limit: perKey("request-log", 120),
  ...buffered,
  grants: [...verifyKey, ...session, "usage:Query", "cache:GetItem", "kms:Decrypt"],
}));

export const requestFeedbackRoute = /* @__PURE__ */ row(() => ({
  id: "RequestFeedback",
  path: "/api/v1/requests/{id}/feedback",
  methods: ["POST"],
  handler: "functions/request-feedback.handler",
  auth: "key-or-session",
  limit: perKey("feedback", 120),
  ...buffered,
  grants: [...verifyKey, ...session, "usage:Query", "usage:UpdateItem"],
}));

export const keysRoute = /* @__PURE__ */ row(() => ({
  id: "Keys",
  path: "/api/v1/keys",
  methods: ["GET", "POST"],
  handler: "functions/keys.handler",
  auth: "session",
  limit: perUser("keys", 60),
  ...buffered,
  grants: [...keyGrants, "keys:Query", "keys:PutItem", "keys:GetItem", "kms:GenerateDataKey"],
}));

export const keyRoute = /* @__PURE__ */ row(() => ({
  id: "Key",
  path: "/api/v1/keys/{id}",
  methods: ["PATCH", "DELETE"],
  handler: "functions/key.handler",
  auth: "session",
  limit: perUser("keys", 60),
  ...buffered,
  grants: [...keyGrants, "keys:GetItem", "keys:Query", "kms:GenerateDataKey"],
}));

export const rotateKeyRoute = /* @__PURE__ */ row(() => ({
  id: "RotateKey",
  path: "/api/v1/keys/{id}/rotate",
  methods: ["POST"],
  handler: "functions/rotate-key.handler",
  auth: "session",
  limit: perUser("keys", 60),
  ...buffered,
  grants: [...keyGrants, "keys:GetItem", "keys:PutItem", "keys:Query"],
}));

export const providerKeysRoute = /* @__PURE__ */ row(() => ({
  id: "ProviderKeys",
  path: "/api/v1/provider-keys",
  methods: ["GET", "POST"],
  handler: "functions/provider-keys.handler",
  auth: "session",
  limit: perUser("provider-keys", 60),
  ...buffered,
  grants: [
    ...session,
    "secret:UnkeyRootKey",
    "keys:UpdateItem",
    "providerKeys:PutItem",
    "providerKeys:UpdateItem",
    "providerKeys:Query",
    "kms:GenerateDataKey",
    bedrockRoles,
  ],
}));

export const testProviderKeyRoute = /* @__PURE__ */ row(() => ({
  id: "TestProviderKey",
  path: "/api/v1/provider-keys/test",
  methods: ["POST"],
  handler: "functions/test-provider-key.handler",
  auth: "session",
  limit: perUser("provider-keys", 60),
  ...buffered,
  grants: [...session, "secret:UnkeyRootKey", "providerKeys:Query", "providerKeys:UpdateItem", bedrockRoles],
}));

export const providerKeyRoute = /* @__PURE__ */ row(() => ({
  id: "ProviderKey",
  path: "/api/v1/provider-keys/{id}",
  methods: ["PATCH", "DELETE"],
  handler: "functions/provider-key.handler",
  auth: "session",
  limit: perUser("provider-keys", 60),
  ...buffered,
  grants: [
    ...session,
    "secret:UnkeyRootKey",
    "providerKeys:DeleteItem",
    "providerKeys:UpdateItem",
    "providerKeys:Query",
  ],
}));

export const ownKeyRoute = /* @__PURE__ */ row(() => ({
  id: "OwnKey",
  path: "/api/v1/key",
  methods: ["GET"],
  handler: "functions/own-key.handler",
  auth: "key",
  limit: perKey("own-key", 120),
  ...buffered,
  grants: [...verifyKey],
}));

export const limitsRoute = /* @__PURE__ */ row(() => ({
  id: "Limits",
  path: "/api/v1/limits",
  methods: ["GET"],
  handler: "functions/limits.handler",
  auth: "key-or-session",
  limit: perKey("limits", 120),
  ...buffered,
  grants: [...verifyKey, ...session],
}));

export const usageRoute = /* @__PURE__ */ row(() => ({
  id: "Usage",
  path: "/api/v1/usage",
  methods: ["GET"],
  handler: "functions/usage.handler",
  auth: "key-or-session",
  limit: perKey("usage", 60),
  ...buffered,
  grants: [...verifyKey, ...session, "rollups:Query", "usage:Query"],
}));

export const presetsRoute = /* @__PURE__ */ row(() => ({
  id: "Presets",
  path: "/api/v1/presets",
  methods: ["GET", "POST"],
  handler: "functions/presets.handler",
  auth: "session",
  limit: perUser("presets", 60),
  ...buffered,
  grants: [...session, "secret:UnkeyRootKey", "keys:GetItem", "keys:UpdateItem"],
}));

export const presetRoute = /* @__PURE__ */ row(() => ({
  id: "Preset",
  path: "/api/v1/presets/{name}",
  methods: ["PATCH", "DELETE"],
  handler: "functions/preset.handler",
  auth: "session",
  limit: perUser("presets", 60),
  ...buffered,
  grants: [...session, "secret:UnkeyRootKey", "keys:GetItem", "keys:UpdateItem"],
}));

export const exportsRoute = /* @__PURE__ */ row(() => ({
  id: "Exports",
  path: "/api/v1/exports",
  methods: ["GET", "POST"],
  handler: "functions/exports.handler",
  auth: "session",
  limit: perUser("exports", 60),
  ...buffered,
  grants: [...session, "secret:UnkeyRootKey", "jobs:Query", "jobs:PutItem", "jobs:UpdateItem", "kms:GenerateDataKey"],
}));

export const exportRoute = /* @__PURE__ */ row(() => ({
  id: "Export",
  path: "/api/v1/exports/{id}",
  methods: ["PATCH", "DELETE"],
  handler: "functions/export.handler",
  auth: "session",
  limit: perUser("exports", 60),
  ...buffered,
  grants: [
    ...session,
    "secret:UnkeyRootKey",
    "jobs:GetItem",
    "jobs:PutItem",
    "jobs:UpdateItem",
    "jobs:DeleteItem",
    "kms:GenerateDataKey",
  ],
}));

export const deliveriesRoute = /* @__PURE__ */ row(() => ({
  id: "Deliveries",
  path: "/api/v1/deliveries",
  methods: ["GET"],
  handler: "functions/deliveries.handler",
  auth: "session",
  limit: perUser("deliveries", 60),
  ...buffered,
  grants: [...session, "secret:UnkeyRootKey", "jobs:Query"],
}));

export const accountRoute = /* @__PURE__ */ row(() => ({
  id: "Account",
  path: "/api/v1/account",
  methods: ["DELETE"],
  handler: "functions/account.handler",
  auth: "session",
  // A password is tried with it.
  limit: perUser("account", 5),
  ...buffered,
  grants: [
    ...session,
    "secret:UnkeyRootKey",
    "keys:GetItem",
    "keys:Query",
    "keys:UpdateItem",
    "jobs:GetItem",
    "jobs:PutItem",
  ],
}));

export const accountExportRoute = /* @__PURE__ */ row(() => ({
  id: "AccountExport",
  path: "/api/v1/account/export",
  methods: ["GET"],
  handler: "functions/account-export.handler",
  auth: "session",
  limit: perUser("account-export", 60),
  ...buffered,
  grants: [
    ...session,
    "secret:UnkeyRootKey",
    "keys:GetItem",
    "keys:Query",
    "providerKeys:Query",
    "jobs:Query",
    "rollups:Query",
    "usage:Query",
    "cache:Query",
    "kms:Decrypt",
  ],
}));

export const signInRoute = /* @__PURE__ */ row(() => ({
  id: "SignIn",
  path: "/api/auth/sign-in",
  methods: ["POST"],
  handler: "functions/auth/sign-in.handler",
  auth: "none",
  limit: signInLimit,
  ...buffered,
  grants: signInGrants,
}));

export const signUpRoute = /* @__PURE__ */ row(() => ({
  id: "SignUp",
  path: "/api/auth/sign-up",
  methods: ["POST"],
  handler: "functions/auth/sign-up.handler",
  auth: "none",
  limit: signInLimit,
  ...buffered,
  grants: signInGrants,
}));

export const magicLinkRoute = /* @__PURE__ */ row(() => ({
  id: "MagicLink",
  path: "/api/auth/magic-link",
  methods: ["POST"],
  handler: "functions/auth/magic-link.handler",
  auth: "none",
  limit: signInLimit,
  ...buffered,
  grants: signInGrants,
}));

export const resetPasswordRoute = /* @__PURE__ */ row(() => ({
  id: "ResetPassword",
  path: "/api/auth/reset-password",
  methods: ["POST"],
  handler: "functions/auth/reset-password.handler",
  auth: "none",
  limit: signInLimit,
  ...buffered,
  grants: signInGrants,
}));

export const oAuthRoute = /* @__PURE__ */ row(() => ({
  id: "OAuth",
  path: "/api/auth/oauth/{provider}",
  methods: ["GET"],
  handler: "functions/auth/oauth.handler",
  auth: "none",
  limit: perAddress("oauth", 30),
  ...buffered,
  grants: signInGrants,
}));

export const authCallbackRoute = /* @__PURE__ */ row(() => ({
  id: "AuthCallback",
  path: "/api/auth/callback",
  methods: ["GET", "POST"],
  handler: "functions/auth/callback.handler",
  auth: "none",
  limit: perAddress("oauth", 30),
  ...buffered,
  grants: signInGrants,
}));

export const sessionRoute = /* @__PURE__ */ row(() => ({
  id: "Session",
  path: "/api/auth/session",
  methods: ["GET"],
  handler: "functions/auth/session.handler",
  auth: "session",
  limit: perUser("session", 240),
  ...buffered,
  grants: signInGrants,
}));

export const signOutRoute = /* @__PURE__ */ row(() => ({
  id: "SignOut",
  path: "/api/auth/sign-out",
  methods: ["POST"],
  handler: "functions/auth/sign-out.handler",
  auth: "none",
  limit: perAddress("sign-out", 60),
  ...buffered,
  grants: signInGrants,
}));

export const updatePasswordRoute = /* @__PURE__ */ row(() => ({
  id: "UpdatePassword",
  path: "/api/auth/update-password",
  methods: ["POST"],
  handler: "functions/auth/update-password.handler",
  auth: "session",
  limit: perUser("update-password", 10),
  ...buffered,
  grants: signInGrants,
}));

export const dashboardRoute = /* @__PURE__ */ row(() => ({
  id: "Dashboard",
  path: "/dashboard",
  methods: ["GET"],
  handler: "functions/dashboard.handler",
  auth: "none",
  ...buffered,
  concurrency: "page",
  grants: [],
}));

export const dashboardAssetsRoute = /* @__PURE__ */ row(() => ({
  id: "DashboardAssets",
  path: "/dashboard/{proxy+}",
  methods: ["GET"],
  handler: "functions/dashboard-assets.handler",
  auth: "none",
  ...buffered,
  concurrency: "page",
  grants: [],
}));

export const docsRoute = /* @__PURE__ */ row(() => ({
  id: "Docs",
  path: "/docs",
  methods: ["GET"],
  handler: "functions/docs.handler",
  auth: "none",
  ...buffered,
  concurrency: "page",
  grants: [],
}));

export const docsPagesRoute = /* @__PURE__ */ row(() => ({
  id: "DocsPages",
  path: "/docs/{proxy+}",
  methods: ["GET"],
  handler: "functions/docs-pages.handler",
  auth: "none",
  ...buffered,
  concurrency: "page",
  grants: [],
}));

export const chatRoute = /* @__PURE__ */ row(() => ({
  id: "Chat",
  path: "/api/chat",
  methods: ["POST"],
  handler: "functions/chat.handler",
  auth: "key",
  limit: perKey("chat", 10),
  ...longGenerating,
  grants: [
    ...verifyKey,
    ...meter,
    ...byok,
    "cache:GetItem",
    ...replayed,
    ...chatProviders,
    "secret:ExaApiKey",
    ...session,
    ...arenaRatings,
  ],
}));

export const battleRoute = /* @__PURE__ */ row(() => ({
  id: "Battle",
  path: "/api/v1/battle",
  methods: ["POST"],
  handler: "functions/battle.handler",
  auth: "key",
  limit: perKey("battle", 20),
  ...longGenerating,
  grants: [...generationGrants, ...streamProviders, "secret:ExaApiKey", ...arenaRatings, ...session],
}));

export const fightRoute = /* @__PURE__ */ row(() => ({
  id: "Fight",
  path: "/api/v1/fight",
  methods: ["POST"],
  handler: "functions/fight.handler",
  auth: "key",
  limit: perKey("fight", 10),
  ...longGenerating,
  grants: [...generationGrants, ...streamProviders, "secret:ExaApiKey", ...arenaRatings, ...session],
}));

export const councilRoute = /* @__PURE__ */ row(() => ({
  id: "Council",
  path: "/api/v1/council",
  methods: ["POST"],
  handler: "functions/council.handler",
  auth: "key",
  limit: councilLimit,
  ...longGenerating,
  grants: [...generationGrants, ...streamProviders, "secret:ExaApiKey", ratings, ...session],
}));

export const voteRoute = /* @__PURE__ */ row(() => ({
  id: "Vote",
  path: "/api/v1/runs/{id}/vote",
  methods: ["POST"],
  handler: "functions/vote.handler",
  auth: "key-or-session",
  limit: perKey("vote", 120),
  ...buffered,
  grants: [...verifyKey, ...session, "rollups:GetItem", "rollups:PutItem", "rollups:UpdateItem"],
}));

export const leaderboardRoute = /* @__PURE__ */ row(() => ({
  id: "Leaderboard",
  path: "/api/v1/leaderboard",
  methods: ["GET", "PATCH"],
  handler: "functions/leaderboard.handler",
  auth: "key-or-session",
  limit: perKey("leaderboard", 120),
  ...buffered,
  grants: [...verifyKey, ...session, "rollups:GetItem", "rollups:PutItem", "rollups:Query"],
}));

export const mediaSpeechRoute = /* @__PURE__ */ row(() => ({
  id: "MediaSpeech",
  path: "/api/v1/media/speech",
  methods: ["POST"],
  handler: "functions/media-speech.handler",
  auth: "key",
  limit: mediaLimit,
  ...generating,
  grants: [...jobGrants, "secret:MinimaxApiKey"],
}));

export const mediaVoicesRoute = /* @__PURE__ */ row(() => ({
  id: "MediaVoices",
  path: "/api/v1/media/voices",
  methods: ["GET"],
  handler: "functions/media-voices.handler",
  auth: "key",
  limit: mediaLimit,
  ...waiting,
  grants: [...verifyKey, ...byok, "secret:MinimaxApiKey"],
}));

export const mediaMusicRoute = /* @__PURE__ */ row(() => ({
  id: "MediaMusic",
  path: "/api/v1/media/music",
  methods: ["POST"],
  handler: "functions/media-music.handler",
  auth: "key",
  limit: mediaLimit,
  ...generating,
  grants: [...jobGrants, "secret:MinimaxApiKey"],
}));

export const mediaImageRoute = /* @__PURE__ */ row(() => ({
  id: "MediaImage",
  path: "/api/v1/media/image",
  methods: ["POST"],
  handler: "functions/media-image.handler",
  auth: "key",
  limit: mediaLimit,
  ...generating,
  grants: [...jobGrants, "secret:MinimaxApiKey"],
}));

export const mediaVideoRoute = /* @__PURE__ */ row(() => ({
  id: "MediaVideo",
  path: "/api/v1/media/video",
  methods: ["POST"],
  handler: "functions/media-video.handler",
  auth: "key",
  limit: mediaLimit,
  ...generating,
  grants: [...jobGrants, "secret:MinimaxApiKey"],
}));

export const mediaVideoStatusRoute = /* @__PURE__ */ row(() => ({
  id: "MediaVideoStatus",
  path: "/api/v1/media/video/{taskId}",
  methods: ["GET"],
  handler: "functions/media-video-status.handler",
  auth: "key",
  limit: mediaLimit,
  ...waiting,
  grants: [...jobStatusGrants, "secret:MinimaxApiKey"],
}));

export const fashionRunRoute = /* @__PURE__ */ row(() => ({
  id: "FashionRun",
  path: "/api/v1/fashion/run",
  methods: ["POST"],
  handler: "functions/fashion-run.handler",
  auth: "key",
  limit: perKey("fashion-run", 30),
  ...generating,
  grants: [...jobGrants, "secret:FashnApiKey"],
}));

export const fashionStatusRoute = /* @__PURE__ */ row(() => ({
  id: "FashionStatus",
  path: "/api/v1/fashion/status/{id}",
  methods: ["GET"],
  handler: "functions/fashion-status.handler",
  auth: "key",
  limit: perKey("fashion-status", 40, 10_000),
  ...waiting,
  grants: [...jobStatusGrants, "secret:FashnApiKey"],
}));

export const fashionSubscribeRoute = /* @__PURE__ */ row(() => ({
  id: "FashionSubscribe",
  path: "/api/v1/fashion/subscribe",
  methods: ["POST"],
  handler: "functions/fashion-subscribe.handler",
  auth: "key",
  limit: perKey("fashion-subscribe", 30),
  ...longGenerating,
  grants: [...jobGrants, ...deliveryGrants, "secret:FashnApiKey"],
}));

export const imageGenerateRoute = /* @__PURE__ */ row(() => ({
  id: "ImageGenerate",
  path: "/api/v1/image/generate",
  methods: ["POST"],
  handler: "functions/image-generate.handler",
  auth: "key",
  limit: imageLimit,
  ...generating,
  grants: imageGrants,
}));

export const imageEditRoute = /* @__PURE__ */ row(() => ({
  id: "ImageEdit",
  path: "/api/v1/image/edit",
  methods: ["POST"],
  handler: "functions/image-edit.handler",
  auth: "key",
  limit: imageLimit,
  ...generating,
  grants: imageGrants,
}));

export const imagesGenerationsRoute = /* @__PURE__ */ row(() => ({
  id: "ImagesGenerations",
  path: "/api/v1/images/generations",
  methods: ["POST"],
  handler: "functions/images-generations.handler",
  auth: "key",
  limit: imageLimit,
  ...generating,
  grants: imageGrants,
}));

export const imagesEditsRoute = /* @__PURE__ */ row(() => ({
  id: "ImagesEdits",
  path: "/api/v1/images/edits",
  methods: ["POST"],
  handler: "functions/images-edits.handler",
  auth: "key",
  limit: imageLimit,
  ...generating,
  grants: imageGrants,
}));

export const audioSpeechRoute = /* @__PURE__ */ row(() => ({
  id: "AudioSpeech",
  path: "/api/v1/audio/speech",
  methods: ["POST"],
  handler: "functions/audio-speech.handler",
  auth: "key",
  limit: mediaLimit,
  ...generating,
  grants: [...generationGrants, "secret:OpenaiApiKey", "secret:MinimaxApiKey"],
}));

export const audioTranscriptionsRoute = /* @__PURE__ */ row(() => ({
  id: "AudioTranscriptions",
  path: "/api/v1/audio/transcriptions",
  methods: ["POST"],
  handler: "functions/audio-transcriptions.handler",
  auth: "key",
  limit: mediaLimit,
  ...generating,
  grants: [...generationGrants, "secret:OpenaiApiKey"],
}));

export const moderationsRoute = /* @__PURE__ */ row(() => ({
  id: "Moderations",
  path: "/api/v1/moderations",
  methods: ["POST"],
  handler: "functions/moderations.handler",
  auth: "key",
  limit: perKey("moderations", 60),
  ...generating,
  grants: [...verifyKey, ...meter, ...byok, "secret:OpenaiApiKey"],
}));

export const videoGenerateRoute = /* @__PURE__ */ row(() => ({
  id: "VideoGenerate",
  path: "/api/v1/video/generate",
  methods: ["POST"],
  handler: "functions/video-generate.handler",
  auth: "key",
  limit: perKey("video", 10),
  ...generating,
  grants: [...jobGrants, "secret:GoogleApiKey", "secret:FalApiKey"],
}));

export const videoStatusRoute = /* @__PURE__ */ row(() => ({
  id: "VideoStatus",
  path: "/api/v1/video/status",
  methods: ["GET"],
  handler: "functions/video-status.handler",
  auth: "key",
  limit: perKey("video-status", 60),
  ...generating,
  grants: [...jobStatusGrants, "secret:GoogleApiKey", "secret:FalApiKey"],
}));

export const mcpRoute = /* @__PURE__ */ row(() => ({
  id: "Mcp",
  path: "/api/mcp",
  methods: ["POST"],
  handler: "functions/mcp.handler",
  auth: "key",
  limit: perKey("mcp", 240),
  ...longGenerating,
  grants: [
    ...generationGrants,
    "cache:GetItem",
    "jobs:GetItem",
    "jobs:PutItem",
    "jobs:UpdateItem",
    ...chatProviders,
    "secret:ExaApiKey",
    "secret:FalApiKey",
    "secret:BflApiKey",
    ...arenaRatings,
  ],
}));

export const visionRoute = /* @__PURE__ */ row(() => ({
  id: "Vision",
  path: "/api/v1/vision",
  methods: ["GET", "POST"],
  handler: "functions/vision.handler",
  auth: "key",
  limit: perKey("vision", 60),
  ...generating,
  grants: [...generationGrants, ...streamProviders, ratings],
}));

export const jobsRoute = /* @__PURE__ */ row(() => ({
  id: "Jobs",
  path: "/api/v1/jobs",
  methods: ["GET"],
  handler: "functions/jobs.handler",
  auth: "key-or-session",
  limit: perKey("jobs", 120),
  ...buffered,
  grants: [...verifyKey, ...session, "jobs:Query", "jobs:UpdateItem"],
}));

export const jobContentRoute = /* @__PURE__ */ row(() => ({
  id: "JobContent",
  path: "/api/v1/jobs/{id}/content",
  methods: ["GET"],
  handler: "functions/job-content.handler",
  auth: "key-or-session",
  limit: perKey("job-content", 120),
  ...generating,
  grants: [...verifyKey, ...session, ...byok, "jobs:GetItem", "secret:GoogleApiKey"],
}));

/** All rows. */
export const routes = [
  healthRoute,
  openApiRoute,
  chatCompletionsRoute,
  messagesRoute,
  countTokensRoute,
  embeddingsRoute,
  responsesRoute,
  responsesInputTokensRoute,
  responsesCompactRoute,
  modelsRoute,
  modelRoute,
  cancelRequestRoute,
  requestsRoute,
  requestRoute,
  requestFeedbackRoute,
  keysRoute,
  keyRoute,
  rotateKeyRoute,
  providerKeysRoute,
  testProviderKeyRoute,
  providerKeyRoute,
  ownKeyRoute,
  limitsRoute,
  usageRoute,
  presetsRoute,
  presetRoute,
  exportsRoute,
  exportRoute,
  deliveriesRoute,
  accountRoute,
  accountExportRoute,
  signInRoute,
  signUpRoute,
  magicLinkRoute,
  resetPasswordRoute,
  oAuthRoute,
  authCallbackRoute,
  sessionRoute,
  signOutRoute,
  updatePasswordRoute,
  dashboardRoute,
  dashboardAssetsRoute,
  docsRoute,
  docsPagesRoute,
  chatRoute,
  battleRoute,
  fightRoute,
  councilRoute,
  voteRoute,
  leaderboardRoute,
  mediaSpeechRoute,
  mediaVoicesRoute,
  mediaMusicRoute,
  mediaImageRoute,
  mediaVideoRoute,
  mediaVideoStatusRoute,
  fashionRunRoute,
  fashionStatusRoute,
  fashionSubscribeRoute,
  imageGenerateRoute,
  imageEditRoute,
  imagesGenerationsRoute,
  imagesEditsRoute,
  audioSpeechRoute,
  audioTranscriptionsRoute,
  moderationsRoute,
  videoGenerateRoute,
  videoStatusRoute,
  mcpRoute,
  visionRoute,
  jobsRoute,
  jobContentRoute,
] as const satisfies readonly Route[];

export type RouteId = (typeof routes)[number]["id"];

/** What any path outside the table reaches: 404 in our envelope. */
export const catchAll = /* @__PURE__ */ row(() => ({
  id: "NotFound",
  path: "/{proxy+}",
  methods: ["GET", "POST", "PATCH", "DELETE"],
  handler: "functions/not-found.handler",
  auth: "none",
  ...buffered,
  memoryMb: 256,
  grants: [],
}));

/** Adding to the daily sums, alerts of budgets with their deliveries, and the last use of provider keys. */
const rollupGrants = [
  "rollups:PutItem",
  "rollups:UpdateItem",
  "keys:GetItem",
  "keys:Query",
  "keys:UpdateItem",
  "jobs:PutItem",
  "jobs:UpdateItem",
  "providerKeys:UpdateItem",
] as const satisfies Grant[];

/** Writing what is to be delivered to exports, with recorded content where they ask for it. */
const exportGrants = [
  "jobs:Query",
  "jobs:PutItem",
  "jobs:UpdateItem",
  "cache:GetItem",
  "cache:PutItem",
  "kms:Decrypt",
  "kms:GenerateDataKey",
] as const satisfies Grant[];

/** Revoking all keys of an account, and deleting its rows. */
const deletionGrants = [
  "secret:UnkeyRootKey",
  // Optional, and no other function's.
  "secret:SupabaseServiceRoleKey",
  "keys:GetItem",
  "keys:Query",
  // Marks are found by their keys' hashes; those of keys that older versions revoked by nothing else but their owner.
  "keys:Query/owner",
  "keys:PutItem",
  "keys:UpdateItem",
  "keys:DeleteItem",
  "keys:BatchWriteItem",
  "providerKeys:Query",
  "providerKeys:BatchWriteItem",
  "cache:Query",
  "cache:BatchWriteItem",
  "jobs:Query",
  "jobs:Query/due",
  "jobs:UpdateItem",
  "jobs:BatchWriteItem",
  "usage:Query",
  "usage:BatchWriteItem",
  // Votes that the user shares leave the stage's sums.
  "rollups:GetItem",
  "rollups:PutItem",
  "rollups:Query",
  "rollups:BatchWriteItem",
] as const satisfies Grant[];

const minuteOfWork = { timeoutSeconds: 60, memoryMb: 512 } as const;
const everyMinute = { schedule: "rate(1 minute)" } as const;

/** Functions that no path reaches. */
export const backgroundFunctions = /* @__PURE__ */ lazily(
  () =>
    [
      {
        id: "SweepUsage",
        handler: "functions/sweep-usage.handler",
        trigger: everyMinute,
        ...minuteOfWork,
        grants: ["usage:Query/open", "usage:UpdateItem", "keys:GetItem", "keys:UpdateItem"],
      },
      {
        id: "UsageRollup",
        handler: "functions/usage-rollup.handler",
        // An open row is settled later: only then is there anything to add.
        trigger: { stream: "usage", unless: { attribute: "status", value: "open" }, failedBatch: "bisect" },
        ...minuteOfWork,
        grants: rollupGrants,
      },
      {
        id: "ExportUsage",
        handler: "functions/export-usage.handler",
        // A function of its own: exports that cannot be made hold back no sums. Half a batch would be another message.
        trigger: { stream: "usage", unless: { attribute: "status", value: "open" }, failedBatch: "whole" },
        ...minuteOfWork,
        grants: exportGrants,
      },
      {
        id: "PollJobs",
        handler: "functions/poll-jobs.handler",
        trigger: everyMinute,
        ...minuteOfWork,
        grants: [
          "jobs:Query/due",
          "jobs:GetItem",
          "jobs:PutItem",
          "jobs:UpdateItem",
          "usage:UpdateItem",
          "keys:UpdateItem",
          ...byok,
          "secret:MinimaxApiKey",
          "secret:FashnApiKey",
          "secret:GoogleApiKey",
          "secret:FalApiKey",
        ],
      },
      {
        id: "SendDeliveries",
        handler: "functions/send-deliveries.handler",
        trigger: everyMinute,
        ...minuteOfWork,
        // A message of an export that holds recorded content lies among cached answers.
        grants: [...deliveryGrants, "jobs:Query/due", "cache:GetItem"],
      },
      {
        id: "DeleteAccounts",
        handler: "functions/delete-accounts.handler",
        trigger: everyMinute,
        ...minuteOfWork,
        grants: deletionGrants,
      },
    ] as const satisfies readonly BackgroundFunction[],
);

export type BackgroundId = (typeof backgroundFunctions)[number]["id"];

/** The row of a function. For tools and tests: a function imports its own row. Throws for an id that has none. */
export const routeById = (id: RouteId | "NotFound"): Route => {
  const route = [...routes, catchAll].find((each) => each.id === id);
  if (route === undefined) throw new Error(`The route table has no row ${id}`);
  return route;
};

/** Every Lambda of the program. */
export type FunctionId = RouteId | BackgroundId | "NotFound";
