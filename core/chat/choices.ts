import { isAuto, rankAuto, ratedAlias } from "#core/catalog/auto.ts";
import { costPicoUsd, pricesOn } from "#core/catalog/cost.ts";
import type { CatalogModel } from "#core/catalog/model.ts";
import { type ChatProviderId, isOwnKeyOnly, type PlatformChatProviderId } from "#core/catalog/provider-ids.ts";
import { type ResolvedModel, resolveListed, resolveModel } from "#core/catalog/resolve.ts";
import { estimateTokens, noTokens } from "#core/catalog/token-usage.ts";
import { isAllowed, requireAllowed } from "#core/generation/allowed-models.ts";
import type { Caller } from "#core/generation/caller.ts";
import { type Choice, keyOwner } from "#core/generation/targets.ts";
import { balance } from "#core/routing/balance.ts";
import { latencyOf, targetName, throughputOf } from "#core/routing/target-stats.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { providerApiKey } from "#core/upstreams.ts";
import { inputCharacters } from "./input-size.ts";
import type { HostTools } from "./provider-preferences.ts";

/** A model of a chat request, and the provider key that a balanced target names. */
export type ChatChoice = Choice<ResolvedModel>;
export type ChatChoices = readonly [ChatChoice, ...ChatChoice[]];

/** Counts balanced requests of this environment, for round robin. Environments start at random, so that they share evenly. */
let turn = Math.floor(Math.random() * 1_000_000);

/** Output tokens by which balanced targets are compared when the caller sets no limit. */
const comparedOutputTokens = 500;

const priceOf = (
  { catalog }: ResolvedModel,
  inputCharacters: number,
  maxTokens: number | undefined,
): number | undefined => {
  const inputTokens = estimateTokens(inputCharacters);
  const cost = costPicoUsd(catalog, { ...noTokens, inputTokens, outputTokens: maxTokens ?? comparedOutputTokens });
  return cost === undefined ? undefined : Number(cost / 1_000_000n);
};

/**
 * What is known of a target, such as its latency, before the caller's provider keys are read (the first target decides where
 * the cache is looked up). Whether the caller has a key for the provider is not known yet; their earlier requests here are
 * the best guess.
 */
const knownOf = (
  read: (name: string) => number | undefined,
  { id }: ResolvedModel,
  slug: string | undefined,
  { principal, providerKeySlug }: Caller,
): number | undefined => {
  const named = slug ?? providerKeySlug;
  return (
    read(targetName(id, keyOwner(principal.userId, named))) ??
    (named === undefined ? read(targetName(id, undefined)) : undefined)
  );
};

const latencyAt = (nowMs: number) => (name: string) => latencyOf(name, nowMs);

/** How a model's hosts compare for a request: by their price for it, or by what this environment has seen of them. */
const hostMeasure =
  (request: ChatRequest, caller: Caller): HostTools["measure"] =>
  (sort, model) => {
    const maxTokens = request.max_completion_tokens ?? request.max_tokens ?? undefined;
    if (sort === "price") return priceOf(model, inputCharacters(request), maxTokens) ?? Number.POSITIVE_INFINITY;
    // One that was never tried goes first, so that it becomes known.
    if (sort === "latency") return knownOf(latencyAt(Date.now()), model, undefined, caller) ?? -1;
    return -(knownOf(throughputOf, model, undefined, caller) ?? Number.POSITIVE_INFINITY);
  };

/** What the hosts of a request's model are chosen by. */
export const hostTools = (request: ChatRequest, caller: Caller): HostTools => ({
  own: isAuto(request.model) ? undefined : resolveListed(request.model),
  pricesOn,
  isOwnKeyOnly,
  measure: hostMeasure(request, caller),
  isAllowed: (model) => isAllowed(caller, model),
});

/** @throws GatewayError INVALID_MODEL, FORBIDDEN for a model that the key may not use */
const resolveAllowed = (name: string, param: string, caller: Caller): ResolvedModel => {
  const model = resolveModel(name, param);
  requireAllowed(caller, model, param);
  return model;
};

const balanced = (request: ChatRequest, inputCharacters: number, caller: Caller): readonly ChatChoice[] | undefined => {
  const settings = request.load_balance;
  if (settings === undefined) return undefined;
  const maxTokens = request.max_completion_tokens ?? request.max_tokens ?? undefined;
  const nowMs = Date.now();
  const candidates = settings.targets.map(({ model: name, weight, provider_key: slug }, index) => {
    const model = resolveAllowed(name, `load_balance.targets[${index}].model`, caller);
    return {
      value: { model, slug },
      weight: weight ?? 1,
      latencyMs: knownOf(latencyAt(nowMs), model, slug, caller),
      cost: priceOf(model, inputCharacters, maxTokens),
    };
  });
  turn += 1;
  return balance(settings.strategy, candidates, { turn: turn - 1, random: Math.random });
};

/** How many models `auto` may try one after the other. */
const maxAutoModels = 3;

/** Whether the platform has a key. A caller's own keys are known only later, and `auto` does not choose by them. */
const platformServes = (provider: ChatProviderId): boolean =>
  !isOwnKeyOnly({ provider }) && providerApiKey(provider as PlatformChatProviderId) !== undefined;

/** The model that the request names, or those that `auto` stands for. */
const resolveNamed = (request: ChatRequest, inputCharacters: number, caller: Caller): ChatChoices => {
  if (!isAuto(request.model)) return [{ model: resolveAllowed(request.model, "model", caller) }];
  const mayServe = (provider: ChatProviderId, model: CatalogModel): boolean =>
    platformServes(provider) && isAllowed(caller, model);
  const rated = request.model === ratedAlias ? caller.rated?.models : undefined;
  const [first, ...others] = rankAuto(request, inputCharacters, mayServe, Date.now(), rated);
  return [{ model: first }, ...others.slice(0, maxAutoModels - 1).map((model) => ({ model }))];
};

/**
 * The models of a request in the order in which they are tried: the balanced targets (else the model), then the fallbacks.
 * @param hosts of the model, where the request says which of them serve it (provider-preferences.ts).
 * @throws GatewayError INVALID_MODEL, FORBIDDEN for a model that the key may not use
 */
export const resolveChoices = (
  request: ChatRequest,
  inputCharacters: number,
  caller: Caller,
  hosts?: readonly [ResolvedModel, ...ResolvedModel[]],
): ChatChoices => {
  const [first, ...rest] = balanced(request, inputCharacters, caller) ?? [];
  const fallbacks = (request.fallback ?? []).map((name, index) => ({
    model: resolveAllowed(name, `fallback[${index}]`, caller),
  }));
  if (first !== undefined) return [first, ...rest, ...fallbacks];
  if (hosts !== undefined) {
    const [best, ...next] = hosts;
    return [{ model: best }, ...next.map((model) => ({ model })), ...fallbacks];
  }
  const [named, ...others] = resolveNamed(request, inputCharacters, caller);
  return [named, ...others, ...fallbacks];
};
