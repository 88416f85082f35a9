import type { KeyPrincipal } from "#core/auth/principal.ts";
import { inputCharacters } from "#core/chat/input-size.ts";
import { RequestScope } from "#core/chat/request-scope.ts";
import { resolveChoices, toTargets } from "#core/chat/targets.ts";
import type { RequestContext } from "#core/context.ts";
import { readProviderKeys } from "#core/db/provider-key-rows.ts";
import type { AttemptRecord } from "#core/db/usage-events.ts";
import { GatewayError, toGatewayError } from "#core/errors.ts";
import { ProviderFailure, type ProviderOutcome } from "#core/providers/provider.ts";
import { failureToError } from "#core/routing/failure-to-error.ts";
import { runAttempts, type Target } from "#core/routing/run-attempts.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { coveredCharacters, estimatePicoUsd } from "#core/usage/estimate.ts";
import { GenerationRow } from "#core/usage/meter.ts";
import { metered } from "#core/usage/settlement.ts";
import type { ArenaRun, Generation, GenerationRequest, Opening } from "./arena-run.ts";
import { ChunkReader, saidText } from "./chunk-reader.ts";
import { RunPurse } from "./run-purse.ts";
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
  #purse: RunPurse | undefined;
  /** Those that may serve a name: one, but for `auto`. */
  readonly #targets = new Map<string, readonly [Target, ...Target[]]>();
  #generations = 0;

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
      await this.#purse?.giveBack();
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

  get totals(): ArenaRun["totals"] {
    return this.#purse?.totals ?? { inputTokens: 0, outputTokens: 0, costPicoUsd: 0n };
  }

  get overCost(): boolean {
    return this.#purse?.overCost ?? false;
  }

  /**
   * Round 2: takes the place, with money for a first call of each model, and reads the caller's keys. `auto` is resolved here,
   * for the request that is given. @throws GatewayError
   */
  async open(names: readonly string[], body: Opening, characters: number): Promise<void> {
    const { context, principal, providerKeySlug, maxCostUsd } = this.#options;
    const { userId } = principal;
    const maxTokens = body.max_completion_tokens ?? undefined;
    const choices = names.map((model) => resolveChoices({ ...body, model }, characters, { userId, providerKeySlug }));
    const reservePicoUsd = choices
      .map((some) => dearestOf(some, characters, maxTokens))
      .reduce((sum, price) => sum + price, 0n);
    const place = {
      userId,
      requestId: context.requestId,
      reservePicoUsd: providerKeySlug === undefined ? reservePicoUsd : 0n,
      startedAtMs: context.startedAtMs,
      untilMs: context.lambdaDeadlineMs,
    };
    const purse = new RunPurse(place, maxCostUsd);
    this.#purse = purse;
    const [refusal, keys] = await Promise.all([
      purse.take().then(
        () => undefined,
        (error: unknown) => error,
      ),
      readProviderKeys(userId),
    ]);
    const targets = [...toTargets(choices.flat(), keys, providerKeySlug)];
    const byName = names.map((_, index) => targets.splice(0, choices[index]?.length));
    // Today's cap on platform money is reached: what the caller's own keys pay for goes on.
    const overCap = refusal instanceof GatewayError && refusal.code === "SPEND_LIMIT_EXCEEDED";
    const paidByCaller = byName.every(([first]) => first?.byok === true);
    if (refusal !== undefined && !(overCap && paidByCaller)) throw refusal;
    if (refusal !== undefined) await purse.takeUnpaid();
    for (const [index, some] of byName.entries()) {
      const [first, ...others] = refusal === undefined ? some : some.filter(({ byok }) => byok);
      if (first !== undefined) this.#targets.set(names[index] ?? first.model.id, [first, ...others]);
    }
  }

  /** One call to one model, streamed to us, metered and settled. @throws GatewayError */
  async generate(request: GenerationRequest): Promise<Generation> {
    const { context, principal } = this.#options;
    const targets = this.#targets.get(request.model);
    const purse = this.#purse;
    if (targets === undefined || purse === undefined) throw new Error("The run was not opened with this model");
    const [{ model, byok }] = targets;
    const body = toChatRequest(request);
    const characters = inputCharacters(body);
    const paid = targets.filter((target) => !target.byok);
    let reserved = dearestOf(paid, characters, request.maxTokens);
    const signal = request.signal === undefined ? this.signal : AbortSignal.any([this.signal, request.signal]);
    await purse.reserve(reserved);
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
      purse.day,
    );
    const attempts: AttemptRecord[] = [];
    let outcome: ProviderOutcome | undefined;
    let firstTokenAt: number | undefined;
    let failure: GatewayError | undefined;
    let served = targets[0];
    const reader = new ChunkReader();
    try {
      // Before the call, as for a chat: what could not be put on record must not be asked for.
      await row.open();
      const result = await runAttempts({
        targets,
        request: body,
        retries: agentRetries,
        completionId: `chatcmpl-${context.requestId.slice(4)}-${generation}`,
        signal,
        abortReason: () => this.#reasonOf(signal),
        remainingMs: () => this.remainingMs(),
        inputCharacters: characters,
        onAttempt: (attempt) => attempts.push(attempt),
      });
      const { reply } = result;
      served = result.target;
      outcome = reply.outcome;
      firstTokenAt = performance.now();
      request.onServing?.({
        model: served.model.id,
        provider: served.model.provider,
        simulated: reply.simulated,
        attempts: attempts.length,
      });
      if (reply.kind === "completion") {
        const text = saidText(reply.completion.choices[0]?.message ?? {});
        reader.content = text;
        request.onText(text);
      } else {
        try {
          for (const part of reply.head) request.onText(reader.push(part));
          for (let next = await reply.rest.next(); next.done !== true; next = await reply.rest.next()) {
            request.onText(reader.push(next.value));
            if (served.byok || reply.outcome.finishReason !== undefined) continue;
            if (reply.outcome.outputCharacters <= coveredCharacters(served.model.catalog, reserved)) continue;
            if (await purse.mayReserve(reserved)) {
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
    const cost = await row.settle({
      status: failure === undefined ? "ok" : this.#scope.wasCancelled ? "cancelled" : "error",
      code: failure?.code,
      usage,
      served: served.model,
      byok: served.byok,
      attempts,
      latencyMs: performance.now() - startedAt,
      timeToFirstTokenMs: firstTokenAt === undefined ? undefined : firstTokenAt - startedAt,
    });
    purse.settle(reserved, usage, cost);
    if (failure !== undefined) throw failure;
    const { content, toolCalls } = reader;
    const finishReason = outcome?.finishReason ?? "stop";
    return { content, toolCalls, usage, costPicoUsd: cost.costPicoUsd, model: served.model.id, finishReason };
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
