import { ratedAlias } from "#core/catalog/auto.ts";
import { exaSearchModel, exaSearchPicoUsd } from "#core/catalog/search-prices.ts";
import { noTokens } from "#core/catalog/token-usage.ts";
import { chatSize, reservedSize } from "#core/chat/call-size.ts";
import { resolveChoices } from "#core/chat/choices.ts";
import { collectAnswer } from "#core/chat/collect-answer.ts";
import type { RequestContext } from "#core/context.ts";
import { GatewayError } from "#core/errors.ts";
import { type Admission, newAdmission } from "#core/generation/admission.ts";
import type { Caller } from "#core/generation/caller.ts";
import { Generation } from "#core/generation/generation.ts";
import type { EarlierEnd, GenerationEnd, GenerationOptions } from "#core/generation/generation-parts.ts";
import { meteredUsage } from "#core/generation/metered-usage.ts";
import { RequestScope } from "#core/generation/request-scope.ts";
import {
  type CallReserve,
  mostExpensive,
  mostTokens,
  sumOfReserves,
  wholeReserve,
} from "#core/generation/reservation.ts";
import { secondRound } from "#core/generation/second-round.ts";
import type { GenerationCost } from "#core/generation/unanswered-cost.ts";
import type { ProviderOutcome } from "#core/providers/provider.ts";
import { countPanel, noteRun } from "#core/ratings/note-run.ts";
import { ratedCaller } from "#core/ratings/rated-caller.ts";
import type { Target } from "#core/routing/target.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { pause } from "#core/values/pause.ts";
import type { ArenaRun, Generated, GenerationRequest, OpenedModel, Opening, RunRecord } from "./arena-run.ts";
import { searchMayBeBilled } from "./exa.ts";
import type { RecordedAnswer } from "./recorded-answer.ts";
import { RunBudget, type RunTotals } from "./run-budget.ts";
import { SearchBudget } from "./search-budget.ts";

/** What a generation begins with. */
interface FirstCall extends Pick<GenerationOptions, "operation"> {
  readonly model: GenerationOptions["asked"];
  readonly byok: boolean;
}

export interface RunOptions {
  readonly call: RequestContext;
  readonly caller: Caller;
  /** How the client asked, where it could have asked otherwise. */
  readonly dialect?: GenerationOptions["dialect"];
  /** For the whole run, ms. */
  readonly timeoutMs: number;
  readonly maxCostUsd: number | undefined;
}

/** What a run calls a model with. */
interface Opened {
  readonly targets: readonly [Target, ...Target[]];
  readonly admission: Admission;
  readonly budget: RunBudget;
}

/** What all calls of a run may take. */
export interface PlannedCalls {
  readonly reserve: CallReserve;
  /** Input and output, for a limit of tokens. */
  readonly tokens: () => number;
}

const agentRetries = 1;
/** How long the end of a run waits until it can be voted on, ms. */
const noteMs = 1_000;

const callTimedOut = (): GatewayError =>
  new GatewayError("PROVIDER_TIMEOUT", "The time for this model's answer is used up.", { shouldRetry: false });

const toChatRequest = (request: GenerationRequest): ChatRequest => ({
  ...request.fields,
  model: request.model,
  messages: [...request.messages],
  stream: true,
  ...(request.tools === undefined ? {} : { tools: request.tools }),
  ...(request.toolChoice === undefined ? {} : { tool_choice: request.toolChoice }),
  ...(request.responseFormat === undefined ? {} : { response_format: request.responseFormat }),
  ...(request.maxTokens === undefined ? {} : { max_completion_tokens: request.maxTokens }),
});

/**
 * A run over real models: what all its agents share, and one generation for each call to a model.
 * Fields: the facts of one run, each of which is known at another time.
 */
export class ModelRun implements ArenaRun {
  readonly searches = new SearchBudget();
  readonly #options: RunOptions;
  readonly #scope: RequestScope;
  #admission: Admission | undefined;
  #budget: RunBudget | undefined;
  /** The targets that may serve a name: one, except for `auto`. */
  readonly #targets = new Map<string, readonly Target[]>();
  #generations = 0;
  readonly #warnings = new Set<string>();
  #simulated = false;

  constructor(options: RunOptions) {
    this.#options = options;
    const { call, caller, timeoutMs } = options;
    const { requestId, startedAtMs, lambdaDeadlineMs } = call;
    const { userId } = caller.principal;
    this.#scope = new RequestScope({ userId, requestId, timeoutMs, startedAtMs, lambdaDeadlineMs });
    call.deferred.push(() => this.#close());
  }

  get runId(): string {
    return this.#options.call.requestId;
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

  /** Whether a stand-in has answered. */
  get simulated(): boolean {
    return this.#simulated;
  }

  /** Headers of the run's answer, once it is open. */
  get headers(): Readonly<Record<string, string>> {
    return this.#warnings.size === 0 ? {} : { "x-warnings": [...this.#warnings].join(", ") };
  }

  remainingMs(): number {
    return this.#scope.remainingMs();
  }

  get totals(): RunTotals {
    return this.#budget?.totals ?? { inputTokens: 0, outputTokens: 0, costPicoUsd: 0n };
  }

  get overCost(): boolean {
    return this.#budget?.overCost ?? false;
  }

  /**
   * Round 2: admission with money for a first call of each model, and the caller's keys. `auto` is resolved here, for the
   * request that is given. @throws GatewayError
   */
  open(names: readonly string[], body: Opening, characters: number): Promise<void> {
    return this.openModels(names.map((model) => ({ model, body, characters })));
  }

  /** The same where the models are called with different requests, or more often than once: `planned` is what all calls may take. @throws GatewayError */
  async openModels(models: readonly OpenedModel[], planned?: PlannedCalls): Promise<void> {
    const { call, maxCostUsd } = this.#options;
    const names = models.map(({ model }) => model);
    const caller = await ratedCaller(this.#options.caller, names, call.startedAtMs);
    const groups = models.map(({ model, body, characters }) => resolveChoices({ ...body, model }, characters, caller));
    for (const [index, group] of groups.entries()) {
      const warnings = names[index] === ratedAlias ? (caller.rated?.warnings(group[0].model.id) ?? []) : [];
      for (const warning of warnings) this.#warnings.add(warning);
    }
    const calls = await Promise.all(
      groups.map(async (some, index) => {
        const body = models[index]?.body ?? { messages: [] };
        const resolved = some.map(({ model }) => model);
        return { models: resolved, size: await reservedSize(chatSize({ ...body, model: "" }), resolved) };
      }),
    );
    const first: PlannedCalls = {
      reserve: sumOfReserves(calls.map((each) => mostExpensive(each.models, each.size))),
      tokens: () => calls.reduce((sum, each) => sum + mostTokens(each.models, each.size), 0),
    };
    const { reserve, tokens } = planned ?? first;
    const admission = newAdmission(call, caller, { reserve, callerPays: caller.providerKeySlug !== undefined, tokens });
    this.#admission = admission;
    this.#budget = new RunBudget(admission, maxCostUsd);
    const { groups: targets } = await secondRound({ caller, scope: this.#scope, admission, groups });
    for (const [index, { model }] of models.entries()) this.#targets.set(model, targets[index] ?? []);
  }

  /** One call to one model, streamed to us, metered and settled. @throws GatewayError */
  generate(request: GenerationRequest): Promise<Generated> {
    const opened = this.#opened(request.model);
    return opened.budget.during(this.#generate(request, opened));
  }

  /** One web search, which the platform always pays for: reserved, metered as a separate unit, and settled. */
  search<Result>(work: () => Promise<Result>): Promise<Result> {
    const [admission, budget] = [this.#admission, this.#budget];
    if (admission === undefined || budget === undefined) throw new Error("The run was not opened");
    return budget.during(this.#search(work, admission, budget));
  }

  async #generate(request: GenerationRequest, { targets, admission, budget }: Opened): Promise<Generated> {
    const body = toChatRequest(request);
    const models = targets.filter(({ byok }) => !byok).map(({ model }) => model);
    const size = await reservedSize(chatSize(body), models);
    const reserve = mostExpensive(models, size);
    const numberInRun = this.#generations++;
    const generation = this.#newGeneration(
      { ...targets[0], operation: "chat" },
      admission.day,
      reserve.picoUsd,
      numberInRun,
    );
    const answered = await this.#recorded(generation, body, numberInRun);
    const until = this.#until(request.signal);
    let outcome: ProviderOutcome | undefined;
    let simulated = false;
    let inputTokens = 0;
    let audioTokens: number | undefined;
    let collected: Awaited<ReturnType<typeof collectAnswer>> | undefined;
    try {
      // Before the call, as for a chat: nothing may be asked for that could not be put on record.
      await generation.openRow();
      collected = await collectAnswer({
        generation,
        targets,
        body,
        completionId: `chatcmpl-${this.runId.slice(4)}-${numberInRun}`,
        retries: agentRetries,
        size,
        purse: budget.purse,
        until,
        onServing: (serving, telling, { model }) => {
          outcome = telling;
          simulated = serving.simulated;
          this.#simulated ||= simulated;
          inputTokens = size.inputTokens(model);
          audioTokens = size.audioTokens?.(model);
          request.onWarnings?.(serving.warnings);
        },
        onText: request.onText,
        onPart: (part) => {
          answered?.push(part);
          request.onPart?.(part);
        },
      });
      answered?.end(collected, outcome?.finishReason);
    } catch (thrown) {
      generation.fail(thrown, until);
    }
    const usage = meteredUsage(outcome, inputTokens, audioTokens);
    const end = { whole: collected !== undefined, usage, outcome };
    const { costPicoUsd } = await this.#settle(generation, budget, end);
    if (generation.error !== undefined || collected === undefined) throw generation.error;
    const { content, toolCalls } = collected;
    const finishReason = outcome?.finishReason ?? "stop";
    return { content, toolCalls, usage, costPicoUsd, model: generation.servedModel.id, finishReason, simulated };
  }

  /** Has a key that records content keep what this call asks, and what is answered. Others load nothing for it. */
  async #recorded(generation: Generation, body: ChatRequest, numberInRun: number): Promise<RecordedAnswer | undefined> {
    const { call, caller } = this.#options;
    if (caller.principal.limits?.contentDays === undefined) return undefined;
    const { RecordedAnswer: Recorded } = await import("./recorded-answer.ts");
    return new Recorded(generation, body, { call, caller, numberInRun, startedAtMs: Date.now() });
  }

  async #search<Result>(work: () => Promise<Result>, admission: Admission, budget: RunBudget): Promise<Result> {
    const granted = (await budget.purse.take(wholeReserve(exaSearchPicoUsd), false)) ?? 0n;
    const search = { model: exaSearchModel, byok: false, operation: "media" } as const;
    const generation = this.#newGeneration(search, admission.day, granted, this.#generations++);
    let isBilled = false;
    try {
      await generation.openRow();
      isBilled = true;
      return await work();
    } catch (thrown) {
      isBilled &&= searchMayBeBilled(thrown);
      generation.fail(thrown);
      throw thrown;
    } finally {
      const costPicoUsd = isBilled ? exaSearchPicoUsd : 0n;
      const failed = generation.error !== undefined;
      if (!isBilled) budget.purse.giveBack(granted, false);
      await this.#settle(generation, budget, {
        whole: !failed,
        usage: { ...noTokens, estimated: isBilled && failed },
        unitCost: { unit: "searches", units: isBilled ? 1 : 0, costPicoUsd, spendPicoUsd: costPicoUsd },
      });
    }
  }

  async record({ mode, agents, ballots }: RunRecord): Promise<void> {
    const { call, caller } = this.#options;
    const { userId, keyId } = caller.principal;
    // Behind the answer: nothing waits for the sums.
    if (ballots.length > 0) call.deferred.push(() => countPanel({ userId, runId: this.runId }, ballots));
    const noting = noteRun({
      userId,
      keyId,
      runId: this.runId,
      mode,
      agents: [...agents],
      startedAt: call.startedAtMs,
    });
    call.deferred.push(() => noting);
    // A table in trouble does not hold up the end of a run.
    const noted = new AbortController();
    await Promise.race([noting.finally(() => noted.abort()), pause(noteMs, noted.signal)]);
  }

  /** The money is booked before the row is settled: it is spent even if the row cannot be written. @throws AwsError */
  #settle(generation: Generation, budget: RunBudget, end: GenerationEnd): Promise<GenerationCost> {
    budget.settle(generation.costOf(end));
    return generation.settle(end);
  }

  /** Ends the run after its answer. Nobody reads what is still under way. @throws AwsError */
  async #close(): Promise<void> {
    try {
      if (this.#budget?.isBusy === true && !this.signal.aborted) this.#scope.cancel();
      await this.#budget?.close();
    } finally {
      this.#scope.close();
    }
  }

  #opened(name: string): Opened {
    const [first, ...others] = this.#targets.get(name) ?? [];
    const [admission, budget] = [this.#admission, this.#budget];
    if (first === undefined || admission === undefined || budget === undefined) {
      throw new Error("The run was not opened with this model");
    }
    return { targets: [first, ...others] as const, admission, budget };
  }

  #newGeneration(first: FirstCall, day: string, reservePicoUsd: bigint, numberInRun: number): Generation {
    const { call, caller, dialect } = this.#options;
    return new Generation({
      call,
      caller,
      dialect,
      scope: this.#scope,
      operation: first.operation,
      asked: first.model,
      streamed: true,
      reservePicoUsd,
      day,
      numberInRun,
      startedAtMs: Date.now(),
      startedAt: performance.now(),
      byok: first.byok,
    });
  }

  /** Ends a call with its run, or before it. */
  #until(signal: AbortSignal | undefined): EarlierEnd | undefined {
    if (signal === undefined) return undefined;
    return {
      signal: AbortSignal.any([this.signal, signal]),
      reason: () => (this.signal.aborted ? this.abortReason : callTimedOut()),
    };
  }
}
