import type { KeyPrincipal } from "#core/auth/principal.ts";
import { type ResolvedEmbedding, resolveEmbeddingModel } from "#core/catalog/resolve.ts";
import { estimateTokens, noTokens, type TokenUsage } from "#core/catalog/token-usage.ts";
import { reportGeneration } from "#core/chat/report.ts";
import { RequestScope } from "#core/chat/request-scope.ts";
import { toTargets } from "#core/chat/targets.ts";
import type { RequestContext } from "#core/context.ts";
import { readProviderKeys } from "#core/db/provider-key-rows.ts";
import type { AttemptRecord } from "#core/db/usage-events.ts";
import { GatewayError, toGatewayError } from "#core/errors.ts";
import { increment } from "#core/observability/metrics.ts";
import { ProviderFailure } from "#core/providers/provider.ts";
import { warningNames } from "#core/providers/warnings.ts";
import { failureToError } from "#core/routing/failure-to-error.ts";
import { isPassing, pause, retryDelayMs } from "#core/routing/retry.ts";
import type { Target } from "#core/routing/run-attempts.ts";
import type { EmbeddingRequest } from "#core/schemas/embeddings.ts";
import { estimatePicoUsd } from "#core/usage/estimate.ts";
import { Meter } from "#core/usage/meter.ts";
import { callEmbeddings, type EmbeddingAnswer } from "./call-provider.ts";
import { checkEmbeddingRequest, embeddingCharacters, type ShapedEmbedding, toEmbeddingBody } from "./to-request.ts";

export interface EmbeddingCaller {
  readonly principal: KeyPrincipal;
  /** `X-Provider-Key`: pays with this key, never with the platform's. */
  readonly providerKeySlug: string | undefined;
}

export interface EmbeddingResult {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: EmbeddingAnswer["response"];
}

const timeoutMs = 60_000;
const retries = 2;

/** One embeddings request from its model to its settled usage. One is made for each request and used once. */
export class EmbeddingRun {
  readonly #context: RequestContext;
  readonly #request: EmbeddingRequest;
  readonly #caller: EmbeddingCaller;
  readonly #model: ResolvedEmbedding;
  readonly #shaped: ShapedEmbedding;
  readonly #scope: RequestScope;
  readonly #meter: Meter;
  readonly #attempts: AttemptRecord[] = [];
  #target: Target | undefined;
  #usage: TokenUsage = noTokens;
  #responseModel: string | undefined;
  #error: GatewayError | undefined;

  /** @throws GatewayError 400 for what no provider should be asked. */
  constructor(context: RequestContext, request: EmbeddingRequest, caller: EmbeddingCaller) {
    this.#context = context;
    this.#request = request;
    this.#caller = caller;
    this.#model = resolveEmbeddingModel(request.model);
    checkEmbeddingRequest(request, this.#model);
    this.#shaped = toEmbeddingBody(request, this.#model);
    const { requestId, startedAtMs, lambdaDeadlineMs } = context;
    const { userId, keyId } = caller.principal;
    this.#scope = new RequestScope({ userId, requestId, timeoutMs, startedAtMs, lambdaDeadlineMs });
    this.#meter = new Meter({
      userId,
      keyId,
      requestId,
      generation: 0,
      route: context.route.id,
      model: this.#model,
      byok: caller.providerKeySlug !== undefined,
      streamed: false,
      reservePicoUsd: estimatePicoUsd(this.#model.catalog, embeddingCharacters(request), 0),
      startedAtMs,
      untilMs: lambdaDeadlineMs,
    });
    // Runs after the answer has ended, however it ended, and is awaited before the function returns.
    context.afterwards.push(() => this.#settle());
  }

  /** Round 2, then the provider. @throws GatewayError */
  async run(): Promise<EmbeddingResult> {
    try {
      this.#target = await this.#secondRound();
      const startedAt = performance.now();
      const answer = await this.#answerOf(this.#target);
      const providerMs = performance.now() - startedAt;
      this.#usage = answer.usage ?? {
        ...noTokens,
        inputTokens: estimateTokens(embeddingCharacters(this.#request)),
        estimated: true,
      };
      this.#responseModel = answer.response.model;
      return { headers: this.#headers(answer, providerMs), body: answer.response };
    } catch (error) {
      this.#error = this.#toError(error);
      throw this.#error;
    }
  }

  /** Admission and the open usage row, beside the caller's provider keys; then whose key serves. */
  async #secondRound(): Promise<Target> {
    const [refusal, providerKeys] = await Promise.all([
      this.#meter.open().then(
        () => undefined,
        (error: unknown) => error,
      ),
      readProviderKeys(this.#caller.principal.userId),
    ]);
    const [target] = toTargets([{ model: this.#model, slug: undefined }], providerKeys, this.#caller.providerKeySlug);
    if (target === undefined) throw new Error("A model without a target");
    if (refusal === undefined) return target;
    // Today's cap on platform money is reached: what the caller's own key pays for goes on.
    const overCap = refusal instanceof GatewayError && refusal.code === "SPEND_LIMIT_EXCEEDED";
    if (!overCap || !target.byok) throw refusal;
    await this.#meter.admitUnpaid();
    return target;
  }

  /** Calls the provider, again after passing failures. @throws ProviderFailure */
  async #answerOf(target: Target): Promise<EmbeddingAnswer> {
    const { provider } = this.#model;
    const credential = await target.credential();
    if (credential === undefined) throw new ProviderFailure(provider, "auth", `There is no key for ${provider}`);
    for (let tryNumber = 0; ; tryNumber++) {
      const startedAt = performance.now();
      try {
        const answer = await callEmbeddings({
          provider,
          credential,
          body: this.#shaped.body,
          encode: provider === "google" && this.#request.encoding_format === "base64",
          signal: this.#scope.signal,
          timeoutMs: this.#scope.remainingMs(),
        });
        this.#record(startedAt, undefined);
        return answer;
      } catch (error) {
        if (!(error instanceof ProviderFailure) || this.#scope.signal.aborted) throw error;
        this.#record(startedAt, error);
        increment("ProviderFailures");
        const delayMs = retryDelayMs(error, tryNumber, this.#scope.remainingMs());
        if (!isPassing(error) || tryNumber >= retries || delayMs === undefined) throw error;
        await pause(delayMs, this.#scope.signal);
      }
    }
  }

  #record(startedAt: number, failure: ProviderFailure | undefined): void {
    this.#attempts.push({
      model: this.#model.id,
      provider: this.#model.provider,
      result: failure?.kind ?? "ok",
      status: failure === undefined ? 200 : (failure.status ?? null),
      latencyMs: Math.round(performance.now() - startedAt),
    });
  }

  #toError(thrown: unknown): GatewayError {
    if (this.#scope.signal.aborted) return this.#scope.reason;
    if (!(thrown instanceof ProviderFailure)) return toGatewayError(thrown);
    const byok = this.#target?.byok ?? false;
    return failureToError(thrown, { byok, attempts: this.#attempts, fellBack: false, hasTools: false });
  }

  #headers({ simulated }: EmbeddingAnswer, providerMs: number): Record<string, string> {
    const { id, provider } = this.#model;
    const overheadMs = performance.now() - this.#context.startedAt - providerMs;
    increment("GatewayOverheadMs", Math.round(overheadMs));
    const warnings = warningNames(this.#shaped.warnings);
    return {
      "x-model-used": id,
      "x-provider-used": simulated ? `${provider} (simulated)` : provider,
      "x-attempts": String(this.#attempts.length),
      "x-gateway-overhead-ms": overheadMs.toFixed(1),
      ...(warnings.length === 0 ? {} : { "x-warnings": warnings.join(", ") }),
    };
  }

  async #settle(): Promise<void> {
    this.#scope.close();
    const byok = this.#target?.byok ?? false;
    const status = this.#error === undefined ? "ok" : this.#scope.wasCancelled ? "cancelled" : "error";
    const { costPicoUsd } = await this.#meter.settle({
      status,
      code: this.#error?.code,
      usage: this.#usage,
      served: this.#model,
      byok,
      attempts: this.#attempts,
      latencyMs: performance.now() - this.#context.startedAt,
      timeToFirstTokenMs: undefined,
    });
    if (this.#error !== undefined) this.#context.errorCode = this.#error.code;
    reportGeneration(this.#context, {
      operation: "embeddings",
      asked: this.#model,
      served: this.#model,
      outcome: { responseModel: this.#responseModel, finishReason: undefined },
      usage: this.#usage,
      status,
      costPicoUsd,
      streamed: false,
      cache: "BYPASS",
      byok,
      attempts: this.#attempts,
      timeToFirstTokenMs: undefined,
    });
  }
}
