import type { KeyPrincipal } from "#core/auth/principal.ts";
import { fromUsd } from "#core/catalog/cost.ts";
import { inputCharacters } from "#core/chat/input-size.ts";
import { RequestScope } from "#core/chat/request-scope.ts";
import { resolveChoices, toTargets } from "#core/chat/targets.ts";
import type { RequestContext } from "#core/context.ts";
import { readProviderKeys } from "#core/db/provider-key-rows.ts";
import type { AttemptRecord } from "#core/db/usage-events.ts";
import { GatewayError, toGatewayError } from "#core/errors.ts";
import { increment } from "#core/observability/metrics.ts";
import { ProviderFailure, type ProviderOutcome } from "#core/providers/provider.ts";
import { failureToError } from "#core/routing/failure-to-error.ts";
import { runAttempts, type Target } from "#core/routing/run-attempts.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { coveredCharacters, estimatePicoUsd } from "#core/usage/estimate.ts";
import { GenerationRow } from "#core/usage/meter.ts";
import { Place } from "#core/usage/place.ts";
import { costForReserve, metered } from "#core/usage/settlement.ts";
import type { TokenUsage } from "#core/usage/token-usage.ts";
import type { ArenaRun, Generation, GenerationRequest, Opening } from "./arena-run.ts";
import { ChunkReader } from "./chunk-reader.ts";
import { SearchBudget } from "./search-budget.ts";

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

const roundTimedOut = (): GatewayError =>
  new GatewayError("PROVIDER_TIMEOUT", "The time of the rounds is used up.", { shouldRetry: false });

type Priced = Pick<Target, "model">;

/** What a call may cost at the dearest of the models that may serve it. */
const dearestOf = (some: readonly Priced[], characters: number, maxTokens: number | undefined): bigint =>
  some
    .map(({ model }) => estimatePicoUsd(model.catalog, characters, maxTokens))
    .reduce((left, right) => (left > right ? left : right), 0n);

export class RunContext implements ArenaRun {
  readonly searches = new SearchBudget();
  readonly #options: RunOptions;
  readonly #scope: RequestScope;
  #place: Place | undefined;
  /** Those that may serve a name: one, but for `auto`. */
  readonly #targets = new Map<string, readonly [Target, ...Target[]]>();
  #generations = 0;
  #spent = 0n;
  #cost = 0n;
  #unpriced = false;
  /** What counts against the caller's limit: an unknown price as the dearest one. */
  #limited = 0n;
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

  get cancelled(): boolean {
    return this.#scope.wasCancelled;
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
    return maxCostUsd !== undefined && this.#limited >= fromUsd(maxCostUsd);
  }

  /**
   * Round 2: takes the place, with money for a first call of each model, and reads the caller's keys. `auto` is resolved here,
   * for the request that is given. @throws GatewayError
   */
  async open(names: readonly string[], body: Opening, characters: number): Promise<void> {
    const { context, principal, providerKeySlug } = this.#options;
    const { userId } = principal;
    const maxTokens = body.max_completion_tokens ?? undefined;
    const choices = names.map((model) => resolveChoices({ ...body, model }, characters, { userId, providerKeySlug }));
    const reservePicoUsd = choices
      .map((some) => dearestOf(some, characters, maxTokens))
      .reduce((sum, price) => sum + price, 0n);
    this.#place = new Place({
      userId,
      requestId: context.requestId,
      reservePicoUsd: providerKeySlug === undefined ? reservePicoUsd : 0n,
      startedAtMs: context.startedAtMs,
      untilMs: context.lambdaDeadlineMs,
    });
    const [, keys] = await Promise.all([this.#place.take(), readProviderKeys(userId)]);
    const targets = [...toTargets(choices.flat(), keys, providerKeySlug)];
    for (const [index, name] of names.entries()) {
      const [first, ...others] = targets.splice(0, choices[index]?.length);
      if (first !== undefined) this.#targets.set(name, [first, ...others]);
    }
  }

  /** One call to one model, streamed to us, metered and settled. @throws GatewayError */
  async generate(request: GenerationRequest): Promise<Generation> {
    const { context, principal } = this.#options;
    const targets = this.#targets.get(request.model);
    if (targets === undefined || this.#place === undefined) throw new Error("The run was not opened with this model");
    const [{ model, byok }] = targets;
    const body = toChatRequest(request);
    const characters = inputCharacters(body);
    const paid = targets.filter((target) => !target.byok);
    let reserved = dearestOf(paid, characters, request.maxTokens);
    const signal = request.signal === undefined ? this.signal : AbortSignal.any([this.signal, request.signal]);
    await this.#reserve(reserved);
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
        byok,
        streamed: true,
        reservePicoUsd: reserved,
        startedAtMs: Date.now(),
        untilMs: context.lambdaDeadlineMs,
      },
      this.#place.day,
    );
    const attempts: AttemptRecord[] = [];
    let outcome: ProviderOutcome | undefined;
    let firstTokenAt: number | undefined;
    let failure: GatewayError | undefined;
    let served = targets[0];
    const reader = new ChunkReader();
    const opened = row.open();
    try {
      const [result] = await Promise.all([
        runAttempts({
          targets,
          request: body,
          retries: agentRetries,
          completionId: `chatcmpl-${context.requestId.slice(4)}-${generation}`,
          signal,
          abortReason: () => this.#reasonOf(signal),
          remainingMs: () => this.remainingMs(),
          onAttempt: (attempt) => attempts.push(attempt),
        }),
        opened,
      ]);
      const { reply } = result;
      served = result.target;
      outcome = reply.outcome;
      firstTokenAt = performance.now();
      if (reply.kind === "completion") {
        const said = reply.completion.choices[0]?.message;
        const text = said?.content ?? said?.refusal ?? "";
        reader.content = text;
        request.onText(text);
      } else {
        try {
          for (const part of reply.head) request.onText(reader.push(part));
          for (let next = await reply.rest.next(); next.done !== true; next = await reply.rest.next()) {
            request.onText(reader.push(next.value));
            if (served.byok || reply.outcome.finishReason !== undefined) continue;
            if (reply.outcome.outputCharacters <= coveredCharacters(served.model.catalog, reserved)) continue;
            if (await this.#mayReserve(reserved)) {
              reserved *= 2n;
              continue;
            }
            // Counted before the end is noted: the provider has told the usage of the beginning at most.
            reply.outcome.usage = metered(reply.outcome, characters);
            reply.outcome.finishReason = "length";
            break;
          }
        } finally {
          await reply.rest.return?.();
        }
      }
    } catch (thrown) {
      failure = this.#toError(thrown, served.byok, attempts, signal);
    }
    const usage = metered(outcome, characters);
    const { costPicoUsd: cost, spentPicoUsd } = await row.settle({
      status: failure === undefined ? "ok" : this.#scope.wasCancelled ? "cancelled" : "error",
      code: failure?.code,
      usage,
      served: served.model,
      byok: served.byok,
      attempts,
      latencyMs: performance.now() - startedAt,
      timeToFirstTokenMs: firstTokenAt === undefined ? undefined : firstTokenAt - startedAt,
    });
    this.#underWay -= reserved;
    this.#limited += cost ?? costForReserve(undefined, usage);
    this.#count(usage, cost, spentPicoUsd);
    if (failure !== undefined) throw failure;
    const { content, toolCalls } = reader;
    const finishReason = outcome?.finishReason ?? "stop";
    return { content, toolCalls, usage, costPicoUsd: cost, model: served.model.id, finishReason };
  }

  /** Why a call was stopped: with its run, or before it. */
  #reasonOf(signal: AbortSignal): GatewayError {
    return signal.aborted && !this.signal.aborted ? roundTimedOut() : this.abortReason;
  }

  #toError(thrown: unknown, byok: boolean, attempts: readonly AttemptRecord[], signal: AbortSignal): GatewayError {
    if (signal.aborted) return this.#reasonOf(signal);
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

  /** The same for an answer that outgrows its reservation; false when the daily cap forbids it. */
  async #mayReserve(more: bigint): Promise<boolean> {
    try {
      await this.#reserve(more);
      return true;
    } catch (error) {
      if (error instanceof GatewayError && error.code === "SPEND_LIMIT_EXCEEDED") return false;
      throw error;
    }
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
