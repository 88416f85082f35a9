import { createHash } from "node:crypto";
import { toUsd } from "#core/catalog/cost.ts";
import { config } from "#core/config.ts";
import type { Content, ContentSide } from "#core/content/content.ts";
import type { UsageEvent } from "#core/db/usage-event.ts";

/**
 * Usage events as an ExportTraceServiceRequest of OTLP 1.x in JSON: one span for each generation, a child for each attempt.
 * Attributes follow OpenTelemetry's semantic conventions for generative AI at `conventions`; what they have no name for is
 * under `concurred.`. Ids are hashes of the request's id, so that a span that is sent twice is the same span.
 */

/** The pinned version of the semantic conventions. */
const conventions = "1.38.0";
const schemaUrl = `https://opentelemetry.io/schemas/${conventions}`;

type Value = string | number | boolean | bigint | readonly string[] | undefined;

const toValue = (value: Exclude<Value, undefined>): object => {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "bigint") return { intValue: String(value) };
  // 64 bits are text in JSON.
  if (typeof value === "number") return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  return { arrayValue: { values: value.map((text) => ({ stringValue: text })) } };
};

const toAttributes = (attributes: Readonly<Record<string, Value>>): object[] =>
  Object.entries(attributes).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value: toValue(value) }]));

const hexOf = (text: string, digits: number): string =>
  createHash("sha256").update(text).digest("hex").slice(0, digits);
export const traceIdOf = ({ requestId }: UsageEvent): string => hexOf(`trace/${requestId}`, 32);
const spanIdOf = ({ requestId, generation }: UsageEvent, part = ""): string =>
  hexOf(`span/${requestId}#${generation}${part}`, 16);

const nanos = (ms: number): string => String(BigInt(Math.max(0, Math.round(ms))) * 1_000_000n);

/** Names of the conventions where they differ from ours. */
const providerNames: Readonly<Record<string, string>> = {
  "x-ai": "x_ai",
  google: "gcp.gemini",
  bedrock: "aws.bedrock",
};
const providerName = (provider: string): string =>
  Object.hasOwn(providerNames, provider) ? (providerNames[provider] ?? provider) : provider;

const operationOf = ({ route, unit }: UsageEvent): string => {
  if (route === "Embeddings") return "embeddings";
  return unit === undefined ? "chat" : "generate_content";
};

const tagAttributes = ({ tags = {} }: UsageEvent): Record<string, string> =>
  Object.fromEntries(Object.entries(tags).map(([name, value]) => [`concurred.tag.${name}`, value]));

const usd = (picoUsd: bigint | undefined): object[] =>
  picoUsd === undefined ? [] : [{ key: "concurred.cost_usd", value: { doubleValue: toUsd(picoUsd) } }];

const okStatus = { code: 1 };
const errorStatus = (message: string) => ({ code: 2, message });
const spanKinds = { server: 2, client: 3 } as const;

/** Messages are JSON in a text: what takes no structured attributes on spans, as most do, takes this. */
const contentAttributes = (content: Content | undefined): Record<string, Value> => {
  if (content === undefined) return {};
  const { prompt, answer } = content;
  const sides: readonly (readonly [string, ContentSide | null])[] = [
    ["input", prompt],
    ["output", answer],
  ];
  return Object.fromEntries(
    sides.flatMap(([name, side]): [string, Value][] =>
      side === null
        ? []
        : [
            [`gen_ai.${name}.messages`, JSON.stringify(side.messages)],
            [`concurred.${name}.cut`, side.cut],
          ],
    ),
  );
};

const rootSpan = (event: UsageEvent, content: Content | undefined): object => {
  const { startedAt, latencyMs = 0, status, code } = event;
  const operation = operationOf(event);
  return {
    traceId: traceIdOf(event),
    spanId: spanIdOf(event),
    name: `${operation} ${event.askedModel ?? event.model}`,
    kind: spanKinds.server,
    startTimeUnixNano: nanos(startedAt),
    endTimeUnixNano: nanos(startedAt + latencyMs),
    attributes: [
      ...toAttributes({
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": providerName(event.provider),
        "gen_ai.request.model": event.askedModel ?? event.model,
        "gen_ai.response.model": event.model,
        "gen_ai.response.id": event.requestId,
        "gen_ai.response.finish_reasons": event.finishReason === undefined ? undefined : [event.finishReason],
        "gen_ai.usage.input_tokens": event.inputTokens,
        "gen_ai.usage.output_tokens": event.outputTokens,
        "gen_ai.conversation.id": event.tags?.session,
        "session.id": event.tags?.session,
        "error.type": status === "ok" ? undefined : (code ?? status),
        "concurred.request.id": event.requestId,
        "concurred.generation": event.generation,
        "concurred.route": event.route,
        "concurred.dialect": event.dialect,
        "concurred.key.id": event.keyId,
        "concurred.status": status,
        "concurred.usage.cached_input_tokens": event.cachedInputTokens,
        "concurred.usage.cache_write_input_tokens": event.cacheWriteInputTokens,
        "concurred.usage.reasoning_output_tokens": event.reasoningTokens,
        "concurred.usage.estimated": event.estimated,
        "concurred.byok": event.byok,
        "concurred.cache": event.cache,
        "concurred.streamed": event.streamed,
        "concurred.time_to_first_token_ms": event.timeToFirstTokenMs,
        "concurred.gateway_overhead_ms": event.overheadMs,
        "concurred.guardrail.findings": event.findings,
        ...tagAttributes(event),
        ...contentAttributes(content),
      }),
      ...usd(event.costPicoUsd),
    ],
    status: status === "ok" ? okStatus : errorStatus(code ?? status),
  };
};

/** A child for each attempt. Older events do not say when one began: those follow each other. */
const attemptSpans = (event: UsageEvent): object[] => {
  let afterMs = 0;
  return event.attempts.map((attempt, index) => {
    const startMs = event.startedAt + (attempt.startedMs ?? afterMs);
    afterMs = (attempt.startedMs ?? afterMs) + attempt.latencyMs;
    return {
      traceId: traceIdOf(event),
      spanId: spanIdOf(event, `/attempt/${index}`),
      parentSpanId: spanIdOf(event),
      name: `${operationOf(event)} ${attempt.model}`,
      kind: spanKinds.client,
      startTimeUnixNano: nanos(startMs),
      endTimeUnixNano: nanos(startMs + attempt.latencyMs),
      attributes: toAttributes({
        "gen_ai.operation.name": operationOf(event),
        "gen_ai.provider.name": providerName(attempt.provider),
        "gen_ai.request.model": attempt.model,
        "http.response.status_code": attempt.status ?? undefined,
        "error.type": attempt.result === "ok" ? undefined : attempt.result,
        "concurred.attempt": index,
      }),
      status: attempt.result === "ok" ? okStatus : errorStatus(attempt.result),
    };
  });
};

/** Feedback as a child with the conventions' evaluation event: the request's own span was sent before. */
const feedbackSpan = (
  event: UsageEvent,
  { score, comment, tags, at }: NonNullable<UsageEvent["feedback"]>,
): object => ({
  traceId: traceIdOf(event),
  spanId: spanIdOf(event, `/feedback/${at}`),
  parentSpanId: spanIdOf(event),
  name: "feedback",
  kind: spanKinds.server,
  startTimeUnixNano: nanos(at),
  endTimeUnixNano: nanos(at),
  attributes: toAttributes({ "concurred.request.id": event.requestId, "concurred.feedback.tags": tags }),
  events: [
    {
      timeUnixNano: nanos(at),
      name: "gen_ai.evaluation.result",
      attributes: [
        ...toAttributes({ "gen_ai.evaluation.name": "user_feedback", "gen_ai.evaluation.explanation": comment }),
        { key: "gen_ai.evaluation.score.value", value: { doubleValue: score } },
      ],
    },
  ],
  status: {},
});

/** The body of a POST to a collector's traces endpoint. `contentOf`: what was recorded of an event and is to be sent. */
export const toOtlp = (
  events: readonly UsageEvent[],
  contentOf: (event: UsageEvent) => Content | undefined = () => undefined,
): object => ({
  resourceSpans: [
    {
      resource: { attributes: toAttributes({ "service.name": "concurred", "service.version": config.version() }) },
      scopeSpans: [
        {
          scope: { name: "concurred.gateway", version: config.version() },
          spans: events.flatMap((event) =>
            event.feedback === undefined
              ? [rootSpan(event, contentOf(event)), ...attemptSpans(event)]
              : [feedbackSpan(event, event.feedback)],
          ),
          schemaUrl,
        },
      ],
      schemaUrl,
    },
  ],
});
