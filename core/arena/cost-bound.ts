import { fromUsd } from "#core/catalog/cost.ts";
import type { CatalogModel } from "#core/catalog/model.ts";
import { estimateTokens, noTokens } from "#core/catalog/token-usage.ts";
import { resolveChoices } from "#core/chat/choices.ts";
import { inputCharacters } from "#core/chat/input-size.ts";
import { GatewayError } from "#core/errors.ts";
import type { Caller } from "#core/generation/caller.ts";
import { costForReserve } from "#core/generation/reservation.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";

/** `maxCostUsd` of a single answer: nothing can be looked at in the middle of it, so it may have no more tokens than the money buys. */

/** The least that OpenAI's Responses API takes as a limit: a smaller one would be raised to it, over what may be spent. */
const leastOutputTokens = 16;

/** How many output tokens the money buys after the input; below zero when the input alone costs more. */
const affordableTokens = (model: CatalogModel | undefined, inputTokens: number, picoUsd: bigint): number => {
  const cost = (outputTokens: number): bigint => costForReserve(model, { ...noTokens, inputTokens, outputTokens });
  const left = picoUsd - cost(0);
  const one = cost(1) - cost(0);
  return left < 0n ? -1 : one === 0n ? Number.POSITIVE_INFINITY : Number(left / one);
};

/** The longest answer that the model gives to so much input, tokens. */
const longestAnswer = (model: CatalogModel | undefined, inputTokens: number): number =>
  model === undefined ? Number.POSITIVE_INFINITY : Math.min(model.maxOutputTokens, model.contextTokens - inputTokens);

export interface BoundRequest {
  readonly body: ChatRequest;
  /** Whether the money, and not the caller's own limit, decides how long the answer may get. */
  readonly byCost: boolean;
}

/**
 * The same request with an answer no longer than `maxCostUsd` buys at list price, whichever of its models serves. The input
 * is counted by estimate. `auto` is resolved here, once: another limit might lead it to other models.
 * @throws GatewayError BAD_REQUEST when the money buys no answer, INVALID_MODEL
 */
export const withinCost = (request: ChatRequest, maxCostUsd: number | undefined, caller: Caller): BoundRequest => {
  if (maxCostUsd === undefined) return { body: request, byCost: false };
  const characters = inputCharacters(request);
  const inputTokens = estimateTokens(characters);
  const [first, ...others] = resolveChoices(request, characters, caller);
  const answers = [first, ...others].map(({ model: { catalog } }) => ({
    affordable: affordableTokens(catalog, inputTokens, fromUsd(maxCostUsd)),
    longest: longestAnswer(catalog, inputTokens),
  }));
  const affordable = Math.min(...answers.map((answer) => answer.affordable));
  if (affordable < leastOutputTokens) {
    throw new GatewayError(
      "BAD_REQUEST",
      `maxCostUsd does not cover the input (about ${inputTokens} tokens) and an answer of ${leastOutputTokens} tokens.`,
      { param: "maxCostUsd", details: { inputTokens, outputTokens: Math.max(0, affordable) } },
    );
  }
  const body = { ...request, model: first.model.id, fallback: others.map(({ model }) => model.id) };
  const wanted = request.max_completion_tokens ?? Number.POSITIVE_INFINITY;
  // Left out where it bounds nothing: a limit over the model's own would be refused, and stored answers would not be found.
  const binds =
    answers.some((answer) => answer.affordable < Math.min(answer.longest, wanted)) ||
    (Number.isFinite(wanted) && affordable < wanted);
  if (!binds) return { body, byCost: false };
  const limit = Math.min(affordable, ...answers.map(({ longest }) => longest));
  return { body: { ...body, max_completion_tokens: limit }, byCost: true };
};
