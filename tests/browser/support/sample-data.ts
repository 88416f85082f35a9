import type { RequestView } from "#core/usage/request-view.ts";

/** Data with the extremes in it: long names, other scripts, nothing used yet, no known price. */

const now = Date.now();
const dayMs = 86_400_000;
const iso = (daysAgo: number): string => new Date(now - daysAgo * dayMs).toISOString();
const day = (daysAgo: number): string => iso(daysAgo).slice(0, 10);

export const keys = [
  {
    keyId: "key_1",
    name: "Production server",
    start: "ck_8Kd2",
    rateLimit: 600,
    enabled: true,
    createdAt: iso(120),
    lastUsedAt: iso(0.002),
    expiresAt: null,
    budget: {
      usd: 250,
      period: "month",
      includeByok: false,
      spentUsd: 96.4,
      reservedUsd: 0.6,
      remainingUsd: 153,
      resetAt: iso(-3),
    },
    allowedModels: [
      "gpt-5.2",
      "claude-sonnet-4-6",
      "openrouter/a-very-long-name-of-a-model-that-has-to-wrap-on-a-phone",
    ],
    tokensPerMinute: 200_000,
  },
  {
    keyId: "key_2",
    name: "評価環境のテスト用キー – Straße №5 🧪",
    start: "ck_b71Q",
    rateLimit: 60,
    enabled: false,
    createdAt: iso(31),
    lastUsedAt: iso(9),
    expiresAt: iso(-60),
  },
  {
    keyId: "key_3",
    name: "a-very-long-name-without-any-space-that-must-still-wrap-on-a-phone-and-is-a-hundred-characters-long-x",
    start: "ck_Zz90",
    rateLimit: 10_000,
    enabled: true,
    createdAt: iso(400),
    lastUsedAt: null,
    expiresAt: iso(2),
  },
];

export const providerKeys = [
  {
    id: "pk_1",
    provider: "openai",
    slug: "openai",
    displayName: "OpenAI, team account",
    last4: "x7Qf",
    createdAt: iso(12),
    paused: false,
    lastUsedAt: iso(0.1),
  },
  {
    id: "pk_3",
    provider: "custom",
    slug: "groq",
    displayName: "Groq",
    last4: "bT0w",
    createdAt: iso(20),
    paused: false,
    lastUsedAt: iso(3),
    custom: {
      baseUrl: "https://api.groq.com/openai/v1",
      protocol: "openai",
      authHeader: "authorization",
      modelPrefix: "groq/",
      models: [{ id: "llama-3.3-70b-versatile", prices: { input: 0.59, output: 0.79 }, contextWindow: 131_072 }],
    },
  },
  {
    id: "pk_4",
    provider: "bedrock",
    slug: "aws",
    displayName: "AWS, Frankfurt",
    last4: "",
    createdAt: iso(30),
    paused: true,
    lastUsedAt: null,
    region: "eu-central-1",
    roleArn: "arn:aws:iam::123456789012:role/teams/research/concurred-calls-bedrock-for-us",
  },
  {
    id: "pk_5",
    provider: "openai",
    slug: "openai-old",
    displayName: "OpenAI, old",
    last4: "11Zz",
    createdAt: iso(70),
    paused: false,
    lastUsedAt: iso(60),
  },
  {
    id: "pk_2",
    provider: "anthropic",
    slug: "a-long-slug-of-sixty-four-characters-that-has-to-wrap-somewhere-1",
    displayName: "クロード 研究用 with a display name that goes on for quite a while",
    last4: "9aB2",
    createdAt: iso(80),
    paused: false,
    lastUsedAt: null,
  },
];

export const presets = [
  {
    name: "support",
    model: "@preset/support",
    settings: {
      model: "claude-sonnet-5",
      fallback: ["gpt", "gemini"],
      guardrails: { input: [{ type: "pii", action: "redact" }], output: ["content_moderation"] },
      provider: { order: ["bedrock", "anthropic"], sort: "latency", max_price: { prompt: 3 } },
      temperature: 0.2,
      max_tokens: 2_000,
    },
    createdAt: iso(40),
    updatedAt: iso(2),
  },
  {
    name: "a-name-of-sixty-four-characters-that-has-to-wrap-on-a-narrow-phon",
    model: "@preset/a-name-of-sixty-four-characters-that-has-to-wrap-on-a-narrow-phon",
    settings: { model: "auto" },
    createdAt: iso(1),
    updatedAt: iso(1),
  },
];

const sums = (requests: number, tokensEach: number, costEach: number | null) => ({
  requests,
  tokens: requests * tokensEach,
  cost: costEach === null ? null : requests * costEach,
  byokCost: 0,
  inputTokens: Math.round(requests * tokensEach * 0.7),
  outputTokens: Math.round(requests * tokensEach * 0.3),
  cachedTokens: Math.round(requests * tokensEach * 0.2),
  reasoningTokens: 0,
  errors: Math.round(requests / 90),
  cacheHits: Math.round(requests / 7),
  generations: requests,
  unpriced: costEach === null ? requests : 0,
});

/** A month with weekends, and its last days missing. */
const byDay = Object.fromEntries(
  Array.from({ length: 29 }, (_, index) => {
    const daysAgo = 29 - index;
    const weekend = [0, 6].includes(new Date(now - daysAgo * dayMs).getUTCDay());
    return [
      day(daysAgo),
      sums(Math.round((weekend ? 90 : 420) * (0.7 + 0.3 * Math.sin(index) + index / 40)), 812, 0.0021),
    ];
  }),
);

const total = (name: "requests" | "tokens"): number => Object.values(byDay).reduce((sum, row) => sum + row[name], 0);

export const usage = {
  totalRequests: total("requests"),
  totalTokens: total("tokens"),
  totalCost: 19.3494,
  byokCost: 4.12,
  unpriced: 37,
  errors: 102,
  cacheHits: 1_316,
  generations: 9_402,
  latency: { p50Ms: 842, p95Ms: 4_310 },
  byDay,
  byModel: {
    "gpt-5.2": sums(4_100, 900, 0.0031),
    "claude-sonnet-4-5-20250929": sums(2_600, 1_100, 0.0022),
    "gemini-3-pro": sums(1_400, 600, 0.0007),
    "deepseek/deepseek-v3.2": sums(900, 400, 0.00003),
    "openrouter/some-lab/an-experimental-model-with-quite-a-long-identifier-2026-10-01": sums(37, 300, null),
  },
  byProvider: {
    openai: { ...sums(4_100, 900, 0.0031), latency: { p50Ms: 842, p95Ms: 4_310 } },
    anthropic: { ...sums(2_600, 1_100, 0.0022), latency: { p50Ms: 1_204, p95Ms: 9_870 } },
    google: { ...sums(1_400, 600, 0.0007), latency: { p50Ms: 530, p95Ms: 2_004 } },
    openrouter: { ...sums(937, 400, 0.00003), latency: { p50Ms: null, p95Ms: null } },
  },
  byUnit: {
    characters: { units: 1_204_000, requests: 311, cost: 120.4 },
    credits: { units: 36, requests: 12, cost: 2.7 },
    images: { units: 91, requests: 60, cost: 2.73 },
    seconds: { units: 340, requests: 42, cost: null },
  },
  byKey: { key_1: sums(8_100, 812, 0.0021), key_2: sums(900, 812, 0.0021), key_gone: sums(214, 812, 0.0021) },
};

export const limits = {
  dailyCap: { usd: 5, spentUsd: 1.4213, reservedUsd: 0.08, remainingUsd: 3.4987, resetAt: `${day(-1)}T00:00:00.000Z` },
  openRequests: { limit: 50, open: 2 },
  key: null,
  playground: {
    usd: 1,
    period: "day",
    includeByok: false,
    spentUsd: 0.2141,
    reservedUsd: 0,
    remainingUsd: 0.7859,
    resetAt: `${day(-1)}T00:00:00.000Z`,
  },
  endpoints: [
    {
      name: "chat-completions",
      limit: 60,
      windowSeconds: 60,
      scope: "user",
      endpoints: ["POST /api/v1/chat/completions", "POST /api/v1/messages", "POST /api/v1/responses"],
    },
    {
      name: "fashion-status",
      limit: 40,
      windowSeconds: 10,
      scope: "key",
      endpoints: ["GET /api/v1/fashion/status/{id}"],
    },
  ],
};

const check = (status: "ok" | "down", latencyMs: number) => ({ status, latencyMs });

export const health = {
  status: "ok",
  version: "1.4.0",
  uptime: 6_400,
  checks: { dynamodb: check("ok", 7), kms: check("ok", 11), unkey: check("ok", 48), supabase: check("ok", 31) },
};

export const degraded = {
  ...health,
  status: "degraded",
  checks: { ...health.checks, unkey: check("down", 2_000) },
};

export const models = {
  object: "list",
  data: [
    { id: "gpt-5.2", name: "GPT-5.2", owned_by: "openai", aliases: ["gpt"] },
    { id: "claude-sonnet-4-5-20250929", name: "Claude Sonnet 4.5", owned_by: "anthropic", aliases: ["claude"] },
    { id: "gemini-3-pro", name: "Gemini 3 Pro", owned_by: "google", aliases: ["gemini"] },
  ],
};

/** As GET /api/v1/models has them: the longest id, one that ends, one without a price. */
export const catalogue = [
  {
    id: "gpt-5.2",
    name: "GPT-5.2",
    owned_by: "openai",
    aliases: ["gpt"],
    context_window: 400_000,
    max_output_tokens: 128_000,
    pricing: {
      input: 1.75,
      output: 14,
      cached_input: 0.175,
      long_context: { above_input_tokens: 272_000, input: 3.5, output: 21, cached_input: 0.35 },
    },
    later_pricing: [{ from: "2027-01-01", input: 1.5, output: 12, cached_input: 0.15 }],
    modalities: { input: ["text", "image", "file"], output: ["text"] },
    capabilities: { tools: true, reasoning: true, jsonSchema: true },
  },
  {
    id: "claude-haiku-4-5-20251001",
    name: "Claude Haiku 4.5",
    owned_by: "anthropic",
    aliases: [],
    context_window: 200_000,
    max_output_tokens: 64_000,
    pricing: { input: 1, output: 5, cached_input: 0.1 },
    modalities: { input: ["text", "image"], output: ["text"] },
    capabilities: { tools: true, reasoning: true, jsonSchema: false },
    deprecation: { announced_on: null, shut_down_on: "2027-04-01", successor: "claude-haiku-5-5" },
  },
  {
    id: "meta-llama/llama-3.3-70b-instruct",
    name: "Llama 3.3 70B",
    owned_by: "openrouter",
    aliases: [],
    context_window: 131_072,
    max_output_tokens: 16_384,
    pricing: { input: 0.1, output: 0.32, cached_input: null },
    modalities: { input: ["text"], output: ["text"] },
    capabilities: { tools: false, reasoning: false, jsonSchema: false },
  },
];

export const chatKey = "ck_8Kd2WvN5tYbR3mQhXcZ7Lp";

const frame = (value: object): string => `data: ${JSON.stringify(value)}\n\n`;

/** A chat's stream: its pieces, the finish reason, the usage, `[DONE]`. */
export const chatStream = (...pieces: readonly string[]): string =>
  [
    ...pieces.map((content, index) =>
      frame({ choices: [{ index: 0, delta: index === 0 ? { role: "assistant", content } : { content } }] }),
    ),
    frame({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }),
    frame({ choices: [], usage: { prompt_tokens: 24, completion_tokens: 61, total_tokens: 85 } }),
    "data: [DONE]\n\n",
  ].join("");

const noVotes = { scope: "account", votes: { people: 0, models: 0 }, share: false, models: [] };

/** Ratings of an account, one of an account without votes, and one of a stage that too few share with. */
export const leaderboards = {
  account: {
    ...noVotes,
    votes: { people: 41, models: 12 },
    share: true,
    rated: { ready: true, votes: 53, needs: 20 },
    models: [
      { model: "claude-opus-5-5", rank: 1, rating: 1_184, low: 1_061, high: 1_307, wins: 24.5, losses: 9 },
      { model: "gpt-6.2-sol", rank: 2, rating: 1_075, low: 968, high: 1_182, wins: 18, losses: 13.67 },
      {
        model: "openrouter/a-very-long-name-of-a-model-that-has-to-wrap-on-a-phone",
        rank: 3,
        rating: 741,
        low: 402,
        high: 1_080,
        wins: 1,
        losses: 7,
      },
    ],
  },
  none: { ...noVotes, rated: { ready: false, votes: 0, needs: 20 } },
  stage: { ...noVotes, scope: "stage", stage: { sharers: 2, needs: 5 } },
};

/** The request log: one that went well, one that fell back, one that failed. */
const logged = (changes: Partial<RequestView>): RequestView => ({
  id: "req_0199c0de-7000-7000-8000-000000000001",
  generation: 0,
  runId: null,
  startedAt: new Date(Date.now() - 90_000).toISOString(),
  route: "ChatCompletions",
  dialect: null,
  keyId: "playground",
  status: "ok",
  httpStatus: 200,
  code: null,
  finishReason: "stop",
  askedModel: "gpt",
  model: "gpt-5.2",
  provider: "openai",
  fallback: false,
  streamed: true,
  byok: false,
  cache: "MISS",
  tokens: { input: 1_024, cachedInput: 512, cacheWriteInput: 0, output: 180, reasoning: 64, estimated: false },
  units: null,
  unit: null,
  costUsd: 0.0043,
  costSource: "list",
  latencyMs: 2_310,
  timeToFirstTokenMs: 640,
  gatewayOverheadMs: 9,
  attempts: [
    {
      model: "gpt-5.2",
      provider: "openai",
      result: "ok",
      httpStatus: 200,
      startedMs: 9,
      latencyMs: 2_301,
      unusedCostUsd: null,
    },
  ],
  findings: [],
  warnings: [],
  tags: { team: "search" },
  session: null,
  agent: null,
  feedback: null,
  contentExpiresAt: null,
  ...changes,
});

export const requests: readonly RequestView[] = [
  logged({}),
  logged({
    id: "req_0199c0de-7000-7000-8000-000000000002",
    model: "claude-opus-5-5",
    provider: "anthropic",
    fallback: true,
    costUsd: 0.031,
    attempts: [
      {
        model: "gpt-5.2",
        provider: "openai",
        result: "server",
        httpStatus: 503,
        startedMs: 9,
        latencyMs: 410,
        unusedCostUsd: null,
      },
      {
        model: "claude-opus-5-5",
        provider: "anthropic",
        result: "ok",
        httpStatus: 200,
        startedMs: 420,
        latencyMs: 3_020,
        unusedCostUsd: null,
      },
    ],
  }),
  logged({
    id: "req_0199c0de-7000-7000-8000-000000000003",
    model: "openrouter/a-very-long-name-of-a-model-that-has-to-wrap-on-a-phone",
    provider: "openrouter",
    status: "error",
    httpStatus: 502,
    code: "PROVIDER_ERROR",
    finishReason: null,
    costUsd: 0,
    attempts: [],
  }),
];
