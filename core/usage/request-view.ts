import { toUsd } from "#core/catalog/cost.ts";
import type { UsageEvent } from "#core/db/usage-event.ts";
import { type ErrorCode, errorKinds } from "#core/errors.ts";

/** A usage event as the request log shows it: one generation with its attempts. */

const usd = (picoUsd: bigint | undefined): number | null => (picoUsd === undefined ? null : toUsd(picoUsd));

const httpStatus = ({ status, code }: UsageEvent): number | null => {
  if (status === "ok") return 200;
  return code !== undefined && Object.hasOwn(errorKinds, code) ? errorKinds[code as ErrorCode].status : null;
};

/** Who says what it cost: the provider itself, our list of prices, or an estimate of ours. */
const costSource = ({ costPicoUsd, providerCostPicoUsd, estimated }: UsageEvent) => {
  if (costPicoUsd === undefined) return null;
  if (providerCostPicoUsd !== undefined && providerCostPicoUsd === costPicoUsd) return "provider";
  return estimated ? "estimate" : "list";
};

const feedbackView = ({ feedback }: UsageEvent) =>
  feedback === undefined
    ? null
    : {
        score: feedback.score,
        comment: feedback.comment ?? null,
        tags: feedback.tags ?? [],
        at: new Date(feedback.at).toISOString(),
      };

/** Whether another target than the first one answered. */
const fellBack = ({ attempts, status }: UsageEvent): boolean => {
  const [first] = attempts;
  const last = attempts.at(-1);
  return status === "ok" && first !== undefined && last !== undefined && first.model !== last.model;
};

const dayMs = 86_400_000;

/** Until when its prompt and answer are kept; null where its key does not record them. */
const contentExpiresAt = ({ startedAt, contentDays }: UsageEvent): string | null =>
  contentDays === undefined ? null : new Date(startedAt + contentDays * dayMs).toISOString();

/** The work of an event: what was asked for and what came of it. */
export const requestView = (event: UsageEvent) => ({
  id: event.requestId,
  generation: event.generation,
  runId: event.runId ?? null,
  startedAt: new Date(event.startedAt).toISOString(),
  route: event.route,
  dialect: event.dialect ?? null,
  keyId: event.keyId ?? null,
  status: event.status,
  httpStatus: httpStatus(event),
  code: event.code ?? null,
  finishReason: event.finishReason ?? null,
  askedModel: event.askedModel ?? null,
  model: event.model,
  provider: event.provider,
  fallback: fellBack(event),
  streamed: event.streamed,
  byok: event.byok,
  cache: event.cache ?? (event.cacheHit ? "HIT" : null),
  tokens: {
    input: event.inputTokens,
    cachedInput: event.cachedInputTokens,
    cacheWriteInput: event.cacheWriteInputTokens,
    output: event.outputTokens,
    reasoning: event.reasoningTokens,
    estimated: event.estimated,
  },
  units: event.units ?? null,
  unit: event.unit ?? null,
  costUsd: usd(event.costPicoUsd),
  costSource: costSource(event),
  latencyMs: event.latencyMs ?? null,
  timeToFirstTokenMs: event.timeToFirstTokenMs ?? null,
  gatewayOverheadMs: event.overheadMs ?? null,
  attempts: event.attempts.map(({ model, provider, result, status, startedMs, latencyMs, unused }) => ({
    model,
    provider,
    result,
    httpStatus: status ?? null,
    startedMs: startedMs ?? null,
    latencyMs,
    unusedCostUsd: unused === undefined ? null : usd(unused.costPicoUsd),
  })),
  findings: event.findings ?? [],
  warnings: event.warnings?.split(", ") ?? [],
  tags: event.tags ?? {},
  session: event.tags?.session ?? null,
  agent: event.tags?.agent ?? null,
  feedback: feedbackView(event),
  contentExpiresAt: contentExpiresAt(event),
});

export type RequestView = ReturnType<typeof requestView>;
