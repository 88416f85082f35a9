import { autoAlias, rankAuto } from "#core/catalog/auto.ts";
import { costPicoUsd } from "#core/catalog/cost.ts";
import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import { type ResolvedModel, resolveModel } from "#core/catalog/resolve.ts";
import { estimateTokens, noTokens } from "#core/catalog/token-usage.ts";
import { config } from "#core/config.ts";
import type { ProviderKeyRow } from "#core/db/provider-key-rows.ts";
import { GatewayError } from "#core/errors.ts";
import { openProviderKey } from "#core/provider-keys/seal-provider-key.ts";
import { balance } from "#core/routing/balance.ts";
import type { Target } from "#core/routing/run-attempts.ts";
import { latencyOf, targetName } from "#core/routing/target-stats.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";

/** A model of a request, with the provider key that a balanced target names. */
export interface Choice {
  readonly model: ResolvedModel;
  readonly slug: string | undefined;
}

/** Counts balanced requests of this environment, for round robin. Each begins elsewhere, so that many share evenly. */
let turn = Math.floor(Math.random() * 1_000_000);

/** Output tokens by which balanced targets are compared when the caller sets no limit. */
const comparedOutputTokens = 500;

const priceOf = (
  { catalog }: ResolvedModel,
  inputCharacters: number,
  maxTokens: number | undefined,
): number | undefined => {
  const usage = {
    ...noTokens,
    inputTokens: estimateTokens(inputCharacters),
    outputTokens: maxTokens ?? comparedOutputTokens,
  };
  const cost = costPicoUsd(catalog, usage);
  return cost === undefined ? undefined : Number(cost / 1_000_000n);
};

/** Who asks, and with which of their provider keys (`X-Provider-Key`). */
export interface Asker {
  readonly userId: string;
  readonly providerKeySlug: string | undefined;
}

/** What statistics know a caller's key by: the slug that was named, or none for their newest key of a provider. */
const keyOwner = (userId: string, slug: string | undefined): string =>
  slug === undefined ? userId : `${userId}/${slug}`;

/**
 * How fast a target was lately, before the caller's provider keys are read (the cache is looked up by the first target).
 * Whether the caller has a key for a model's provider is not known yet: what they met here before tells.
 */
const knownLatency = (model: ResolvedModel, slug: string | undefined, nowMs: number, asker: Asker) => {
  const named = slug ?? asker.providerKeySlug;
  const own = latencyOf(targetName(model.id, keyOwner(asker.userId, named)), nowMs);
  return own ?? (named === undefined ? latencyOf(targetName(model.id, undefined), nowMs) : undefined);
};

const balanced = (request: ChatRequest, inputCharacters: number, asker: Asker): readonly Choice[] | undefined => {
  const settings = request.load_balance;
  if (settings === undefined) return undefined;
  const maxTokens = request.max_completion_tokens ?? request.max_tokens ?? undefined;
  const nowMs = Date.now();
  const candidates = settings.targets.map(({ model: name, weight, provider_key: slug }, index) => {
    const model = resolveModel(name, `load_balance.targets[${index}].model`);
    return {
      value: { model, slug },
      weight: weight ?? 1,
      latencyMs: knownLatency(model, slug, nowMs, asker),
      cost: priceOf(model, inputCharacters, maxTokens),
    };
  });
  turn += 1;
  return balance(settings.strategy, candidates, { turn: turn - 1, random: Math.random });
};

/** How many models `auto` may try one after the other. */
const maxAutoModels = 3;

/** Whether the platform has a key. A caller's own keys are known only later, and `auto` is not for choosing by them. */
const platformServes = (provider: ChatProviderId): boolean => config.providerApiKey(provider) !== undefined;

/** The model that the request names, or those that `auto` stands for. */
const resolveNamed = (request: ChatRequest, inputCharacters: number): readonly [Choice, ...Choice[]] => {
  if (request.model !== autoAlias) return [{ model: resolveModel(request.model), slug: undefined }];
  const [first, ...others] = rankAuto(request, inputCharacters, platformServes);
  const toChoice = (model: ResolvedModel): Choice => ({ model, slug: undefined });
  return [toChoice(first), ...others.slice(0, maxAutoModels - 1).map(toChoice)];
};

/**
 * The models of a request in the order in which they are tried: the balanced targets (else the model), then the fallbacks.
 * @throws GatewayError INVALID_MODEL
 */
export const resolveChoices = (
  request: ChatRequest,
  inputCharacters: number,
  asker: Asker,
): readonly [Choice, ...Choice[]] => {
  const [first, ...rest] = balanced(request, inputCharacters, asker) ?? [];
  const fallbacks = (request.fallback ?? []).map((name, index) => ({
    model: resolveModel(name, `fallback[${index}]`),
    slug: undefined,
  }));
  if (first !== undefined) return [first, ...rest, ...fallbacks];
  const [named, ...others] = resolveNamed(request, inputCharacters);
  return [named, ...others, ...fallbacks];
};

const byokTarget = (model: ResolvedModel, row: ProviderKeyRow, slug: string | undefined): Target => ({
  model,
  name: targetName(model.id, keyOwner(row.userId, slug)),
  byok: true,
  // Opened when it is this target's turn: a fallback that is never tried costs no KMS call.
  credential: async () => ({
    apiKey: await openProviderKey(row),
    baseUrl: config.providerBaseUrl(model.provider),
    byok: true,
  }),
});

const platformTarget = (model: ResolvedModel): Target => ({
  model,
  name: targetName(model.id, undefined),
  byok: false,
  credential: async () => {
    const apiKey = config.providerApiKey(model.provider);
    return apiKey === undefined ? undefined : { apiKey, baseUrl: config.providerBaseUrl(model.provider), byok: false };
  },
});

/** The caller wants to pay, but has no key for this provider: nobody does. */
const unpaidTarget = (model: ResolvedModel): Target => ({
  model,
  name: targetName(model.id, "none"),
  byok: true,
  credential: async () => undefined,
});

const requireSlug = (rows: readonly ProviderKeyRow[], slug: string, param: string): ProviderKeyRow => {
  const row = rows.find((candidate) => candidate.slug === slug);
  if (row === undefined) throw new GatewayError("BAD_REQUEST", "You have no provider key of this slug.", { param });
  return row;
};

/**
 * Whose key serves each model: the one that a balanced target names, else the caller's newest for its provider, else the
 * platform's. With `X-Provider-Key` that one key for its provider, and never the platform's for any.
 * @throws GatewayError BAD_REQUEST for a slug that the caller does not have, or that its model cannot use
 */
export const toTargets = (
  choices: readonly Choice[],
  providerKeys: readonly ProviderKeyRow[],
  headerSlug: string | undefined,
): readonly Target[] => {
  const picked = headerSlug === undefined ? undefined : requireSlug(providerKeys, headerSlug, "X-Provider-Key");
  if (picked !== undefined && !choices.some(({ model }) => model.provider === picked.provider)) {
    throw new GatewayError(
      "BAD_REQUEST",
      `This provider key is for ${picked.provider}, which serves no model of the request.`,
      {
        param: "X-Provider-Key",
      },
    );
  }
  return choices.map(({ model, slug }) => {
    if (slug !== undefined) {
      const named = requireSlug(providerKeys, slug, "load_balance.targets");
      if (named.provider === model.provider) return byokTarget(model, named, slug);
      throw new GatewayError(
        "BAD_REQUEST",
        `The provider key ${slug} is for ${named.provider}, not for ${model.provider}.`,
        {
          param: "load_balance.targets",
        },
      );
    }
    if (picked?.provider === model.provider) return byokTarget(model, picked, headerSlug);
    const newest = providerKeys.find(({ provider }) => provider === model.provider);
    if (newest !== undefined) return byokTarget(model, newest, undefined);
    return headerSlug === undefined ? platformTarget(model) : unpaidTarget(model);
  });
};
