import { fromUsd } from "#core/catalog/cost.ts";
import type { CatalogModel } from "#core/catalog/model.ts";
import { estimateTokens } from "#core/catalog/token-usage.ts";
import { chatSize } from "#core/chat/call-size.ts";
import { resolveChoices } from "#core/chat/choices.ts";
import { inputCharacters } from "#core/chat/input-size.ts";
import { GatewayError } from "#core/errors.ts";
import type { Caller } from "#core/generation/caller.ts";
import { affordableTokens } from "#core/generation/reservation.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";

/** `maxCostUsd` of a single answer: nothing can be looked at in the middle of it, so it may have no more tokens than the money buys. */

/** The least that OpenAI's Responses API takes as a limit: a smaller one would be raised to it, over what may be spent. */
const leastOutputTokens = 16;

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
 * is counted by its upper bound, as for the daily cap. `auto` is resolved here, once: another limit might lead it to other models.
 * @throws GatewayError BAD_REQUEST when the money buys no answer, INVALID_MODEL
 */
export const withinCost = (request: ChatRequest, maxCostUsd: number | undefined, caller: Caller): BoundRequest => {
  if (maxCostUsd === undefined) return { body: request, byCost: false };
  const size = chatSize(request);
  const [first, ...others] = resolveChoices(request, inputCharacters(request), caller);
  const answers = [first, ...others].map(({ model }) => ({
    inputTokens: size.inputTokens(model),
    affordable: affordableTokens(model, size, fromUsd(maxCostUsd)),
    longest: longestAnswer(model.catalog, estimateTokens(inputCharacters(request))),
  }));
  const affordable = Math.min(...answers.map((answer) => answer.affordable));
  const inputTokens = Math.max(...answers.map((answer) => answer.inputTokens));
  if (affordable < leastOutputTokens) {
    throw new GatewayError(
      "BAD_REQUEST",
      `maxCostUsd does not cover the input (at most ${inputTokens} tokens) and an answer of ${leastOutputTokens} tokens.`,
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
