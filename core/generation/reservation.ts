import { costPicoUsd, fromUsd } from "#core/catalog/cost.ts";
import type { CatalogModel } from "#core/catalog/model.ts";
import { models } from "#core/catalog/models.ts";
import { noTokens, type TokenUsage } from "#core/catalog/token-usage.ts";
import { config } from "#core/config.ts";
import type { Reserve } from "#core/db/grant.ts";

/**
 * What a call may cost at most, before it is made. It is reserved from the user's daily spend, the provider is held to it
 * (core/chat/hold-to-money.ts), and the true cost takes its place later.
 */

export const noReserve: Reserve = { picoUsd: 0n, leastPicoUsd: 0n };

/** What calls may cost, before they are made. */
export type CallReserve = Reserve;

/** What several calls reserve together. */
export const sumOfReserves = (reserves: readonly CallReserve[]): CallReserve =>
  reserves.reduce(
    (sum, one) => ({ picoUsd: sum.picoUsd + one.picoUsd, leastPicoUsd: sum.leastPicoUsd + one.leastPicoUsd }),
    noReserve,
  );

/** An amount that is of no use in part. */
export const wholeReserve = (picoUsd: bigint): Reserve => ({ picoUsd, leastPicoUsd: picoUsd });

/** A model as far as its price matters. */
export interface PricedModel {
  readonly catalog?: CatalogModel | undefined;
}

/** How large a call may get. */
export interface CallSize<Model extends PricedModel> {
  /** The most input tokens that a model can bill. */
  readonly inputTokens: (model: Model) => number;
  /** The same as money is reserved for it, where that is more. */
  readonly reservedTokens?: ((model: Model) => number) | undefined;
  /** The most of them that may be audio. Absent without any. */
  readonly audioTokens?: ((model: Model) => number) | undefined;
  /** Input may be written to a cache of an hour. */
  readonly longCacheWrite: boolean;
  /** Answers to one request: `n`. */
  readonly answers: number;
  /** Predicted tokens, which are billed as output where the answer goes another way. */
  readonly predictionTokens: number;
  /** The output limit of each answer that the caller sets. */
  readonly outputTokens: number | undefined;
}

/** An answer shorter than this is not worth its input: rather a 402. */
const leastOutputTokens = 256;
/** OpenAI's Responses API raises a smaller limit to this. */
const leastLimit = 16;
/** Output tokens that are reserved where the input alone takes a request's share. */
const leastShareTokens = 1_024;

/** The catalogue's highest price stands in for an unknown one: an unknown price must not be a free ride. */
const mostExpensiveModel = models.reduce((left, right) => (right.prices.output > left.prices.output ? right : left));

/** Counted against the daily cap: an unknown price counts as the highest, although the event's cost stays unknown. */
export const costForReserve = (model: CatalogModel | undefined, usage: TokenUsage): bigint =>
  costPicoUsd(model ?? mostExpensiveModel, usage) ?? 0n;

const larger = (left: bigint, right: bigint): bigint => (left > right ? left : right);

/**
 * OpenRouter's prices are those of the host that it chooses, and move: so much over the list price is reserved, in percent, and
 * no dearer host is accepted (`mostPrices`).
 */
const floatingPercent = 100n;

const withFloat = (catalog: CatalogModel | undefined, picoUsd: bigint): bigint =>
  catalog?.provider === "openrouter" ? picoUsd + (picoUsd * floatingPercent + 99n) / 100n : picoUsd;

/** Prices in micro-dollars for a million tokens. */
export interface MostPrices {
  readonly input: number;
  readonly output: number;
}

/** The highest prices that a call's reservation covers, for a provider whose prices float. */
export const mostPrices = ({ catalog }: PricedModel): MostPrices => {
  const none = costForReserve(catalog, noTokens);
  const priceOf = (tokens: Partial<TokenUsage>): number =>
    Number(withFloat(catalog, costForReserve(catalog, { ...noTokens, ...tokens }) - none));
  return { input: priceOf({ inputTokens: 1 }), output: priceOf({ outputTokens: 1 }) };
};

interface Costs {
  /** Input and prediction. */
  readonly fixed: bigint;
  /** One more output token of every answer. */
  readonly perToken: bigint;
}

const costsOf = <Model extends PricedModel>(model: Model, size: CallSize<Model>): Costs => {
  const { catalog } = model;
  const inputTokens = (size.reservedTokens ?? size.inputTokens)(model);
  const input = { ...noTokens, inputTokens, audioInputTokens: size.audioTokens?.(model) ?? 0 };
  const plain = costForReserve(catalog, input);
  const written = costForReserve(catalog, { ...input, cacheWriteInputTokens: inputTokens });
  const long = size.longCacheWrite ? costForReserve(catalog, { ...input, longCacheWriteInputTokens: inputTokens }) : 0n;
  const perToken = (costForReserve(catalog, { ...input, outputTokens: 1 }) - plain) * BigInt(size.answers);
  return {
    fixed: withFloat(catalog, larger(plain, larger(written, long)) + BigInt(size.predictionTokens) * perToken),
    perToken: withFloat(catalog, perToken),
  };
};

/** The most that each answer may have: the caller's limit, and the model's own. */
const longestAnswer = <Model extends PricedModel>({ catalog }: Model, { outputTokens }: CallSize<Model>): number =>
  Math.min(
    outputTokens === undefined || outputTokens === 0 ? (outputTokens ?? Infinity) : Math.max(outputTokens, leastLimit),
    catalog?.maxOutputTokens ?? Infinity,
  );

/** Where the caller sets no limit, an equal part of the cap for each request that may be open. */
const sharePicoUsd = (): bigint => fromUsd(config.dailySpendCapUsd() / Math.max(1, config.maxOpenRequests()));

const affordable = ({ fixed, perToken }: Costs, picoUsd: bigint): number =>
  perToken === 0n ? Infinity : Number((picoUsd - fixed) / perToken);

/** Output tokens of each answer that an amount pays for after the input; below zero when the input alone may cost more. */
export const affordableTokens = <Model extends PricedModel>(
  model: Model,
  size: CallSize<Model>,
  picoUsd: bigint,
): number => {
  const costs = costsOf(model, size);
  return picoUsd < costs.fixed ? -1 : affordable(costs, picoUsd);
};

/** What one call to a model reserves. */
export const callReserve = <Model extends PricedModel>(model: Model, size: CallSize<Model>): Reserve => {
  const costs = costsOf(model, size);
  const longest = longestAnswer(model, size);
  const share = Math.max(leastShareTokens, affordable(costs, sharePicoUsd()));
  const wanted = size.outputTokens === undefined ? Math.min(longest, share) : longest;
  // Only where the output is free there may be no limit at all.
  const costOf = (tokens: number): bigint =>
    costs.fixed + (costs.perToken === 0n ? 0n : BigInt(tokens) * costs.perToken);
  return { picoUsd: costOf(wanted), leastPicoUsd: costOf(Math.min(wanted, leastOutputTokens)) };
};

/** The same for the most expensive of the models that may serve: a cheap one in front must not hide an expensive fallback. */
export const mostExpensive = <Model extends PricedModel>(models: readonly Model[], size: CallSize<Model>): Reserve =>
  models
    .map((model) => callReserve(model, size))
    .reduce(
      (left, right) => ({
        picoUsd: larger(left.picoUsd, right.picoUsd),
        leastPicoUsd: larger(left.leastPicoUsd, right.leastPicoUsd),
      }),
      noReserve,
    );

/** Less than this part of a request's share of the cap is little. */
const little = 10n;

/** Whether a size reserves little more than another that differs in its input, whichever of the models serves. */
export const isLittleMore = <Model extends PricedModel>(
  models: readonly Model[],
  size: CallSize<Model>,
  most: CallSize<Model>,
): boolean =>
  (mostExpensive(models, most).leastPicoUsd - mostExpensive(models, size).leastPicoUsd) * little <= sharePicoUsd();

/** Counted of a call's output where its caller sets no limit, until its true tokens are known. */
const expectedOutputTokens = 1_024;

/** The most tokens that one call to one of the models may come to, for the key's limit of tokens a minute. */
export const mostTokens = <Model extends PricedModel>(models: readonly Model[], size: CallSize<Model>): number =>
  models.reduce((most, model) => {
    const longest = size.outputTokens === undefined ? expectedOutputTokens : longestAnswer(model, size);
    return Math.max(most, size.inputTokens(model) + longest * size.answers + size.predictionTokens);
  }, 0);

/**
 * The output limit that an amount pays for; undefined where that is no less than the answer may have anyway. `"too-little"`
 * where it would be under 256 tokens.
 */
export const outputLimit = <Model extends PricedModel>(
  model: Model,
  size: CallSize<Model>,
  grantedPicoUsd: bigint,
): number | undefined | "too-little" => {
  const longest = longestAnswer(model, size);
  const limit = affordable(costsOf(model, size), grantedPicoUsd);
  if (limit >= longest) return undefined;
  return limit < Math.min(longest, leastOutputTokens) ? "too-little" : limit;
};
