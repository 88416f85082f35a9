import * as z from "zod";
import { mcpAnswer, messageSchema } from "#core/mcp/message.ts";
import { accountExportQueryFields, deleteAccountSchema } from "#core/schemas/account.ts";
import * as answers from "#core/schemas/answers.ts";
import { arenaChatSchema, battleSchema, fightSchema } from "#core/schemas/arena.ts";
import { arenaChatAnswer, battleAnswer } from "#core/schemas/arena-answers.ts";
import { arenaEventData } from "#core/schemas/arena-events.ts";
import {
  confirmSignInSchema,
  magicLinkSchema,
  resetPasswordSchema,
  signInSchema,
  signOutSchema,
  signUpSchema,
  updatePasswordSchema,
} from "#core/schemas/auth.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";
import { councilSchema } from "#core/schemas/council.ts";
import { councilAnswer, councilEventData } from "#core/schemas/council-events.ts";
import { embeddingRequestSchema } from "#core/schemas/embeddings.ts";
import { createExportSchema, patchExportSchema } from "#core/schemas/exports.ts";
import { createKeySchema, patchKeySchema, rotateKeySchema } from "#core/schemas/keys.ts";
import { countTokensRequestSchema, messagesRequestSchema } from "#core/schemas/messages.ts";
import { messageAnswer, messageEvent, tokenCount } from "#core/schemas/messages-answers.ts";
import { createPresetSchema, replacePresetSchema } from "#core/schemas/presets.ts";
import {
  createProviderKeySchema,
  testProviderKeySchema,
  updateProviderKeySchema,
} from "#core/schemas/provider-keys.ts";
import { leaderboardPatchSchema, leaderboardQueryFields, voteBodySchema } from "#core/schemas/ratings.ts";
import { feedbackBodySchema, requestsQueryFields } from "#core/schemas/requests.ts";
import { responsesRequestSchema } from "#core/schemas/responses.ts";
import { arenaTranscript } from "./arena-transcript.ts";
import { councilTranscript } from "./council-transcript.ts";
import { mediaOperations } from "./media-operations.ts";
import type { Answer, HeaderParameter, OperationTable } from "./operation.ts";

/** What the route table does not say of an operation: its words, its bodies and its headers. */

const idempotencyKey: HeaderParameter = {
  name: "Idempotency-Key",
  schema: z.string().min(1).max(255),
  description:
    "A repeated key with the same body and headers replays the first response for 24 hours. `X-Cache` and `X-Cache-TTL` may differ.",
};

const tags: HeaderParameter = {
  name: "X-Tags",
  schema: z.string(),
  description: "Up to 16 tags such as `team=search,env=prod`, 1 KB in all. Usage is summed by their values.",
};

const generationHeaders: readonly HeaderParameter[] = [
  idempotencyKey,
  tags,
  {
    name: "X-Cache",
    schema: z.literal("no-cache"),
    description: "Bypass the cache: neither read nor store the answer.",
  },
  {
    name: "X-Cache-TTL",
    schema: z.int().min(60).max(86_400),
    description: "Seconds to keep the answer in the cache; default 3600.",
  },
  {
    name: "X-Guardrails",
    schema: z.string(),
    description: "`pii`, `content_moderation`, or both, separated by a comma.",
  },
  {
    name: "X-Provider-Key",
    schema: z.string(),
    description: "Slug of the stored provider key that pays for this request.",
  },
];

/** The gateway's fields of a chat completion, for clients that cannot add them to the body. */
const fieldHeaders: readonly HeaderParameter[] = [
  {
    name: "X-Fallback",
    schema: z.string(),
    description: "Up to 8 models to try next, separated by commas: the field `fallback`.",
  },
  {
    name: "X-Load-Balance",
    schema: z.string(),
    description:
      "The field `load_balance`, such as `weighted; gpt=3, claude=1@team`: a strategy, then models with weight and provider key.",
  },
  { name: "X-Retries", schema: z.int().min(0).max(5), description: "The field `retries`." },
  {
    name: "X-Timeout-Ms",
    schema: z.int().min(1).max(300_000),
    description: "Milliseconds for the whole request: the field `timeout`.",
  },
  {
    name: "X-Provider-Preferences",
    schema: z.string(),
    description: "A JSON object with the provider preferences: the field `provider`.",
  },
];

const anthropicHeaders: readonly HeaderParameter[] = [
  { name: "anthropic-version", schema: z.string(), description: "Version of Anthropic's API." },
  {
    name: "anthropic-beta",
    schema: z.string(),
    description:
      "Names of Anthropic's beta features, separated by commas. Features that the model's provider lacks are dropped.",
  },
];
const modelsQuery = z.object({
  limit: z.int().min(1).max(1_000).optional().describe("Models per page; all unless given"),
  after_id: z.string().optional().describe("List what follows this id"),
  before_id: z.string().optional().describe("List what precedes this id"),
});
const betaQuery = z.object({ beta: z.string().optional().describe("Anthropic's clients send it; it has no effect") });

/** Of endpoints that generate something else than a chat completion. */
const payingHeaders: readonly HeaderParameter[] = [
  idempotencyKey,
  tags,
  ...generationHeaders.filter(({ name }) => name === "X-Provider-Key"),
];
/** Of an endpoint that is a chat completion in one of its modes. */
const chatModeHeaders: readonly HeaderParameter[] = generationHeaders.map((header) =>
  payingHeaders.includes(header) ? header : { ...header, description: `Only in mode \`chat\`. ${header.description}` },
);
const arenaStream = { events: arenaEventData, eventsExample: arenaTranscript };

const usageQuery = z.object({
  from: z.iso.date().optional().describe("First UTC day"),
  to: z.iso.date().optional().describe("Last UTC day, inclusive; at most 366 days"),
  keyId: z.string().optional().describe("Restrict to one API key"),
  tag: z.string().optional().describe("Also sum by the values of this tag; not together with keyId"),
  series: z
    .enum(["day", "hour"])
    .optional()
    .describe("Also show usage over time, by model. `hour` is for one day and counts requests that have ended"),
  cursor: z.string().optional().describe("`series.nextCursor` of the page before"),
});

const nextQuery = z.object({ next: z.string().optional().describe("Local path to redirect to after sign-in") });
const created = (json: z.ZodType): [Answer] => [{ status: 201, description: "Created", json }];
const ok = (json: z.ZodType): [Answer] => [{ status: 200, description: "OK", json }];
const noContent: [Answer] = [{ status: 204, description: "No content" }];
const unchanged: Answer = { status: 304, description: "Not modified" };
const redirect: [Answer] = [{ status: 303, description: "Redirect" }];

/** Every operation that is served. A test holds it complete against the route table. */
export const operations: OperationTable = {
  ...mediaOperations(payingHeaders),
  Health: {
    GET: {
      summary: "Check liveness; `?deep=1` reports each dependency",
      tag: "Platform",
      query: z.object({ deep: z.literal("1").optional() }),
      answers: [
        { status: 200, description: "Alive", json: answers.healthAnswer },
        { status: 503, description: "A dependency is down", json: answers.healthAnswer },
      ],
    },
  },
  OpenApi: {
    GET: { summary: "Get this OpenAPI document", tag: "Platform", answers: ok(z.looseObject({ openapi: z.string() })) },
  },
  ChatCompletions: {
    POST: {
      summary: "Create a chat completion",
      tag: "Generation",
      body: chatRequestSchema,
      headers: [...generationHeaders, ...fieldHeaders],
      answers: [
        {
          status: 200,
          description: "The completion; with `stream: true`, its chunks",
          json: answers.completionAnswer,
          events: z.union([answers.completionChunk, answers.errorAnswer]),
        },
      ],
    },
  },
  Messages: {
    POST: {
      summary: "Create a message in Anthropic's dialect",
      tag: "Generation",
      body: messagesRequestSchema,
      query: betaQuery,
      headers: [...generationHeaders, ...fieldHeaders, ...anthropicHeaders],
      errors: "MessagesError",
      answers: [
        {
          status: 200,
          description: "The message; with `stream: true`, its events",
          json: messageAnswer,
          events: messageEvent,
        },
      ],
    },
  },
  CountTokens: {
    POST: {
      summary: "Count the input tokens of a message; `X-Token-Count: estimated` marks an estimate",
      tag: "Generation",
      body: countTokensRequestSchema,
      query: betaQuery,
      headers: [...generationHeaders.filter(({ name }) => name === "X-Provider-Key"), ...anthropicHeaders],
      errors: "MessagesError",
      answers: ok(tokenCount),
    },
  },
  Responses: {
    POST: {
      summary: "Create an answer in the format of OpenAI's Responses API",
      tag: "Generation",
      body: responsesRequestSchema,
      headers: [...generationHeaders, ...fieldHeaders],
      answers: [
        {
          status: 200,
          description: "The answer; with `stream: true`, its events",
          json: answers.responseAnswer,
          events: answers.responseEvent,
        },
      ],
    },
  },
  ResponsesInputTokens: {
    POST: {
      summary: "Count the input tokens of a response; `X-Token-Count: estimated` marks an estimate",
      tag: "Generation",
      body: responsesRequestSchema,
      headers: generationHeaders.filter(({ name }) => name === "X-Provider-Key"),
      answers: ok(answers.inputTokensAnswer),
    },
  },
  ResponsesCompact: {
    POST: {
      summary: "Compact a conversation with an OpenAI model",
      tag: "Generation",
      body: responsesRequestSchema,
      headers: payingHeaders,
      answers: ok(answers.compactionAnswer),
    },
  },
  Chat: {
    POST: {
      summary:
        "Run a chat, battle, fight or multi-instance; with an Exa key, models in the last three modes can search the web",
      tag: "Arena",
      body: arenaChatSchema,
      headers: chatModeHeaders,
      answers: [
        {
          status: 200,
          description:
            "The answer of one model or of several side by side; events when streamed. A fight is always streamed",
          json: z.union([arenaChatAnswer, battleAnswer]),
          ...arenaStream,
        },
      ],
    },
  },
  Battle: {
    POST: {
      summary: "Run two models side by side",
      tag: "Arena",
      body: battleSchema,
      headers: payingHeaders,
      answers: [
        {
          status: 200,
          description: "Both answers; with `stream: true`, their events",
          json: battleAnswer,
          ...arenaStream,
        },
      ],
    },
  },
  Fight: {
    POST: {
      summary: "Let two to eight models answer, read each other's answers and vote",
      tag: "Arena",
      body: fightSchema,
      headers: payingHeaders,
      answers: [{ status: 200, description: "The events of the fight", ...arenaStream }],
    },
  },
  Mcp: {
    POST: {
      summary: "Serve chat, council, battle, image and video as tools of the Model Context Protocol",
      tag: "Arena",
      body: messageSchema,
      headers: payingHeaders,
      answers: [
        { status: 200, description: "The answer to the message", json: mcpAnswer },
        { status: 202, description: "Notification accepted" },
      ],
    },
  },
  Council: {
    POST: {
      summary: "Let several models draft, and get one answer",
      tag: "Arena",
      body: councilSchema,
      headers: payingHeaders,
      answers: [
        {
          status: 200,
          description: "The answer and how it came about; with `stream: true`, the council's events",
          json: councilAnswer,
          events: councilEventData,
          eventsExample: councilTranscript,
        },
      ],
    },
  },
  Embeddings: {
    POST: {
      summary: "Create embeddings of texts or tokens",
      tag: "Generation",
      body: embeddingRequestSchema,
      headers: payingHeaders,
      answers: ok(answers.embeddingsAnswer),
    },
  },
  Models: {
    GET: {
      summary: "List models, in a format for OpenAI's and Anthropic's clients",
      tag: "Models",
      query: modelsQuery,
      answers: ok(answers.modelListAnswer),
    },
  },
  Model: { GET: { summary: "Get a model by id or alias", tag: "Models", answers: ok(answers.modelAnswer) } },
  CancelRequest: {
    POST: {
      summary: "Cancel a running request",
      tag: "Generation",
      answers: [{ status: 202, description: "The request stops within 3 s", json: answers.cancelAnswer }],
    },
  },
  Keys: {
    GET: { summary: "List API keys", tag: "Keys", answers: ok(answers.keyListAnswer) },
    POST: { summary: "Create an API key", tag: "Keys", body: createKeySchema, answers: created(answers.newKeyAnswer) },
  },
  Key: {
    PATCH: { summary: "Update an API key", tag: "Keys", body: patchKeySchema, answers: ok(answers.keyAnswer) },
    DELETE: { summary: "Revoke an API key permanently", tag: "Keys", answers: noContent },
  },
  RotateKey: {
    POST: {
      summary: "Replace an API key",
      tag: "Keys",
      body: rotateKeySchema,
      bodyRequired: false,
      answers: created(answers.newKeyAnswer),
    },
  },
  ProviderKeys: {
    GET: { summary: "List provider keys", tag: "Provider keys", answers: ok(answers.providerKeyListAnswer) },
    POST: {
      summary: "Store a provider key",
      tag: "Provider keys",
      body: createProviderKeySchema,
      answers: created(answers.providerKeyAnswer),
    },
  },
  TestProviderKey: {
    POST: {
      summary: "Test a provider key without storing it",
      tag: "Provider keys",
      body: testProviderKeySchema,
      answers: ok(answers.keyTestAnswer),
    },
  },
  ProviderKey: {
    PATCH: {
      summary: "Rename or pause a provider key",
      tag: "Provider keys",
      body: updateProviderKeySchema,
      answers: ok(answers.providerKeyAnswer),
    },
    DELETE: { summary: "Delete a provider key", tag: "Provider keys", answers: noContent },
  },
  OwnKey: {
    GET: { summary: "Get what the calling key may do and has left", tag: "Keys", answers: ok(answers.ownKeyAnswer) },
  },
  Limits: {
    GET: { summary: "Get every limit that holds for the caller", tag: "Usage", answers: ok(answers.limitsAnswer) },
  },
  Requests: {
    GET: {
      summary: "List requests, newest first",
      tag: "Usage",
      query: z.object(requestsQueryFields),
      answers: ok(answers.requestsAnswer),
    },
  },
  Request: {
    GET: {
      summary: "Get one request with all generations and attempts",
      tag: "Usage",
      answers: ok(answers.requestAnswer),
    },
  },
  RequestFeedback: {
    POST: {
      summary: "Give feedback on a request",
      tag: "Usage",
      body: feedbackBodySchema,
      answers: ok(answers.feedbackAnswer),
    },
  },
  Vote: {
    POST: {
      summary: "Vote on a battle or fight",
      tag: "Arena",
      body: voteBodySchema,
      answers: ok(answers.voteAnswer),
    },
  },
  Leaderboard: {
    GET: {
      summary: "Get the ratings of models by votes",
      tag: "Arena",
      query: z.object(leaderboardQueryFields),
      answers: ok(answers.leaderboardAnswer),
    },
    PATCH: {
      summary: "Share your votes with the stage's leaderboard",
      tag: "Arena",
      body: leaderboardPatchSchema,
      answers: ok(answers.shareAnswer),
    },
  },
  Presets: {
    GET: { summary: "List presets", tag: "Presets", answers: ok(answers.presetsAnswer) },
    POST: {
      summary: "Create a preset",
      tag: "Presets",
      body: createPresetSchema,
      answers: created(answers.presetAnswer),
    },
  },
  Preset: {
    PATCH: {
      summary: "Replace the settings of a preset",
      tag: "Presets",
      body: replacePresetSchema,
      answers: ok(answers.presetAnswer),
    },
    DELETE: { summary: "Delete a preset", tag: "Presets", answers: noContent },
  },
  Exports: {
    GET: { summary: "List exports", tag: "Exports", answers: ok(answers.exportsAnswer) },
    POST: {
      summary: "Create an export of requests",
      tag: "Exports",
      body: createExportSchema,
      answers: created(answers.newExportAnswer),
    },
  },
  Export: {
    PATCH: {
      summary: "Change an export",
      tag: "Exports",
      body: patchExportSchema,
      answers: ok(answers.exportAnswer),
    },
    DELETE: { summary: "Delete an export", tag: "Exports", answers: noContent },
  },
  Deliveries: {
    GET: { summary: "List deliveries to the account's servers", tag: "Exports", answers: ok(answers.deliveriesAnswer) },
  },
  Account: {
    DELETE: {
      summary: "Delete the account with all its data",
      tag: "Account",
      body: deleteAccountSchema,
      bodyRequired: false,
      answers: [
        { status: 202, description: "Begun: no request and no key works any more", json: answers.accountAnswer },
      ],
    },
  },
  AccountExport: {
    GET: {
      summary: "Export the account's data",
      tag: "Account",
      query: z.strictObject(accountExportQueryFields),
      answers: [
        {
          status: 200,
          description:
            "JSON lines, each with a `type`. The last one is `next` with the `cursor` of the next page, or `end`",
          contentType: "application/x-ndjson",
        },
      ],
    },
  },
  Usage: {
    GET: { summary: "Get usage and cost", tag: "Usage", query: usageQuery, answers: ok(answers.usageAnswer) },
  },
  SignIn: {
    POST: {
      summary: "Sign in with email and password",
      tag: "Session",
      body: signInSchema,
      answers: ok(answers.userAnswer),
    },
  },
  SignUp: {
    POST: {
      summary: "Create an account",
      tag: "Session",
      body: signUpSchema,
      answers: [
        { status: 200, description: "Signed in", json: answers.userAnswer },
        { status: 202, description: "The email address must be confirmed first", json: answers.userAnswer },
      ],
    },
  },
  MagicLink: {
    POST: {
      summary: "Send a sign-in link by email",
      tag: "Session",
      body: magicLinkSchema,
      answers: [{ status: 202, description: "Sent if the address is known", json: answers.sentAnswer }],
    },
  },
  ResetPassword: {
    POST: {
      summary: "Send a password reset link",
      tag: "Session",
      body: resetPasswordSchema,
      answers: [{ status: 202, description: "Sent if the address is known", json: answers.sentAnswer }],
    },
  },
  UpdatePassword: {
    POST: { summary: "Change the password", tag: "Session", body: updatePasswordSchema, answers: noContent },
  },
  OAuth: { GET: { summary: "Sign in with GitHub or Google", tag: "Session", query: nextQuery, answers: redirect } },
  AuthCallback: {
    GET: {
      summary: "Handle the return from OAuth and email links",
      tag: "Session",
      query: z.object({
        code: z.string().optional(),
        token_hash: z.string().optional(),
        type: z.string().optional(),
        email: z.string().optional(),
        next: z.string().optional(),
      }),
      answers: redirect,
    },
    POST: {
      summary: "Sign in with an email link that another browser requested",
      tag: "Session",
      body: confirmSignInSchema,
      answers: ok(answers.userAnswer),
    },
  },
  Session: { GET: { summary: "Get the signed-in user", tag: "Session", answers: ok(answers.sessionAnswer) } },
  SignOut: {
    POST: {
      summary: "Sign out, here or everywhere",
      tag: "Session",
      body: signOutSchema,
      bodyRequired: false,
      answers: noContent,
    },
  },
  Dashboard: {
    GET: {
      summary: "Get the dashboard page",
      tag: "Dashboard",
      answers: [{ status: 200, description: "HTML", contentType: "text/html" }, unchanged],
    },
  },
  DashboardAssets: {
    GET: {
      summary: "Get a dashboard asset",
      tag: "Dashboard",
      answers: [{ status: 200, description: "A file", contentType: "*/*" }, unchanged],
    },
  },
  Docs: {
    GET: {
      summary: "Get the documentation",
      tag: "Documentation",
      answers: [{ status: 200, description: "HTML", contentType: "text/html" }, unchanged],
    },
  },
  DocsPages: {
    GET: {
      summary: "Get a page or an asset of the documentation",
      tag: "Documentation",
      answers: [{ status: 200, description: "A file", contentType: "*/*" }, unchanged],
    },
  },
};
