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
  | "TransactWriteItems"
  | "DescribeTable";
type KmsAction = "GenerateDataKey" | "Decrypt" | "ReEncrypt" | "DescribeKey";

/** One thing that a function's role may do. Nothing else is allowed. */
export type Grant = `${TableId}:${TableAction}` | `kms:${KmsAction}` | `secret:${SecretName}`;

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
const verifyKey = ["secret:UnkeyRootKey", "keys:GetItem", "keys:PutItem", "keys:UpdateItem"] as const satisfies Grant[];
/** Round 2 and the end of a metered request: admission, the usage row, cancel flags. */
const meter = ["usage:PutItem", "usage:UpdateItem"] as const satisfies Grant[];
const byok = ["providerKeys:GetItem", "providerKeys:Query", "kms:Decrypt"] as const satisfies Grant[];
const cached = [
  "cache:GetItem",
  "cache:PutItem",
  "cache:UpdateItem",
  "cache:DeleteItem",
  "kms:GenerateDataKey",
] as const satisfies Grant[];
const chatSecrets = [
  "secret:OpenaiApiKey",
  "secret:AnthropicApiKey",
  "secret:GoogleApiKey",
  "secret:XaiApiKey",
  "secret:OpenrouterApiKey",
  "secret:MinimaxApiKey",
] as const satisfies Grant[];
const promptSecrets = ["secret:LangfusePublicKey", "secret:LangfuseSecretKey"] as const satisfies Grant[];
/** A chat completion, whatever the dialect in which it is asked for. */
const chatGrants = [
  ...verifyKey,
  ...meter,
  ...byok,
  ...cached,
  ...chatSecrets,
  ...promptSecrets,
] as const satisfies Grant[];
const session = ["secret:SupabaseAnonKey"] as const satisfies Grant[];

/** Signing in and out. */
const signInGrants = [...session, "secret:UnkeyRootKey"] as const satisfies Grant[];
/** Managing API keys. */
const keyGrants = [
  ...session,
  "secret:UnkeyRootKey",
  "keys:GetItem",
  "keys:PutItem",
  "keys:UpdateItem",
  "keys:Query",
  "keys:DeleteItem",
] as const satisfies Grant[];

const generating = { stream: true, memoryMb: 1024, timeoutSeconds: 330, concurrency: "stream" } as const;
/** POST with an API key, streamed. */
const generatingPost = { ...generating, methods: ["POST"], auth: "key" } as const;
const longGenerating = { ...generating, timeoutSeconds: 900 } as const;
const longGeneratingPost = { ...longGenerating, methods: ["POST"], auth: "key" } as const;
const buffered = { stream: false, memoryMb: 512, timeoutSeconds: 29, concurrency: "api" } as const;
const bufferedGet = { ...buffered, methods: ["GET"], auth: "key" } as const;
const forSession = { ...buffered, auth: "session" } as const;
const forBoth = { ...buffered, auth: "key-or-session" } as const;
/** Without credentials. */
const openGet = { ...buffered, methods: ["GET"], auth: "none" } as const;
const openPost = { ...openGet, methods: ["POST"] } as const;
const mediaGrants = [...verifyKey, ...meter, ...byok, ...cached] as const satisfies Grant[];
/** What a URL leads to is put among the caller's jobs. */
const rememberGrants = [...mediaGrants, "jobs:PutItem"] as const satisfies Grant[];
const jobGrants = [...mediaGrants, "jobs:GetItem", "jobs:PutItem", "jobs:UpdateItem"] as const satisfies Grant[];
/** Asking about a job, settling it and telling its webhook. */
const jobStatusGrants = [...verifyKey, ...meter, ...byok, "jobs:GetItem", "jobs:UpdateItem"] as const satisfies Grant[];
const videoSecrets = ["secret:GoogleApiKey", "secret:FalApiKey"] as const satisfies Grant[];
const imageGrants = [
  ...jobGrants,
  "secret:OpenaiApiKey",
  ...videoSecrets,
  "secret:BflApiKey",
] as const satisfies Grant[];
const keysLimit = perUser("keys", 60);
const mediaLimit = perKey("media", 60);
const signInLimit = perAddress("sign-in", 10);
const imageLimit = perKey("image", 30);
/** All dialects count together. */
const chatLimit = perKey("chat-completions", 60);

/**
 * Types of request bodies that API Gateway hands over as base64 instead of text, which would break files. All other types
 * stay text, compressed bodies included.
 */
export const binaryMediaTypes = ["multipart/form-data"] as const;

export const routes = [
  {
    id: "Health",
    path: "/api/health",
    handler: "functions/health.handler",
    ...openGet,
    memoryMb: 256,
    timeoutSeconds: 10,
    grants: ["keys:DescribeTable", "kms:DescribeKey", "secret:UnkeyRootKey", "secret:SupabaseAnonKey"],
  },
  {
    id: "OpenApi",
    path: "/api/openapi.json",
    handler: "functions/openapi.handler",
    ...openGet,
    grants: [],
  },
  {
    id: "ChatCompletions",
    path: "/api/v1/chat/completions",
    handler: "functions/chat-completions.handler",
    limit: chatLimit,
    ...generatingPost,
    grants: chatGrants,
  },
  {
    id: "Messages",
    path: "/api/v1/messages",
    handler: "functions/messages.handler",
    limit: chatLimit,
    ...generatingPost,
    grants: chatGrants,
  },
  {
    id: "CountTokens",
    path: "/api/v1/messages/count_tokens",
    handler: "functions/count-tokens.handler",
    limit: perKey("count-tokens", 120),
    ...generatingPost,
    timeoutSeconds: 30,
    grants: [...verifyKey, ...meter, ...byok, "secret:AnthropicApiKey"],
  },
  {
    id: "Embeddings",
    path: "/api/v1/embeddings",
    handler: "functions/embeddings.handler",
    limit: perKey("embeddings", 120),
    ...generatingPost,
    grants: [...verifyKey, ...meter, ...byok, ...cached, "secret:OpenaiApiKey", "secret:GoogleApiKey"],
  },
  {
    id: "Responses",
    path: "/api/v1/responses",
    handler: "functions/responses.handler",
    limit: chatLimit,
    ...generatingPost,
    grants: chatGrants,
  },
  {
    id: "ResponsesInputTokens",
    path: "/api/v1/responses/input_tokens",
    methods: ["POST"],
    handler: "functions/responses-input-tokens.handler",
    auth: "key",
    limit: perKey("count-tokens", 120),
    ...generating,
    timeoutSeconds: 30,
    grants: [...verifyKey, ...meter, ...byok, "secret:OpenaiApiKey"],
  },
  {
    id: "ResponsesCompact",
    path: "/api/v1/responses/compact",
    methods: ["POST"],
    handler: "functions/responses-compact.handler",
    auth: "key",
    limit: chatLimit,
    ...generating,
    grants: [...verifyKey, ...meter, ...byok, ...cached, "secret:OpenaiApiKey"],
  },
  {
    id: "Models",
    path: "/api/v1/models",
    handler: "functions/models.handler",
    limit: perKey("models", 120),
    ...bufferedGet,
    grants: [...verifyKey],
  },
  {
    id: "Model",
    // Greedy, since ids such as deepseek/deepseek-v3.2 hold a slash.
    path: "/api/v1/models/{id+}",
    handler: "functions/model.handler",
    limit: perKey("models", 120),
    ...bufferedGet,
    grants: [...verifyKey],
  },
  {
    id: "CancelRequest",
    path: "/api/v1/requests/{id}/cancel",
    methods: ["POST"],
    handler: "functions/cancel-request.handler",
    auth: "key",
    limit: perKey("cancel", 120),
    ...buffered,
    grants: [...verifyKey],
  },
  {
    id: "Keys",
    path: "/api/v1/keys",
    methods: ["GET", "POST"],
    handler: "functions/keys.handler",
    limit: keysLimit,
    ...forSession,
    grants: keyGrants,
  },
  {
    id: "Key",
    path: "/api/v1/keys/{id}",
    methods: ["PATCH", "DELETE"],
    handler: "functions/key.handler",
    limit: keysLimit,
    ...forSession,
    grants: keyGrants,
  },
  {
    id: "RotateKey",
    path: "/api/v1/keys/{id}/rotate",
    methods: ["POST"],
    handler: "functions/rotate-key.handler",
    limit: keysLimit,
    ...forSession,
    grants: keyGrants,
  },
  {
    id: "ProviderKeys",
    path: "/api/v1/provider-keys",
    methods: ["GET", "POST"],
    handler: "functions/provider-keys.handler",
    limit: perUser("provider-keys", 60),
    ...forSession,
    grants: [
      ...session,
      "secret:UnkeyRootKey",
      "providerKeys:PutItem",
      "providerKeys:UpdateItem",
      "providerKeys:Query",
      "providerKeys:TransactWriteItems",
      "kms:GenerateDataKey",
      "keys:GetItem",
    ],
  },
  {
    id: "ProviderKey",
    path: "/api/v1/provider-keys/{id}",
    methods: ["DELETE"],
    handler: "functions/provider-key.handler",
    limit: perUser("provider-keys", 60),
    ...forSession,
    grants: [
      ...session,
      "secret:UnkeyRootKey",
      "providerKeys:DeleteItem",
      "providerKeys:UpdateItem",
      "providerKeys:GetItem",
      "providerKeys:Query",
      "providerKeys:TransactWriteItems",
      "keys:GetItem",
    ],
  },
  {
    id: "Usage",
    path: "/api/v1/usage",
    methods: ["GET"],
    handler: "functions/usage.handler",
    limit: perKey("usage", 60),
    ...forBoth,
    grants: [...verifyKey, ...session, "rollups:Query", "rollups:GetItem"],
  },
  {
    id: "SignIn",
    path: "/api/auth/sign-in",
    handler: "functions/auth/sign-in.handler",
    limit: signInLimit,
    ...openPost,
    grants: signInGrants,
  },
  {
    id: "SignUp",
    path: "/api/auth/sign-up",
    handler: "functions/auth/sign-up.handler",
    limit: signInLimit,
    ...openPost,
    grants: signInGrants,
  },
  {
    id: "MagicLink",
    path: "/api/auth/magic-link",
    handler: "functions/auth/magic-link.handler",
    limit: signInLimit,
    ...openPost,
    grants: signInGrants,
  },
  {
    id: "ResetPassword",
    path: "/api/auth/reset-password",
    handler: "functions/auth/reset-password.handler",
    limit: signInLimit,
    ...openPost,
    grants: signInGrants,
  },
  {
    id: "OAuth",
    path: "/api/auth/oauth/{provider}",
    handler: "functions/auth/oauth.handler",
    limit: perAddress("oauth", 30),
    ...openGet,
    grants: signInGrants,
  },
  {
    id: "AuthCallback",
    path: "/api/auth/callback",
    methods: ["GET", "POST"],
    handler: "functions/auth/callback.handler",
    auth: "none",
    limit: perAddress("oauth", 30),
    ...buffered,
    grants: signInGrants,
  },
  {
    id: "Session",
    path: "/api/auth/session",
    methods: ["GET"],
    handler: "functions/auth/session.handler",
    limit: perUser("session", 240),
    ...forSession,
    grants: signInGrants,
  },
  {
    id: "SignOut",
    path: "/api/auth/sign-out",
    handler: "functions/auth/sign-out.handler",
    limit: perAddress("sign-out", 60),
    ...openPost,
    grants: signInGrants,
  },
  {
    id: "UpdatePassword",
    path: "/api/auth/update-password",
    methods: ["POST"],
    handler: "functions/auth/update-password.handler",
    limit: perUser("update-password", 10),
    ...forSession,
    grants: signInGrants,
  },
  {
    id: "Dashboard",
    path: "/dashboard",
    handler: "functions/dashboard.handler",
    ...openGet,
    concurrency: "page",
    grants: [],
  },
  {
    id: "DashboardAssets",
    path: "/dashboard/{proxy+}",
    handler: "functions/dashboard-assets.handler",
    ...openGet,
    concurrency: "page",
    grants: [],
  },
  {
    id: "Chat",
    path: "/api/chat",
    handler: "functions/chat.handler",
    limit: perKey("chat", 10),
    ...longGeneratingPost,
    grants: [...verifyKey, ...meter, ...byok, ...cached, ...chatSecrets, "secret:ExaApiKey"],
  },
  {
    id: "Battle",
    path: "/api/v1/battle",
    handler: "functions/battle.handler",
    limit: perKey("battle", 20),
    ...longGeneratingPost,
    grants: [...verifyKey, ...meter, ...byok, ...cached, ...chatSecrets, "secret:ExaApiKey"],
  },
  {
    id: "Fight",
    path: "/api/v1/fight",
    handler: "functions/fight.handler",
    limit: perKey("fight", 10),
    ...longGeneratingPost,
    grants: [...verifyKey, ...meter, ...byok, ...cached, ...chatSecrets, "secret:ExaApiKey"],
  },
  {
    id: "MediaSpeech",
    path: "/api/v1/media/speech",
    handler: "functions/media-speech.handler",
    limit: mediaLimit,
    ...generatingPost,
    grants: [...rememberGrants, "secret:MinimaxApiKey"],
  },
  {
    id: "MediaVoices",
    path: "/api/v1/media/voices",
    handler: "functions/media-voices.handler",
    limit: mediaLimit,
    ...bufferedGet,
    grants: [...verifyKey, ...byok, "secret:MinimaxApiKey"],
  },
  {
    id: "MediaMusic",
    path: "/api/v1/media/music",
    handler: "functions/media-music.handler",
    limit: mediaLimit,
    ...generatingPost,
    grants: [...rememberGrants, "secret:MinimaxApiKey"],
  },
  {
    id: "MediaImage",
    path: "/api/v1/media/image",
    handler: "functions/media-image.handler",
    limit: mediaLimit,
    ...generatingPost,
    grants: [...rememberGrants, "secret:MinimaxApiKey"],
  },
  {
    id: "MediaVideo",
    path: "/api/v1/media/video",
    handler: "functions/media-video.handler",
    limit: mediaLimit,
    ...generatingPost,
    grants: [...jobGrants, "secret:MinimaxApiKey"],
  },
  {
    id: "MediaVideoStatus",
    path: "/api/v1/media/video/{taskId}",
    handler: "functions/media-video-status.handler",
    limit: mediaLimit,
    ...bufferedGet,
    grants: [...jobStatusGrants, "secret:MinimaxApiKey"],
  },
  {
    id: "FashionRun",
    path: "/api/v1/fashion/run",
    handler: "functions/fashion-run.handler",
    limit: perKey("fashion-run", 30),
    ...generatingPost,
    grants: [...jobGrants, "secret:FashnApiKey"],
  },
  {
    id: "FashionStatus",
    path: "/api/v1/fashion/status/{id}",
    handler: "functions/fashion-status.handler",
    limit: perKey("fashion-status", 40, 10_000),
    ...bufferedGet,
    grants: [...jobStatusGrants, "secret:FashnApiKey"],
  },
  {
    id: "FashionSubscribe",
    path: "/api/v1/fashion/subscribe",
    handler: "functions/fashion-subscribe.handler",
    limit: perKey("fashion-subscribe", 30),
    ...longGeneratingPost,
    grants: [...jobGrants, "secret:FashnApiKey"],
  },
  {
    id: "ImageGenerate",
    path: "/api/v1/image/generate",
    handler: "functions/image-generate.handler",
    limit: imageLimit,
    ...generatingPost,
    grants: imageGrants,
  },
  {
    id: "ImageEdit",
    path: "/api/v1/image/edit",
    handler: "functions/image-edit.handler",
    limit: imageLimit,
    ...generatingPost,
    grants: imageGrants,
  },
  {
    id: "ImagesGenerations",
    path: "/api/v1/images/generations",
    handler: "functions/images-generations.handler",
    limit: imageLimit,
    ...generatingPost,
    grants: imageGrants,
  },
  {
    id: "ImagesEdits",
    path: "/api/v1/images/edits",
    handler: "functions/images-edits.handler",
    limit: imageLimit,
    ...generatingPost,
    grants: imageGrants,
  },
  {
    id: "AudioSpeech",
    path: "/api/v1/audio/speech",
    handler: "functions/audio-speech.handler",
    limit: mediaLimit,
    ...generatingPost,
    grants: [...rememberGrants, "secret:OpenaiApiKey", "secret:MinimaxApiKey"],
  },
  {
    id: "AudioTranscriptions",
    path: "/api/v1/audio/transcriptions",
    handler: "functions/audio-transcriptions.handler",
    limit: mediaLimit,
    ...generatingPost,
    grants: [...mediaGrants, "secret:OpenaiApiKey"],
  },
  {
    id: "Moderations",
    path: "/api/v1/moderations",
    handler: "functions/moderations.handler",
    limit: perKey("moderations", 60),
    ...generatingPost,
    grants: [...verifyKey, ...meter, ...byok, "secret:OpenaiApiKey"],
  },
  {
    id: "VideoGenerate",
    path: "/api/v1/video/generate",
    handler: "functions/video-generate.handler",
    limit: perKey("video", 10),
    ...generatingPost,
    grants: [...jobGrants, ...videoSecrets],
  },
  {
    id: "VideoStatus",
    path: "/api/v1/video/status",
    methods: ["GET"],
    handler: "functions/video-status.handler",
    auth: "key",
    limit: perKey("video-status", 60),
    ...generating,
    grants: [...jobStatusGrants, ...videoSecrets],
  },
  {
    id: "Vision",
    path: "/api/v1/vision",
    methods: ["GET", "POST"],
    handler: "functions/vision.handler",
    auth: "key",
    limit: perKey("vision", 60),
    ...generating,
    grants: [...verifyKey, ...meter, ...byok, ...cached, ...chatSecrets],
  },
  {
    id: "Jobs",
    path: "/api/v1/jobs",
    methods: ["GET"],
    handler: "functions/jobs.handler",
    limit: perKey("jobs", 120),
    ...forBoth,
    grants: [...verifyKey, ...session, "jobs:Query", "jobs:UpdateItem"],
  },
  {
    id: "JobContent",
    path: "/api/v1/jobs/{id}/content",
    methods: ["GET"],
    handler: "functions/job-content.handler",
    auth: "key-or-session",
    limit: perKey("job-content", 120),
    ...generating,
    grants: [...verifyKey, ...session, ...byok, "jobs:GetItem", "secret:GoogleApiKey"],
  },
] as const satisfies readonly Route[];

export type RouteId = (typeof routes)[number]["id"];

/** What any path outside the table reaches: 404 in our envelope. */
export const catchAll = {
  id: "NotFound",
  path: "/{proxy+}",
  methods: ["GET", "POST", "PATCH", "DELETE"],
  handler: "functions/not-found.handler",
  auth: "none",
  ...buffered,
  memoryMb: 256,
  grants: [],
} as const satisfies Route;

/** Functions that no path reaches. */
export const backgroundFunctions = [
  {
    id: "SweepUsage",
    handler: "functions/sweep-usage.handler",
    trigger: { schedule: "rate(1 minute)" },
    timeoutSeconds: 60,
    memoryMb: 512,
    grants: ["usage:Query", "usage:UpdateItem", "keys:UpdateItem"],
  },
  {
    id: "UsageRollup",
    handler: "functions/usage-rollup.handler",
    // An open row is settled later: only then is there anything to add.
    trigger: { stream: "usage", unless: { attribute: "status", value: "open" } },
    timeoutSeconds: 60,
    memoryMb: 512,
    grants: ["rollups:PutItem", "rollups:UpdateItem", "rollups:TransactWriteItems"],
  },
  {
    id: "PollJobs",
    handler: "functions/poll-jobs.handler",
    trigger: { schedule: "rate(1 minute)" },
    timeoutSeconds: 60,
    memoryMb: 512,
    grants: [
      "jobs:Query",
      "jobs:GetItem",
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
] as const satisfies readonly BackgroundFunction[];

export type BackgroundId = (typeof backgroundFunctions)[number]["id"];

const byId: ReadonlyMap<string, Route> = new Map<string, Route>(
  [...routes, catchAll].map((route) => [route.id, route]),
);

/** The row of a function. Throws for an id that the table does not have: a programmer's error. */
export const routeById = (id: RouteId | "NotFound"): Route => {
  const route = byId.get(id);
  if (route === undefined) throw new Error(`The route table has no row ${id}`);
  return route;
};

/** Every Lambda of the program. */
export type FunctionId = RouteId | BackgroundId | "NotFound";
