import type { OperationTable } from "#core/openapi/operation.ts";
import { operations } from "#core/openapi/operations.ts";
import { type Method, type Route, type RouteId, routes } from "#core/routes.ts";
import { type HttpReply, type HttpRequest, request } from "#tests/accounts/support/gateway.ts";
import { type Tenant, withKey } from "./gateway.ts";

/**
 * A good request of every operation, so that attacks reach all of them: the type asks for a row of each route, and a test
 * (routes.test.ts) for each method.
 */

/** What a sample is made with. Each has a value that leads nowhere. */
export interface SampleParts {
  /** Goes into every free text: prompts, messages, names. */
  readonly text: string;
  readonly email: string;
  readonly password: string;
  readonly keyId: string;
  readonly providerKeyId: string;
  readonly providerKey: string;
  readonly slug: string;
  readonly requestId: string;
  readonly jobId: string;
  readonly exportId: string;
  readonly presetName: string;
}

export const nowhere: SampleParts = {
  text: "Hello",
  email: "nobody@test.local",
  password: "a-long-password-1",
  keyId: "key_none",
  providerKeyId: "pk_none",
  providerKey: "sk-mine-0123456789abcdef",
  slug: "mine",
  requestId: "req_0198d0de-0000-7000-8000-000000000000",
  jobId: "job_none",
  exportId: "exp_none",
  presetName: "none",
};

/** Path, query and body. */
export type Sample = Pick<HttpRequest, "path" | "body">;
type Samples = { readonly [Id in RouteId]: { readonly [Name in Method]?: (parts: SampleParts) => Sample } };

const photo = "https://images.example.com/a.png";
/** A picture's URL whose fragment holds a text: inputs of pictures have no prompt. */
const photoSaying = (text: string): string => `${photo}#${encodeURIComponent(text)}`;

const samples: Samples = {
  Health: { GET: () => ({ path: "/api/health" }) },
  OpenApi: { GET: () => ({ path: "/api/openapi.json" }) },
  ChatCompletions: {
    POST: ({ text }) => ({
      path: "/api/v1/chat/completions",
      body: { model: "gpt", messages: [{ role: "user", content: text }], retries: 0 },
    }),
  },
  Messages: {
    POST: ({ text }) => ({
      path: "/api/v1/messages",
      body: { model: "gpt", max_tokens: 100, messages: [{ role: "user", content: text }] },
    }),
  },
  CountTokens: {
    POST: ({ text }) => ({
      path: "/api/v1/messages/count_tokens",
      body: { model: "gpt", messages: [{ role: "user", content: text }] },
    }),
  },
  Embeddings: {
    POST: ({ text }) => ({ path: "/api/v1/embeddings", body: { model: "text-embedding-3-small", input: text } }),
  },
  Responses: { POST: ({ text }) => ({ path: "/api/v1/responses", body: { model: "gpt", input: text } }) },
  ResponsesInputTokens: {
    POST: ({ text }) => ({ path: "/api/v1/responses/input_tokens", body: { model: "gpt", input: text } }),
  },
  ResponsesCompact: {
    POST: ({ text }) => ({ path: "/api/v1/responses/compact", body: { model: "gpt", input: text } }),
  },
  Models: { GET: () => ({ path: "/api/v1/models" }) },
  Model: { GET: () => ({ path: "/api/v1/models/gpt" }) },
  CancelRequest: { POST: ({ requestId }) => ({ path: `/api/v1/requests/${requestId}/cancel` }) },
  Requests: { GET: ({ keyId }) => ({ path: `/api/v1/requests?key=${keyId}` }) },
  Request: { GET: ({ requestId }) => ({ path: `/api/v1/requests/${requestId}` }) },
  RequestFeedback: {
    POST: ({ requestId, text }) => ({
      path: `/api/v1/requests/${requestId}/feedback`,
      body: { score: 1, comment: text.slice(0, 2_000), tags: ["good"] },
    }),
  },
  Presets: {
    GET: () => ({ path: "/api/v1/presets" }),
    POST: () => ({ path: "/api/v1/presets", body: { name: "brief", settings: { model: "gpt", temperature: 0 } } }),
  },
  Preset: {
    PATCH: ({ presetName }) => ({ path: `/api/v1/presets/${presetName}`, body: { settings: { model: "gpt" } } }),
    DELETE: ({ presetName }) => ({ path: `/api/v1/presets/${presetName}` }),
  },
  Exports: {
    GET: () => ({ path: "/api/v1/exports" }),
    POST: ({ text }) => ({
      path: "/api/v1/exports",
      body: { kind: "webhook", url: "https://93.184.215.14/hook", headers: { "x-name": text.slice(0, 20) } },
    }),
  },
  Export: {
    PATCH: ({ exportId }) => ({ path: `/api/v1/exports/${exportId}`, body: { enabled: false } }),
    DELETE: ({ exportId }) => ({ path: `/api/v1/exports/${exportId}` }),
  },
  Deliveries: { GET: () => ({ path: "/api/v1/deliveries" }) },
  // A wrong password: the account is needed for the other samples.
  Account: { DELETE: ({ text }) => ({ path: "/api/v1/account", body: { password: `${text.slice(0, 900)}, wrong` } }) },
  AccountExport: { GET: () => ({ path: "/api/v1/account/export" }) },
  Keys: {
    GET: () => ({ path: "/api/v1/keys" }),
    POST: ({ text }) => ({ path: "/api/v1/keys", body: { name: text.slice(0, 100), rateLimit: 60 } }),
  },
  Key: {
    PATCH: ({ keyId, text }) => ({ path: `/api/v1/keys/${keyId}`, body: { name: text.slice(0, 100) } }),
    DELETE: ({ keyId }) => ({ path: `/api/v1/keys/${keyId}` }),
  },
  RotateKey: {
    POST: ({ keyId }) => ({ path: `/api/v1/keys/${keyId}/rotate`, body: { gracePeriodSeconds: 0 } }),
  },
  ProviderKeys: {
    GET: () => ({ path: "/api/v1/provider-keys" }),
    POST: ({ text, slug, providerKey }) => ({
      path: "/api/v1/provider-keys",
      body: { provider: "openai", slug, displayName: text.slice(0, 100), apiKey: providerKey },
    }),
  },
  TestProviderKey: {
    POST: ({ providerKey }) => ({
      path: "/api/v1/provider-keys/test",
      body: { provider: "openai", apiKey: providerKey },
    }),
  },
  ProviderKey: {
    PATCH: ({ providerKeyId, text }) => ({
      path: `/api/v1/provider-keys/${providerKeyId}`,
      body: { displayName: text.slice(0, 100) },
    }),
    DELETE: ({ providerKeyId }) => ({ path: `/api/v1/provider-keys/${providerKeyId}` }),
  },
  OwnKey: { GET: () => ({ path: "/api/v1/key" }) },
  Limits: { GET: () => ({ path: "/api/v1/limits" }) },
  Usage: { GET: ({ keyId }) => ({ path: `/api/v1/usage?keyId=${keyId}` }) },
  SignIn: { POST: ({ email, password }) => ({ path: "/api/auth/sign-in", body: { email, password } }) },
  SignUp: { POST: ({ email, password }) => ({ path: "/api/auth/sign-up", body: { email, password } }) },
  MagicLink: { POST: ({ email }) => ({ path: "/api/auth/magic-link", body: { email, next: "/dashboard" } }) },
  ResetPassword: { POST: ({ email }) => ({ path: "/api/auth/reset-password", body: { email } }) },
  OAuth: { GET: () => ({ path: "/api/auth/oauth/github?next=/dashboard" }) },
  AuthCallback: {
    GET: ({ text }) => ({ path: `/api/auth/callback?code=${encodeURIComponent(text)}` }),
    POST: ({ email }) => ({
      path: "/api/auth/callback",
      body: { tokenHash: "pkce_0123456789", type: "magiclink", email },
    }),
  },
  Session: { GET: () => ({ path: "/api/auth/session" }) },
  SignOut: { POST: () => ({ path: "/api/auth/sign-out", body: { everywhere: false } }) },
  UpdatePassword: { POST: ({ password }) => ({ path: "/api/auth/update-password", body: { password } }) },
  Dashboard: { GET: () => ({ path: "/dashboard" }) },
  DashboardAssets: { GET: () => ({ path: "/dashboard/keys" }) },
  Docs: { GET: () => ({ path: "/docs" }) },
  DocsPages: { GET: () => ({ path: "/docs/guide/chat" }) },
  Chat: { POST: ({ text }) => ({ path: "/api/chat", body: { mode: "chat", message: text } }) },
  Battle: { POST: ({ text }) => ({ path: "/api/v1/battle", body: { message: text, models: ["gpt", "claude"] } }) },
  Fight: {
    POST: ({ text }) => ({ path: "/api/v1/fight", body: { message: text, models: ["gpt", "claude"], rounds: 1 } }),
  },
  Council: {
    POST: ({ text }) => ({ path: "/api/v1/council", body: { message: text, models: ["gpt", "claude"] } }),
  },
  Mcp: {
    POST: ({ text }) => ({
      path: "/api/mcp",
      body: { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "chat", arguments: { message: text } } },
    }),
  },
  Vote: { POST: ({ requestId }) => ({ path: `/api/v1/runs/${requestId}/vote`, body: { winner: "agent-1" } }) },
  Leaderboard: {
    GET: () => ({ path: "/api/v1/leaderboard" }),
    PATCH: () => ({ path: "/api/v1/leaderboard", body: { share: false } }),
  },
  MediaSpeech: { POST: ({ text }) => ({ path: "/api/v1/media/speech", body: { text } }) },
  MediaVoices: { GET: () => ({ path: "/api/v1/media/voices?voice_type=system" }) },
  MediaMusic: {
    POST: ({ text }) => ({ path: "/api/v1/media/music", body: { prompt: text, is_instrumental: true } }),
  },
  MediaImage: { POST: ({ text }) => ({ path: "/api/v1/media/image", body: { prompt: text } }) },
  MediaVideo: { POST: ({ text }) => ({ path: "/api/v1/media/video", body: { prompt: text } }) },
  MediaVideoStatus: { GET: ({ jobId }) => ({ path: `/api/v1/media/video/${jobId}` }) },
  FashionRun: {
    POST: ({ text }) => ({
      path: "/api/v1/fashion/run",
      body: { model_name: "background-change", inputs: { image: photo, prompt: text } },
    }),
  },
  FashionStatus: { GET: ({ jobId }) => ({ path: `/api/v1/fashion/status/${jobId}` }) },
  FashionSubscribe: {
    POST: ({ text }) => ({
      path: "/api/v1/fashion/subscribe",
      body: { model_name: "background-remove", inputs: { image: photoSaying(text) } },
    }),
  },
  ImageGenerate: { POST: ({ text }) => ({ path: "/api/v1/image/generate", body: { prompt: text } }) },
  ImageEdit: {
    POST: ({ text }) => ({ path: "/api/v1/image/edit", body: { prompt: text, image_url: photo } }),
  },
  ImagesGenerations: { POST: ({ text }) => ({ path: "/api/v1/images/generations", body: { prompt: text } }) },
  ImagesEdits: {
    POST: ({ text }) => ({ path: "/api/v1/images/edits", body: { prompt: text, images: [{ image_url: photo }] } }),
  },
  AudioSpeech: {
    POST: ({ text }) => ({ path: "/api/v1/audio/speech", body: { model: "tts-1", input: text, voice: "alloy" } }),
  },
  AudioTranscriptions: {
    POST: ({ text }) => ({
      path: "/api/v1/audio/transcriptions",
      body: { model: "gpt-4o-transcribe", file: "data:audio/wav;base64,UklGRg==", prompt: text },
    }),
  },
  Moderations: { POST: ({ text }) => ({ path: "/api/v1/moderations", body: { input: text } }) },
  VideoGenerate: {
    POST: ({ text }) => ({ path: "/api/v1/video/generate", body: { model: "kling", prompt: text } }),
  },
  VideoStatus: { GET: ({ jobId }) => ({ path: `/api/v1/video/status?id=${jobId}` }) },
  Vision: {
    GET: ({ text }) => ({
      path: `/api/v1/vision?image_url=${encodeURIComponent(photo)}&prompt=${encodeURIComponent(text)}`,
    }),
    POST: ({ text }) => ({ path: "/api/v1/vision", body: { image_url: photo, prompt: text } }),
  },
  JobContent: { GET: ({ jobId }) => ({ path: `/api/v1/jobs/${jobId}/content` }) },
  Jobs: { GET: () => ({ path: "/api/v1/jobs?limit=10" }) },
};

export interface SampledOperation {
  readonly route: Route & { readonly id: RouteId };
  readonly method: Method;
  /** `POST /api/v1/keys`. */
  readonly name: string;
  readonly sample: (parts: SampleParts) => Sample;
  /** Names of the headers that the operation documents, in lower case. */
  readonly headers: readonly string[];
  /** Names of the query's fields. */
  readonly query: readonly string[];
}

const table: OperationTable = operations;

/** Every operation of the route table. */
export const sampledOperations: readonly SampledOperation[] = routes.flatMap((route) =>
  (route.methods as readonly Method[]).flatMap((method) => {
    const sample = samples[route.id][method];
    if (sample === undefined) return [];
    const operation = table[route.id]?.[method];
    return [
      {
        route,
        method,
        name: `${method} ${route.path}`,
        sample,
        headers: (operation?.headers ?? []).map(({ name }) => name.toLowerCase()),
        query: Object.keys(operation?.query?.shape ?? {}),
      },
    ];
  }),
);

type Headers = Readonly<Record<string, string>>;

/** Sends a sample as a tenant: by its key or by its session, as the route asks. */
export const sendAs = (
  tenant: Tenant,
  { route, method }: Pick<SampledOperation, "route" | "method">,
  sample: Sample,
  headers: Headers = {},
): Promise<HttpReply> => {
  const wanted = { method, ...sample, headers };
  if (route.auth === "key" || route.auth === "key-or-session") return withKey(tenant, wanted);
  if (route.auth === "session") return tenant.browser.clone().send(wanted);
  return request({ ...wanted, headers: { origin: "http://localhost:8787", ...headers } });
};
