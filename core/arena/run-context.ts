import type { KeyPrincipal } from "#core/auth/principal.ts";
import { fromUsd } from "#core/catalog/cost.ts";
import { resolveModel } from "#core/catalog/resolve.ts";
import { inputCharacters } from "#core/chat/input-size.ts";
import { RequestScope } from "#core/chat/request-scope.ts";
import { toTargets } from "#core/chat/targets.ts";
import type { RequestContext } from "#core/context.ts";
import { readProviderKeys } from "#core/db/provider-key-rows.ts";
import type { AttemptRecord } from "#core/db/usage-events.ts";
import { GatewayError, toGatewayError } from "#core/errors.ts";
import { increment } from "#core/observability/metrics.ts";
import { ProviderFailure, type ProviderOutcome } from "#core/providers/provider.ts";
import { failureToError } from "#core/routing/failure-to-error.ts";
import { runAttempts, type Target } from "#core/routing/run-attempts.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { estimatePicoUsd } from "#core/usage/estimate.ts";
import { GenerationRow } from "#core/usage/meter.ts";
import { Place } from "#core/usage/place.ts";
import { metered } from "#core/usage/settlement.ts";
import type { TokenUsage } from "#core/usage/token-usage.ts";
import type { ArenaRun, Generation, GenerationRequest } from "./arena-run.ts";
import { ChunkReader } from "./chunk-reader.ts";

/**
 * What all agents of a run share: its place among the user's open requests, its money, its deadline, and the way in which
 * one call to a model is made and metered. Each call is its own usage event under the run's id.
 */

export type { Generation, GenerationRequest } from "./arena-run.ts";

export interface RunOptions {
  readonly context: RequestContext;
  readonly principal: KeyPrincipal;
  readonly providerKeySlug: string | undefined;
  /** Ms for the whole run. */
  readonly timeoutMs: number;
  readonly maxCostUsd: number | undefined;
}

const agentRetries = 1;

export class RunContext implements ArenaRun {
  readonly #options: RunOptions;
  readonly #scope: RequestScope;
  #place: Place | undefined;
  readonly #targets = new Map<string, Target>();
  #generations = 0;
  #spent = 0n;
  #cost = 0n;
  #unpriced = false;
  #inputTokens = 0;
  #outputTokens = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    const { context, principal, timeoutMs } = options;
    this.#scope = new RequestScope({
      userId: principal.userId,
      requestId: context.requestId,
      timeoutMs,
      startedAtMs: context.startedAtMs,
      lambdaDeadlineMs: context.lambdaDeadlineMs,
    });
    context.afterwards.push(async () => {
      this.#scope.close();
      await this.#place?.giveBack(this.#spent);
    });
  }

  get runId(): string {
    return this.#options.context.requestId;
  }

  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  get abortReason(): GatewayError {
    return this.#scope.reason;
  }

  remainingMs(): number {
    return this.#scope.remainingMs();
  }

  /** Tokens and cost of everything so far; the cost is unknown when one model's price is. */
  get totals(): {
    readonly inputTokens: number;
    readonly outputTokens: number;
    readonly costPicoUsd: bigint | undefined;
  } {
    return {
      inputTokens: this.#inputTokens,
      outputTokens: this.#outputTokens,
      costPicoUsd: this.#unpriced ? undefined : this.#cost,
    };
  }

  /** Whether the run has used up the cost that its caller allows. */
  get overCost(): boolean {
    const { maxCostUsd } = this.#options;
    return maxCostUsd !== undefined && this.#cost >= fromUsd(maxCostUsd);
  }

  /** Round 2: takes the place, with money for a first call of each model, and reads the caller's keys. @throws GatewayError */
  async open(models: readonly string[], characters: number, maxTokens: number | undefined): Promise<void> {
    const { context, principal } = this.#options;
    const resolved = models.map((name, index) => resolveModel(name, `models[${index}]`));
    const reservePicoUsd = resolved.reduce(
      (sum, { catalog }) => sum + estimatePicoUsd(catalog, characters, maxTokens),
      0n,
    );
    this.#place = new Place({
      userId: principal.userId,
      requestId: context.requestId,
      reservePicoUsd: this.#options.providerKeySlug === undefined ? reservePicoUsd : 0n,
      startedAtMs: context.startedAtMs,
      untilMs: context.lambdaDeadlineMs,
    });
    const [, keys] = await Promise.all([this.#place.take(), readProviderKeys(principal.userId)]);
    const targets = toTargets(
      resolved.map((model) => ({ model, slug: undefined })),
      keys,
      this.#options.providerKeySlug,
    );
    for (const [index, target] of targets.entries()) this.#targets.set(models[index] ?? target.model.id, target);
  }

  /** One call to one model, streamed to us, metered and settled. @throws GatewayError */
  async generate(request: GenerationRequest): Promise<Generation> {
    const { context, principal } = this.#options;
    const target = this.#targets.get(request.model);
    if (target === undefined || this.#place === undefined) throw new Error("The run was not opened with this model");
    const { model } = target;
    const body = toChatRequest(request);
    const characters = inputCharacters(body);
    const estimate = target.byok ? 0n : estimatePicoUsd(model.catalog, characters, request.maxTokens);
    await this.#reserve(estimate);
    const generation = this.#generations++;
    const startedAt = performance.now();
    const row = new GenerationRow(
      {
        userId: principal.userId,
        keyId: principal.keyId,
        requestId: context.requestId,
        generation,
        runId: context.requestId,
        route: context.route.id,
        model,
        byok: target.byok,
        streamed: true,
        reservePicoUsd: estimate,
        startedAtMs: Date.now(),
        untilMs: context.lambdaDeadlineMs,
      },
      this.#place.day,
    );
    const attempts: AttemptRecord[] = [];
    let outcome: ProviderOutcome | undefined;
    let firstTokenAt: number | undefined;
    let failure: GatewayError | undefined;
    const reader = new ChunkReader();
    const opened = row.open();
    try {
      const [result] = await Promise.all([
        runAttempts({
          targets: [target],
          request: body,
          retries: agentRetries,
          completionId: `chatcmpl-${context.requestId.slice(4)}-${generation}`,
          signal: this.signal,
          abortReason: () => this.abortReason,
          remainingMs: () => this.remainingMs(),
          inputCharacters: characters,
          onAttempt: (attempt) => attempts.push(attempt),
        }),
        opened,
      ]);
      const { reply } = result;
      outcome = reply.outcome;
      firstTokenAt = performance.now();
      if (reply.kind === "completion") {
        const text = reply.completion.choices[0]?.message.content ?? "";
        reader.content = text;
        request.onText(text);
      } else {
        try {
          for (const part of reply.head) request.onText(reader.push(part));
          for (let next = await reply.rest.next(); next.done !== true; next = await reply.rest.next()) {
            request.onText(reader.push(next.value));
          }
        } finally {
          await reply.rest.return?.();
        }
      }
    } catch (thrown) {
      failure = this.#toError(thrown, target.byok, attempts);
    }
    const usage = metered(outcome, characters);
    const { costPicoUsd: cost, spentPicoUsd } = await row.settle({
      status: failure === undefined ? "ok" : this.#scope.wasCancelled ? "cancelled" : "error",
      code: failure?.code,
      usage,
      served: model,
      byok: target.byok,
      attempts,
      latencyMs: performance.now() - startedAt,
      timeToFirstTokenMs: firstTokenAt === undefined ? undefined : firstTokenAt - startedAt,
    });
    this.#underWay -= estimate;
    this.#count(usage, cost, spentPicoUsd);
    if (failure !== undefined) throw failure;
    return { content: reader.content, toolCalls: reader.toolCalls, usage, costPicoUsd: cost, model: model.id };
  }

  #toError(thrown: unknown, byok: boolean, attempts: readonly AttemptRecord[]): GatewayError {
    if (this.signal.aborted) return this.abortReason;
    if (!(thrown instanceof ProviderFailure)) return toGatewayError(thrown);
    return failureToError(thrown, { byok, attempts: attempts.slice(-1), fellBack: false, hasTools: false });
  }

  #count(usage: TokenUsage, cost: bigint | undefined, spent: bigint): void {
    this.#inputTokens += usage.inputTokens;
    this.#outputTokens += usage.outputTokens;
    this.#spent += spent;
    if (cost === undefined) this.#unpriced = true;
    else this.#cost += cost;
    increment("InputTokens", usage.inputTokens);
    increment("OutputTokens", usage.outputTokens);
    if (cost !== undefined) increment("CostMicroUsd", Number(cost / 1_000_000n));
  }

  /** What calls under way have reserved and not settled yet. */
  #underWay = 0n;
  #reserving: Promise<void> = Promise.resolve();

  /** Makes sure that the place's reservation covers one call more. One at a time: each looks at what the last one left. */
  #reserve(estimate: bigint): Promise<void> {
    const mine = this.#reserving.then(() => this.#cover(estimate));
    this.#reserving = mine.catch(() => undefined);
    return mine;
  }

  async #cover(estimate: bigint): Promise<void> {
    const place = this.#place;
    if (place === undefined || estimate === 0n) return;
    const missing = this.#spent + this.#underWay + estimate - place.reservedPicoUsd;
    if (missing > 0n && !(await place.extendBy(missing))) {
      throw new GatewayError("SPEND_LIMIT_EXCEEDED", "Today's cap on platform-paid use is reached.", {
        shouldRetry: false,
      });
    }
    this.#underWay += estimate;
  }
}

const toChatRequest = (request: GenerationRequest): ChatRequest => ({
  model: request.model,
  messages: [...request.messages],
  stream: true,
  ...(request.tools === undefined ? {} : { tools: request.tools }),
  ...(request.toolChoice === undefined ? {} : { tool_choice: request.toolChoice }),
  ...(request.responseFormat === undefined ? {} : { response_format: request.responseFormat }),
  ...(request.maxTokens === undefined ? {} : { max_completion_tokens: request.maxTokens }),
});
