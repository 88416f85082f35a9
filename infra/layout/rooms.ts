/**
 * The rooms of the tree, from bottom to top. A room may import the rooms that its row allows and nothing else, so that
 * dependencies point one way. tests/layout holds the table, and AGENTS.md's map is generated from it.
 */

export interface Room {
  /** A folder, or a file of the ground floor, relative to the root. */
  readonly path: string;
  /** What lives there, for the map. */
  readonly contents: string;
  /** Rooms that it may import, by their name below `core/` or their path. */
  readonly imports: readonly string[];
}

const ground = ["errors", "ids", "context", "secrets", "tables", "routes", "config", "upstreams", "values"];

const room = (path: string, contents: string, imports: readonly string[]): Room => ({ path, contents, imports });

export const rooms: readonly Room[] = [
  room("core/values", "Pure helpers for values: own properties, JSON records, JSON Schema, histograms", []),
  room("core/errors.ts", "`GatewayError`, the table of error codes, `DependencyError`", []),
  room("core/ids.ts", "Ids with a prefix, in the order of time", []),
  room("core/context.ts", "The running request as the domain sees it", []),
  room("core/secrets.ts", "The names of the stage's secrets", []),
  room("core/tables.ts", "The DynamoDB tables: SST and the local cloud create them from this list", []),
  room("core/routes.ts", "THE table: one row is one API path is one Lambda", ["secrets", "tables"]),
  room("core/settings", "The settings of a stage, each with the sentence that refuses a bad value", []),
  room("core/config.ts", "The only reader of SST's `Resource` and of the environment", [
    "secrets",
    "settings",
    "tables",
  ]),
  room("core/upstreams.ts", "Addresses of the providers and the platform's keys for them", ["config", "settings"]),
  room("core/observability", "Logger, metric names, the writer of metrics", ["config"]),
  room("core/route-summaries.ts", "What each function does, in one line", ["routes"]),
  room("core/outbound", "Outgoing calls: transports, connections, the guard against private addresses", [
    "errors",
    "values",
  ]),
  room("core/aws", "AWS's JSON protocol and signature, lean", ["config", "errors", "outbound"]),
  room("core/health.ts", "The deep health check", ["aws", "config", "outbound"]),
  room("core/catalog", "Models, aliases, prices, token usage; cost in integer pico-dollars; `auto`", [
    "errors",
    "values",
  ]),
  room("core/encryption", "Envelope encryption under KMS, sealed texts", ["aws", "config", "values"]),
  room("core/db", "One repository per entity; every key in row-keys.ts; `table.ts` is the lean port of the hot path", [
    ...ground,
    "aws",
    "encryption",
  ]),
  room("core/schemas", "Schemas of requests, answers and events", [...ground, "catalog", "db", "outbound"]),
  room(
    "core/providers",
    "An adapter per wire format; each attempt is one call; `media/<vendor>` for images, audio, video",
    [...ground, "aws", "catalog", "outbound", "schemas"],
  ),
  room("core/auth", "Who is calling: API keys through Unkey, sessions through Supabase, limits", [
    ...ground,
    "observability",
    "aws",
    "db",
    "outbound",
  ]),
  room(
    "core/deliveries",
    "What the gateway owes to users' servers, such as webhooks: signed, retried, fair to every owner",
    [...ground, "db", "encryption", "observability", "outbound"],
  ),
  room("core/keys", "Management of API keys: limits, views", [
    ...ground,
    "auth",
    "catalog",
    "db",
    "deliveries",
    "observability",
    "schemas",
  ]),
  room("core/provider-keys", "Provider keys (BYOK): sealing, rotation, addresses of custom providers", [
    ...ground,
    "catalog",
    "db",
    "encryption",
    "observability",
    "outbound",
    "providers",
    "schemas",
  ]),
  room("core/cache", "The answer cache", [...ground, "catalog", "db", "encryption", "observability", "schemas"]),
  room("core/content", "Prompts and answers that keys record: their form, their keeping", [
    ...ground,
    "db",
    "encryption",
    "observability",
  ]),
  room("core/guardrails", "Personal data and moderation, on requests and on streams", [...ground, "schemas"]),
  room("core/prompts", "Langfuse prompt templates", [...ground, "outbound", "schemas"]),
  room("core/idempotency", "Leases and replays under an `Idempotency-Key`", [
    ...ground,
    "db",
    "encryption",
    "observability",
  ]),
  room("core/usage", "Usage after the request: rollup, rebuild, summary, sweeper", [
    ...ground,
    "catalog",
    "db",
    "observability",
    "schemas",
  ]),
  room("core/ratings", "Votes on arena runs, and the models' ratings from them", [
    ...ground,
    "catalog",
    "db",
    "observability",
  ]),
  room("core/routing", "Targets: attempts, retries, fallback, balancing, the circuit, time budgets", [
    ...ground,
    "catalog",
    "db",
    "observability",
    "providers",
  ]),
  room("core/generation", "THE place where work that costs money is admitted, attempted, metered and settled", [
    ...ground,
    "auth",
    "catalog",
    "content",
    "db",
    "observability",
    "provider-keys",
    "providers",
    "routing",
  ]),
  room("core/chat", "Chat completions, from request to answer", [
    ...ground,
    "cache",
    "catalog",
    "content",
    "generation",
    "guardrails",
    "outbound",
    "prompts",
    "providers",
    "ratings",
    "routing",
    "schemas",
  ]),
  room("core/dialects", "How clients ask and are answered: mappings around a chat completion", [
    ...ground,
    "catalog",
    "chat",
    "providers",
    "schemas",
  ]),
  room("core/embeddings", "Embeddings", [...ground, "catalog", "content", "generation", "providers", "schemas"]),
  room("core/vision", "Questions about images, answered by a chat model", [
    ...ground,
    "catalog",
    "chat",
    "generation",
    "providers",
    "routing",
    "schemas",
  ]),
  room(
    "core/presets",
    "Settings of chat requests under a name: management, and what a request that names one becomes",
    [...ground, "catalog", "db", "providers", "schemas"],
  ),
  room("core/exports", "Requests as spans and messages for users' collectors: management, batches, OTLP", [
    ...ground,
    "catalog",
    "content",
    "db",
    "deliveries",
    "encryption",
    "observability",
    "outbound",
    "schemas",
    "usage",
  ]),
  room("core/jobs", "Asynchronous work: start, poll, end", [
    ...ground,
    "catalog",
    "db",
    "deliveries",
    "generation",
    "observability",
    "providers",
    "routing",
  ]),
  room("core/accounts", "One's own data: its export, and the deletion of an account", [
    ...ground,
    "auth",
    "catalog",
    "content",
    "db",
    "deliveries",
    "exports",
    "jobs",
    "keys",
    "observability",
    "presets",
    "provider-keys",
    "ratings",
    "usage",
  ]),
  room("core/media", "Speech, music, images, videos and fashion: what is asked for", [
    ...ground,
    "catalog",
    "db",
    "generation",
    "jobs",
    "providers",
    "routing",
    "schemas",
  ]),
  room("core/arena", "Battles and fights: agents, rounds, votes, events", [
    ...ground,
    "catalog",
    "chat",
    "content",
    "generation",
    "observability",
    "outbound",
    "providers",
    "ratings",
    "routing",
    "schemas",
  ]),
  room("core/council", "Councils: blind drafts, a comparison, a judge, one answer", [
    ...ground,
    "arena",
    "catalog",
    "chat",
    "generation",
    "observability",
    "schemas",
  ]),
  room("core/mcp", "The Model Context Protocol: messages and the list of tools", [...ground, "schemas"]),
  room("core/openapi", "The OpenAPI document", [...ground, "arena", "mcp", "route-summaries", "schemas"]),
  room("core/http", "`jsonHandler()` and `streamHandler()`, the only importers of middy: bodies, answers, SSE", [
    ...ground,
    "arena",
    "auth",
    "catalog",
    "chat",
    "council",
    "db",
    "deliveries",
    "dialects",
    "generation",
    "idempotency",
    "jobs",
    "mcp",
    "media",
    "observability",
    "presets",
    "schemas",
  ]),
  room(
    "functions",
    "One file per API path, about 25 lines: schema in, core call, answer out; `functions/dashboard/page/` is the dashboard's source",
    ["core/*"],
  ),
  room("infra", "SST v4: what is deployed, from core's tables; the operators' stack; the local cloud; commands", [
    "core/*",
  ]),
  room("tests", "Mirrors the tree; `e2e/` drives `npm start`; `support/` has helpers", [
    "core/*",
    "functions",
    "infra",
  ]),
];

/** Functions of core/db that write admission or usage rows. */
export const rowWriters: ReadonlySet<string> = new Set([
  "admit",
  "release",
  "reserveMore",
  "markCancelled",
  "putOpenUsage",
  "settleUsage",
  "settlingUpdate",
  "settleAndRefund",
]);

/** The only files outside core/generation and core/db that call them, and why. */
export const otherWriters: Readonly<Record<string, string>> = {
  "core/usage/sweep.ts": "settles what killed functions left behind",
  "functions/cancel-request.ts": "marks a running request as cancelled",
};

/** The only files that name the keys of those rows, and why. */
export const rowKeyUsers: Readonly<Record<string, string>> = {
  "core/db/row-keys.ts": "defines them",
  "core/db/account-export.ts": "reads events for an account's export",
  "core/db/account-rows.ts": "deletes an account's rows",
  "core/db/admission.ts": "leases and money",
  "core/db/reserve-more.ts": "money for a call after the first",
  "core/db/usage-events.ts": "open and settled rows",
  "core/db/request-log.ts": "reads events as a log, and notes feedback on them",
  "core/db/settle-and-refund.ts": "settles a job and returns its money, both or neither",
  "core/db/api-keys.ts": "key management: the number of keys, and a disabled user",
  "core/db/provider-keys.ts": "how many provider keys the user ever added",
  "core/db/gone-budgets.ts": "key management: removes sums of budgets that no key has",
};
