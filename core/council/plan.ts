import type { OpenedModel, Opening } from "#core/arena/arena-run.ts";
import { searchAvailable } from "#core/arena/exa.ts";
import type { PlannedCalls } from "#core/arena/model-run.ts";
import { searchTool } from "#core/arena/search-tool.ts";
import { isAuto } from "#core/catalog/auto.ts";
import { fromUsd, toUsd } from "#core/catalog/cost.ts";
import { type ResolvedModel, resolveModel } from "#core/catalog/resolve.ts";
import { exaSearchPicoUsd } from "#core/catalog/search-prices.ts";
import { chatSize } from "#core/chat/call-size.ts";
import { inputCharacters } from "#core/chat/input-size.ts";
import { GatewayError } from "#core/errors.ts";
import { type CallReserve, callReserve, mostTokens, sumOfReserves } from "#core/generation/reservation.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { analysisFormat, analysisMessages } from "./analyse.ts";
import { comparisonFormat, comparisonMessages, comparisonTokens } from "./compare.ts";
import type { CouncilRequest } from "./council-request.ts";
import { draftMessages } from "./drafts.ts";
import { questionOf } from "./plain-history.ts";
import type { ShownDraft } from "./shown-drafts.ts";

/**
 * What a council may cost, before it starts: every call that it can make, each at its output limit. The limits of its drafts,
 * its analysis and its answer shrink until the sum fits `maxCostUsd`.
 */

export interface CouncilPlan {
  readonly draftTokens: number;
  readonly analysisTokens: number;
  readonly answerTokens: number;
  /** What all calls cost at most, at list prices. A retry is not in it. */
  readonly bound: CallReserve;
  readonly planned: PlannedCalls;
  /** What to open the run with. */
  readonly models: readonly OpenedModel[];
}

type Limits = Pick<CouncilPlan, "draftTokens" | "analysisTokens" | "answerTokens">;

const usual: Limits = { draftTokens: 4_000, analysisTokens: 4_000, answerTokens: 8_000 };
const least: Limits = { draftTokens: 256, analysisTokens: 800, answerTokens: 256 };
const step = 0.7;
/** Turns of a draft that may search: three with the tool, one without. */
const searchTurns = 4;
const searchesOfDraft = 3;
/** What a search adds to the input of the turns after it, tokens. */
const searchTokens = 2_000;
/** One vendor counts more tokens in a text than another. */
const tokenizerMargin = 1.5;

interface PlannedCall {
  readonly model: string;
  readonly body: Opening;
  readonly outputTokens: number;
  /** Input that is not in `body`. */
  readonly addedTokens: number;
  readonly times: number;
}

const empty = (label: string): ShownDraft => ({ label, text: "" });

/** A model's call as it is reserved. `auto` may be any model: it counts as one without a known price. */
const sizeOf = ({ model, body, outputTokens, addedTokens }: PlannedCall) => {
  const resolved: ResolvedModel = isAuto(model)
    ? { id: model, provider: "openai", providerModel: model, catalog: undefined }
    : resolveModel(model);
  const size = chatSize({ ...body, model: "" });
  const inputTokens = (asked: ResolvedModel): number => size.inputTokens(asked) + addedTokens;
  return { resolved, size: { ...size, inputTokens, outputTokens } };
};

const costOf = (call: PlannedCall): CallReserve => {
  const { resolved, size } = sizeOf(call);
  const { picoUsd, leastPicoUsd } = callReserve(resolved, size);
  return { picoUsd: picoUsd * BigInt(call.times), leastPicoUsd: leastPicoUsd * BigInt(call.times) };
};

const tokensOf = (calls: readonly PlannedCall[]): number =>
  calls.reduce((sum, call) => {
    const { resolved, size } = sizeOf(call);
    return sum + call.times * mostTokens([resolved], size);
  }, 0);

const callsOf = (
  request: CouncilRequest,
  { draftTokens, analysisTokens, answerTokens }: Limits,
): readonly PlannedCall[] => {
  const { models, judge, comparer, rubric, messages, final } = request;
  const searches = request.search && searchAvailable();
  const labels = models.map((_, index) => String.fromCharCode(65 + index));
  const shown = labels.map(empty);
  const question = questionOf(messages);
  const addedTokens = Math.ceil(models.length * draftTokens * tokenizerMargin);
  const drafting = {
    messages: [...draftMessages(messages)],
    ...(searches ? { tools: searchTool } : {}),
  };
  return [
    ...models.map((model) => ({
      model,
      body: drafting,
      outputTokens: draftTokens,
      addedTokens: searches ? searchesOfDraft * searchTokens : 0,
      times: searches ? searchTurns : 1,
    })),
    {
      model: comparer,
      body: { messages: comparisonMessages(question, shown), response_format: comparisonFormat(labels) },
      outputTokens: comparisonTokens,
      addedTokens,
      times: 1,
    },
    {
      model: judge.model,
      body: { messages: analysisMessages(question, rubric, shown), response_format: analysisFormat(labels) },
      outputTokens: analysisTokens,
      addedTokens,
      // A second look, in reverse.
      times: 2,
    },
    {
      model: judge.model,
      body: { ...final, messages: [...messages, ...analysisMessages(question, rubric, shown)] },
      outputTokens: answerTokens,
      addedTokens: addedTokens + analysisTokens,
      times: 1,
    },
  ];
};

const boundOf = (request: CouncilRequest, calls: readonly PlannedCall[]): CallReserve => {
  const searches = request.search && searchAvailable() ? BigInt(request.models.length * searchesOfDraft) : 0n;
  const picoUsd = searches * exaSearchPicoUsd;
  return sumOfReserves([...calls.map(costOf), { picoUsd, leastPicoUsd: 0n }]);
};

const smaller = (limits: Limits): Limits => {
  const shrunk = (name: keyof Limits): number => Math.max(least[name], Math.floor(limits[name] * step));
  return {
    draftTokens: shrunk("draftTokens"),
    analysisTokens: shrunk("analysisTokens"),
    answerTokens: shrunk("answerTokens"),
  };
};

const isLeast = (limits: Limits): boolean =>
  limits.draftTokens === least.draftTokens &&
  limits.analysisTokens === least.analysisTokens &&
  limits.answerTokens <= least.answerTokens;

const openingsOf = (calls: readonly PlannedCall[]): readonly OpenedModel[] => {
  const models = new Map<string, OpenedModel>();
  for (const { model, body } of calls) {
    if (models.has(model)) continue;
    const characters = inputCharacters({ ...body, model } as ChatRequest);
    models.set(model, { model, body, characters });
  }
  return [...models.values()];
};

/** @throws GatewayError BAD_REQUEST when `maxCostUsd` does not pay for a council */
export const planCouncil = (request: CouncilRequest): CouncilPlan => {
  const { maxCostUsd, maxTokens } = request;
  let limits: Limits = { ...usual, answerTokens: maxTokens ?? usual.answerTokens };
  for (;;) {
    const calls = callsOf(request, limits);
    const bound = boundOf(request, calls);
    const fits = maxCostUsd === undefined || bound.picoUsd <= fromUsd(maxCostUsd);
    const tokens = (): number => tokensOf(calls);
    if (fits) return { ...limits, bound, planned: { reserve: bound, tokens }, models: openingsOf(calls) };
    if (isLeast(limits)) {
      const leastUsd = toUsd(bound.picoUsd);
      throw new GatewayError(
        "BAD_REQUEST",
        `maxCostUsd does not cover this council: it needs ${leastUsd.toFixed(6)} USD with the shortest drafts. Name cheaper models, fewer of them, or panel "budget".`,
        { param: "maxCostUsd", details: { leastUsd } },
      );
    }
    const next = smaller(limits);
    limits = { ...next, answerTokens: Math.min(next.answerTokens, limits.answerTokens) };
  }
};
