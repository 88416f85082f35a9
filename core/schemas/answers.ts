import * as z from "zod";
import { budgetPeriods } from "#core/db/budget-period.ts";
import { byokProviders, customAuthHeaders, customProtocols } from "#core/db/provider-key-rows.ts";
import { type ErrorCode, errorKinds } from "#core/errors.ts";
import { requestStatuses } from "./requests.ts";

/** What the endpoints answer, for the OpenAPI document and the tests that hold answers against it. */

const codes = Object.keys(errorKinds) as [ErrorCode, ...ErrorCode[]];

export const errorAnswer = z
  .strictObject({
    error: z.strictObject({
      code: z.enum(codes),
      message: z.string(),
      type: z.string(),
      param: z.string().nullable(),
      details: z.record(z.string(), z.unknown()),
    }),
  })
  .meta({
    id: "Error",
    description: 'The envelope of every error, including errors inside streams (`data: {"error": …}`).',
  });

/** Anthropic's envelope, for the dialect of its clients. */
export const messagesErrorAnswer = z
  .strictObject({
    type: z.literal("error"),
    error: z.strictObject({
      type: z.string(),
      message: z.string(),
      code: z.enum(codes),
      param: z.string().nullable(),
      details: z.record(z.string(), z.unknown()),
    }),
    request_id: z.string(),
  })
  .meta({
    id: "MessagesError",
    description: "The envelope of every error in Anthropic's dialect, including `event: error` inside streams.",
  });

const success = <Schema extends z.ZodType>(data: Schema) => z.strictObject({ success: z.literal(true), data });

const usage = z.looseObject({
  prompt_tokens: z.int().min(0),
  completion_tokens: z.int().min(0),
  total_tokens: z.int().min(0),
});

const toolCall = z.discriminatedUnion("type", [
  z.looseObject({
    id: z.string(),
    type: z.literal("function"),
    function: z.looseObject({ name: z.string(), arguments: z.string() }),
  }),
  z.looseObject({
    id: z.string(),
    type: z.literal("custom"),
    custom: z.looseObject({ name: z.string(), input: z.string() }),
  }),
]);

const finishReason = z.enum(["stop", "length", "tool_calls", "content_filter", "function_call"]);

export const completionAnswer = z
  .looseObject({
    id: z.string(),
    object: z.literal("chat.completion"),
    created: z.int(),
    model: z.string(),
    choices: z.array(
      z.looseObject({
        index: z.int(),
        message: z.looseObject({
          role: z.literal("assistant"),
          content: z.string().nullable().optional(),
          refusal: z.string().nullable().optional(),
          tool_calls: z.array(toolCall).optional(),
        }),
        finish_reason: finishReason,
      }),
    ),
    usage: usage.optional(),
  })
  .meta({ id: "ChatCompletion" });

export const completionChunk = z
  .looseObject({
    id: z.string(),
    object: z.literal("chat.completion.chunk"),
    created: z.int(),
    model: z.string(),
    choices: z.array(
      z.looseObject({
        index: z.int(),
        delta: z.looseObject({ role: z.literal("assistant").optional(), content: z.string().nullable().optional() }),
        finish_reason: finishReason.nullable().optional(),
      }),
    ),
    usage: usage.nullable().optional(),
  })
  .meta({
    id: "ChatCompletionChunk",
    description: "One `data:` frame of a streamed completion; the last frame is `data: [DONE]`.",
  });

const outputItem = z.looseObject({ type: z.string() });

export const responseAnswer = z
  .looseObject({
    id: z.string(),
    object: z.literal("response"),
    created_at: z.int(),
    status: z.enum(["in_progress", "completed", "incomplete", "failed"]),
    model: z.string(),
    output: z.array(outputItem),
    error: z.looseObject({ code: z.string(), message: z.string() }).nullable(),
    incomplete_details: z.looseObject({ reason: z.string().optional() }).nullable(),
    usage: z
      .looseObject({ input_tokens: z.int().min(0), output_tokens: z.int().min(0), total_tokens: z.int().min(0) })
      .nullable()
      .optional(),
  })
  .meta({ id: "Response" });

export const inputTokensAnswer = z
  .looseObject({ object: z.literal("response.input_tokens"), input_tokens: z.int().min(0) })
  .meta({ id: "ResponseInputTokens" });

export const compactionAnswer = z
  .looseObject({ id: z.string(), object: z.literal("response.compaction"), output: z.array(outputItem) })
  .meta({ id: "ResponseCompaction", description: "OpenAI's answer, unchanged. Send `output` as the next input." });

export const responseEvent = z
  .looseObject({ type: z.string(), sequence_number: z.int().min(0), response: responseAnswer.optional() })
  .meta({
    id: "ResponseEvent",
    description:
      "One `data:` frame of a streamed response. The last is `response.completed`, `response.incomplete`, `response.failed` or `error`.",
  });

export const embeddingsAnswer = z
  .looseObject({
    object: z.literal("list"),
    model: z.string(),
    data: z.array(
      z.looseObject({
        object: z.literal("embedding"),
        index: z.int(),
        embedding: z.union([z.array(z.number()), z.string()]),
      }),
    ),
    usage: z.looseObject({ prompt_tokens: z.int(), total_tokens: z.int() }),
  })
  .meta({ id: "Embeddings" });

const price = z.number().nullable();
const prices = { input: price, output: price, cached_input: price, cache_write: price };

export const modelAnswer = z
  .looseObject({
    id: z.string(),
    object: z.literal("model"),
    created: z.int(),
    owned_by: z.string(),
    type: z.literal("model"),
    display_name: z.string(),
    created_at: z.iso.datetime(),
    name: z.string(),
    context_window: z.int(),
    max_output_tokens: z.int(),
    pricing: z
      .looseObject({ ...prices, long_context: z.looseObject({ above_input_tokens: z.int(), ...prices }).nullable() })
      .describe("USD per million tokens"),
    modalities: z.looseObject({ input: z.array(z.string()), output: z.array(z.string()) }),
    capabilities: z.looseObject({ tools: z.boolean(), reasoning: z.boolean(), jsonSchema: z.boolean() }),
    aliases: z.array(z.string()),
    later_pricing: z
      .array(z.looseObject({ from: z.string(), ...prices }))
      .optional()
      .describe("Announced prices, each with the day from which it applies"),
    deprecated: z.literal(true).optional().describe("Its shutdown is announced"),
    shutdownDate: z.string().optional().describe("The day from which its name resolves to the successor"),
    successor: z.string().optional(),
    providers: z
      .array(
        z.looseObject({
          provider: z.string(),
          model: z.string().describe("The name by which a request asks exactly this provider"),
          own_key_only: z.boolean().describe("Only your own provider key serves it"),
          pricing: z.looseObject(prices),
        }),
      )
      .optional()
      .describe("Who serves it, its own provider first. Only for one model"),
  })
  .meta({ id: "Model" });

export const modelListAnswer = z.strictObject({
  object: z.literal("list"),
  data: z.array(modelAnswer),
  has_more: z.boolean(),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
});

const user = z.looseObject({ id: z.string().nullable().optional(), email: z.string().nullable() });
export const userAnswer = success(z.looseObject({ user }));
export const sessionAnswer = success(
  z.strictObject({
    user,
    signedInAt: z.iso.datetime().nullable().describe("When the user last proved who they are; null if unknown"),
  }),
);
export const sentAnswer = success(z.looseObject({ sent: z.literal(true) }));

const endpointLimit = z.strictObject({ limit: z.int(), windowSeconds: z.number() });

const alertWebhookSecret = z
  .string()
  .optional()
  .describe("Secret that signs the alerts (`whsec_…`), shown only when the URL is set");

const budget = z
  .strictObject({
    usd: z.number(),
    period: z.enum(budgetPeriods),
    includeByok: z.boolean(),
    spentUsd: z.number().describe("Without what running requests have reserved"),
    reservedUsd: z.number(),
    remainingUsd: z.number(),
    resetAt: z.iso.datetime().nullable(),
  })
  .meta({ id: "Budget" });

const keyLimits = {
  budget: budget.nullable(),
  allowedModels: z.array(z.string()).nullable(),
  tokensPerMinute: z.int().nullable(),
  recordContent: z
    .strictObject({ days: z.int() })
    .nullable()
    .describe("Prompts and answers are kept for so many days, for the owner's session"),
  tags: z.record(z.string(), z.string()).nullable().describe("Of its requests that do not set them themselves"),
};

const key = z
  .strictObject({
    keyId: z.string(),
    name: z.string(),
    start: z.string(),
    rateLimit: z.int(),
    ...keyLimits,
    alertWebhookUrl: z.string().nullable(),
    alertWebhookSecret,
    lastAlert: z.strictObject({ percent: z.int(), at: z.iso.datetime() }).nullable(),
    limits: z.record(z.string(), endpointLimit).describe("Requests by endpoint, as enforced for this key"),
    enabled: z.boolean(),
    createdAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime().nullable(),
    expiresAt: z.iso.datetime().nullable(),
  })
  .meta({ id: "ApiKey" });

export const keyAnswer = success(key);
export const keyListAnswer = success(z.array(key));
export const newKeyAnswer = success(
  z
    .strictObject({
      keyId: z.string(),
      key: z.string().regex(/^ck_/).describe("The full key, shown only once"),
      name: z.string(),
      rateLimit: z.int(),
      ...keyLimits,
      alertWebhookUrl: z.string().nullable(),
      alertWebhookSecret,
      createdAt: z.iso.datetime(),
      expiresAt: z.iso.datetime().nullable(),
    })
    .meta({ id: "NewApiKey" }),
);

const namedLimits = z.array(
  z.strictObject({
    name: z.string(),
    limit: z.int(),
    windowSeconds: z.number(),
    scope: z.enum(["key", "user"]),
    endpoints: z.array(z.string()),
  }),
);

const ownKey = z
  .strictObject({
    keyId: z.string(),
    rateLimit: z.int(),
    ...keyLimits,
    remainingTokens: z.int().nullable().describe("Left of tokensPerMinute"),
    endpoints: namedLimits,
  })
  .meta({ id: "OwnApiKey" });

export const ownKeyAnswer = success(ownKey);
export const limitsAnswer = success(
  z
    .strictObject({
      dailyCap: z.strictObject({
        usd: z.number(),
        spentUsd: z.number(),
        reservedUsd: z.number(),
        remainingUsd: z.number(),
        resetAt: z.iso.datetime(),
      }),
      openRequests: z.strictObject({ limit: z.int(), open: z.int() }),
      key: ownKey.nullable(),
      playground: budget.nullable().describe("What the dashboard's own pages may spend; null with an API key"),
      endpoints: namedLimits,
    })
    .meta({ id: "Limits" }),
);

const providerKey = z
  .strictObject({
    id: z.string(),
    provider: z.enum(byokProviders),
    slug: z.string(),
    displayName: z.string(),
    last4: z.string(),
    createdAt: z.iso.datetime(),
    paused: z.boolean(),
    lastUsedAt: z.iso.datetime().nullable().describe("To the hour"),
    region: z.string().optional().describe("Only of Amazon Bedrock"),
    roleArn: z.string().optional().describe("The IAM role that is assumed in place of a key"),
    custom: z
      .strictObject({
        baseUrl: z.string(),
        protocol: z.enum(customProtocols),
        authHeader: z.enum(customAuthHeaders),
        apiVersion: z.string().optional(),
        modelPrefix: z.string().describe("How names of its models begin, such as `groq/`"),
        models: z.array(
          z.strictObject({
            id: z.string(),
            prices: z
              .strictObject({
                input: z.number(),
                output: z.number(),
                cachedInput: z.number().optional(),
                cacheWrite: z.number().optional(),
              })
              .optional(),
            contextWindow: z.int().optional(),
          }),
        ),
      })
      .optional()
      .describe("Only of a custom provider"),
  })
  .meta({ id: "ProviderKey" });

export const keyTestAnswer = success(
  z
    .strictObject({
      ok: z.boolean(),
      status: z.int().nullable().describe("Of the provider's answer; null if none came"),
      message: z.string().nullable().describe("The provider's own words; null if it accepted the key"),
      latencyMs: z.int(),
    })
    .meta({ id: "ProviderKeyTest" }),
);

export const providerKeyAnswer = success(providerKey);
export const providerKeyListAnswer = success(z.array(providerKey)).extend({
  bedrockExternalId: z
    .string()
    .describe("Yours: what the trust policy of your IAM roles for Amazon Bedrock has to require"),
  bedrockPrincipal: z.string().describe("The AWS account that this trust policy has to name"),
});

const usd = z.number().nullable().describe("USD; null if no price is known");
const text = z.string().nullable();
const sums = {
  byokCost: z.number(),
  unpriced: z.int(),
  errors: z.int(),
  cacheHits: z.int(),
  generations: z.int(),
  inputTokens: z.int(),
  cachedTokens: z.int(),
  cacheWriteTokens: z.int(),
  outputTokens: z.int(),
  reasoningTokens: z.int(),
};
const groupFields = { requests: z.int(), tokens: z.int(), cost: usd, ...sums };
const group = z.strictObject(groupFields).meta({ id: "UsageSums" });
const groups = z.record(z.string(), group);
const percentile = z.number().nullable();
const point = z
  .strictObject({
    requests: z.int(),
    tokens: z.int(),
    cost: usd,
    errors: z.int(),
    latency: z
      .record(z.string(), z.int())
      .describe("Requests by bucket: 0 ends at 10 ms, n at 10 · 1.25ⁿ ms, and 60 has no end"),
  })
  .meta({ id: "UsagePoint" });
const latency = z.strictObject({ p50Ms: percentile, p95Ms: percentile });

export const usageAnswer = success(
  z
    .strictObject({
      from: z.iso.date(),
      to: z.iso.date(),
      totalRequests: z.int(),
      totalTokens: z.int(),
      totalCost: usd,
      ...sums,
      latency,
      byModel: groups,
      byDay: groups,
      byKey: groups,
      byProvider: z.record(z.string(), z.strictObject({ ...groupFields, latency }).meta({ id: "ProviderUsageSums" })),
      byUnit: z
        .record(z.string(), z.strictObject({ units: z.number(), requests: z.int(), cost: usd }))
        .describe("Usage billed by characters, images, seconds, songs or credits"),
      byTag: groups.optional().describe("With `tag`: by its values, at most 100 per day, then `other`"),
      series: z
        .strictObject({
          interval: z.enum(["day", "hour"]),
          byModel: z
            .record(z.string(), z.record(z.string(), point))
            .describe("By model, then by day or hour (`2026-11-29T07`, UTC); smaller models are summed as `other`"),
          nextCursor: text.describe("The `cursor` that reads the day's earlier requests; add the pages' points up"),
        })
        .optional()
        .describe("With `series`"),
    })
    .meta({ id: "Usage" }),
);

const count = z.number().nullable();
const attemptView = z.strictObject({
  model: z.string(),
  provider: z.string(),
  result: z.string().describe("`ok`, or the kind of failure"),
  httpStatus: count,
  startedMs: count.describe("From the beginning of the generation"),
  latencyMs: z.number(),
  unusedCostUsd: usd.describe("Paid for an answer that was not used"),
});
const feedbackView = z.strictObject({
  score: z.number(),
  comment: text,
  tags: z.array(z.string()),
  at: z.iso.datetime(),
});
const requestFields = {
  id: z.string(),
  generation: z.int().describe("From 0; a battle or fight has several"),
  runId: text,
  startedAt: z.iso.datetime(),
  route: z.string(),
  dialect: text,
  keyId: text,
  status: z.enum(requestStatuses),
  httpStatus: count,
  code: text,
  finishReason: text,
  askedModel: text,
  model: z.string().describe("The model that served"),
  provider: z.string(),
  fallback: z.boolean(),
  streamed: z.boolean(),
  byok: z.boolean(),
  cache: z.enum(["HIT", "MISS", "BYPASS"]).nullable(),
  tokens: z.strictObject({
    input: z.number(),
    cachedInput: z.number(),
    cacheWriteInput: z.number(),
    output: z.number(),
    reasoning: z.number(),
    estimated: z.boolean(),
  }),
  units: count,
  unit: text,
  costUsd: usd,
  costSource: z.enum(["provider", "list", "estimate"]).nullable(),
  latencyMs: count,
  timeToFirstTokenMs: count,
  gatewayOverheadMs: count,
  attempts: z.array(attemptView),
  findings: z.array(z.string()).describe("Types of what the guardrails found"),
  warnings: z.array(z.string()),
  tags: z.record(z.string(), z.string()),
  session: text,
  agent: text,
  feedback: feedbackView.nullable(),
  contentExpiresAt: z.iso
    .datetime()
    .nullable()
    .describe("Until when its prompt and answer are kept; null unless recorded"),
};
const contentSide = z.strictObject({
  messages: z.array(
    z.strictObject({
      role: z.string(),
      parts: z.array(z.looseObject({ type: z.string() })),
      finish_reason: z.string().optional(),
    }),
  ),
  cut: z.boolean().describe("More was said than the 150 KB that are kept"),
});
const content = z
  .strictObject({ prompt: contentSide, answer: contentSide.nullable() })
  .meta({ id: "RecordedContent" })
  .nullable()
  .optional()
  .describe(
    "What was sent and answered, as messages of OpenTelemetry's conventions. For a session only, and only of keys that record it",
  );
const generationView = z.strictObject(requestFields).meta({ id: "LoggedGeneration" });

export const requestsAnswer = success(
  z.strictObject({
    requests: z.array(generationView),
    nextCursor: text.describe("Pass it as `cursor`; null at the end. A page may be short or empty before that"),
  }),
);
export const requestAnswer = success(
  z.strictObject({
    ...requestFields,
    content,
    generations: z.array(z.strictObject({ ...requestFields, content }).meta({ id: "ShownGeneration" })),
  }),
);
export const feedbackAnswer = success(z.strictObject({ id: z.string(), feedback: feedbackView.nullable() }));

export const voteAnswer = success(
  z.strictObject({
    id: z.string(),
    mode: z.enum(["battle", "fight"]),
    winner: z.string(),
    agents: z.array(z.strictObject({ agentId: z.string(), model: z.string().describe("The model that answered") })),
  }),
);

const points = z.int().describe("400 points are odds of 10 to 1; the mean is 1,000");
export const leaderboardAnswer = success(
  z.strictObject({
    scope: z.enum(["account", "stage"]),
    votes: z.strictObject({ people: z.int(), models: z.int().describe("Fights whose models voted") }),
    share: z.boolean().describe("Whether your votes count in the stage's leaderboard"),
    rated: z
      .strictObject({ ready: z.boolean(), votes: z.int(), needs: z.int() })
      .optional()
      .describe("Of an account: whether `auto:rated` goes by its ratings"),
    stage: z
      .strictObject({ sharers: z.int(), needs: z.int() })
      .optional()
      .describe("Of a stage: how many users share their votes, and how many it needs to show ratings"),
    models: z.array(
      z.strictObject({
        model: z.string(),
        rank: z.int(),
        rating: points,
        low: z.int().describe("Lower end of the 95 % interval"),
        high: z.int().describe("Upper end of the 95 % interval"),
        wins: z.number().describe("Weight of the votes that preferred it"),
        losses: z.number().describe("Weight of the votes that preferred another model to it"),
      }),
    ),
  }),
);
export const shareAnswer = success(z.strictObject({ share: z.boolean() }));

const exportFields = {
  id: z.string(),
  kind: z.enum(["otlp", "webhook"]),
  url: z.string(),
  headerNames: z.array(z.string()),
  includeContent: z.boolean(),
  sampling: z.number(),
  keys: z.array(z.string()).nullable(),
  enabled: z.boolean(),
  createdAt: z.iso.datetime(),
};
const presetView = z
  .strictObject({
    name: z.string(),
    model: z.string().describe("What a request names as its model"),
    settings: z.looseObject({ model: z.string() }),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: "Preset" });
export const presetsAnswer = success(z.array(presetView));
export const presetAnswer = success(presetView);
const exportView = z.strictObject(exportFields).meta({ id: "Export" });
export const exportsAnswer = success(z.array(exportView));
export const exportAnswer = success(exportView);
export const newExportAnswer = success(
  z.strictObject({ ...exportFields, secret: z.string().optional().describe("Signs a webhook's messages; shown once") }),
);
const deliveryView = z
  .strictObject({
    id: z.string(),
    kind: z.string().describe("`job`, `export` or `budget`"),
    exportId: text,
    messageId: z.string(),
    origin: z.string(),
    state: z.enum(["pending", "delivered", "dead"]),
    tries: z.int(),
    lastStatus: count,
    createdAt: text,
    lastTriedAt: text,
    nextTryAt: text,
  })
  .meta({ id: "Delivery" });
export const deliveriesAnswer = success(
  z.strictObject({ pending: z.array(deliveryView), ended: z.array(deliveryView) }),
);

export const accountAnswer = success(z.strictObject({ status: z.literal("deleting") }));

export const cancelAnswer = success(z.strictObject({ id: z.string(), status: z.literal("cancelling") }));

const check = z.strictObject({ status: z.enum(["ok", "down"]), latencyMs: z.number() });
export const healthAnswer = z
  .strictObject({
    status: z.enum(["ok", "degraded"]),
    version: z.string(),
    uptime: z.number().describe("Seconds since this Lambda environment started"),
    checks: z.strictObject({ dynamodb: check, kms: check, unkey: check, supabase: check }).optional(),
  })
  .meta({ id: "Health" });
