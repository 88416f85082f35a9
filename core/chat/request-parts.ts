import type { KeyPrincipal } from "#core/auth/principal.ts";
import { AnswerCache } from "#core/cache/answer-cache.ts";
import { cacheKey } from "#core/cache/cache-key.ts";
import type { CacheSettings } from "#core/cache/cache-settings.ts";
import type { RequestContext } from "#core/context.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { estimatePicoUsd } from "#core/usage/estimate.ts";
import { Meter } from "#core/usage/meter.ts";
import { longestTimeoutMs } from "./check-request.ts";
import { RequestScope } from "./request-scope.ts";
import type { Choice } from "./targets.ts";

/** What a chat completion works with, made of its request: its time, its money and its cache. */

/** Who asks, and with which of their provider keys (`X-Provider-Key`). */
export interface ChatCaller {
  readonly principal: KeyPrincipal;
  readonly providerKeySlug: string | undefined;
  /** Undefined when the cache is not to be used. */
  readonly cache: CacheSettings | undefined;
  /** Canonical text of the guardrails in force, for the cache's key. */
  readonly guardrailsKey: string;
  /** Id and version of the prompt template, for the cache's key. */
  readonly promptVersion: string | undefined;
}

const defaultTimeoutMs = 60_000;

/** How long a request may take, ms. */
export const chatTimeoutMs = ({ timeout }: ChatRequest): number => timeout ?? defaultTimeoutMs;

export interface RequestFacts {
  readonly call: RequestContext;
  readonly request: ChatRequest;
  readonly caller: ChatCaller;
  readonly choices: readonly [Choice, ...Choice[]];
  readonly inputCharacters: number;
}

const dearest = (left: bigint, right: bigint): bigint => (left > right ? left : right);

const meterOf = ({ call, request, caller, choices, inputCharacters }: RequestFacts): Meter => {
  const { userId, keyId } = caller.principal;
  const maxOutput = request.max_completion_tokens ?? request.max_tokens ?? undefined;
  return new Meter({
    userId,
    keyId,
    requestId: call.requestId,
    generation: 0,
    route: call.route.id,
    model: choices[0].model,
    byok: caller.providerKeySlug !== undefined,
    streamed: request.stream === true,
    // Of the dearest: a cheap model in front must not let a dear fallback past the cap.
    reservePicoUsd: choices
      .map(({ model }) => estimatePicoUsd(model.catalog, inputCharacters, maxOutput))
      .reduce(dearest),
    startedAtMs: call.startedAtMs,
    untilMs: call.lambdaDeadlineMs,
  });
};

const cacheOf = ({ call, request, caller, choices }: RequestFacts, deadlineMs: number): AnswerCache | undefined => {
  const { principal, providerKeySlug, cache, guardrailsKey, promptVersion } = caller;
  if (cache === undefined) return undefined;
  const { userId } = principal;
  const [{ model, slug }] = choices;
  const digest = cacheKey({
    userId,
    model,
    request,
    providerKeySlug: slug ?? providerKeySlug,
    guardrails: guardrailsKey,
    promptVersion,
  });
  return new AnswerCache({ userId, digest, requestId: call.requestId, ttlSeconds: cache.ttlSeconds, deadlineMs });
};

/** Makes the parts. The scope's timers run from here on: whoever takes it closes it. */
export const requestParts = (facts: RequestFacts) => {
  const { call, request, caller } = facts;
  const { requestId, startedAtMs, lambdaDeadlineMs } = call;
  const scope = new RequestScope({
    userId: caller.principal.userId,
    requestId,
    timeoutMs: chatTimeoutMs(request),
    settableMs: longestTimeoutMs(request),
    startedAtMs,
    lambdaDeadlineMs,
  });
  return { scope, meter: meterOf(facts), cache: cacheOf(facts, scope.deadlineMs) };
};
