import { pricesOn } from "#core/catalog/cost.ts";
import type { CatalogModel, TokenPrices } from "#core/catalog/model.ts";
import { aliases, models, successors } from "#core/catalog/models.ts";
import { type PlatformChatProviderId, platformChatProviderIds } from "#core/catalog/provider-ids.ts";
import { noticeDays } from "#core/catalog/shutdown.ts";
import { genaiIds } from "./genai-prices.ts";
import { notOffered } from "./not-offered.ts";
import type { PublishedModel, PublishedPrices, PublishedTable } from "./pi-ai.ts";

/** What a published table says otherwise than the catalogue. */
export interface ModelDifference {
  readonly model: string;
  readonly field: string;
  readonly ours: number | undefined;
  readonly theirs: number;
  /** Why the catalogue is right, or undefined. */
  readonly reason: string | undefined;
}

/** Ids that the table writes otherwise. */
const tableIds: Readonly<Record<string, string>> = {};
const kinds = ["input", "output", "cachedInput", "cacheWrite"] as const;
const dayMs = 86_400_000;

/** Differences that are known and right. */
const reasonFor = (
  model: CatalogModel,
  { ours, theirs }: Pick<ModelDifference, "ours" | "theirs">,
): string | undefined => {
  if (model.provider === "openrouter") return "OpenRouter's prices float; a request costs what its answer reports";
  return theirs === 0 && ours !== undefined ? "the table does not know it" : undefined;
};

const comparePrices = (
  model: CatalogModel,
  ours: TokenPrices,
  theirs: PublishedPrices,
  tier: string,
): readonly ModelDifference[] =>
  kinds.flatMap((kind) => {
    const our = ours[kind] === undefined ? undefined : ours[kind] / 1_000_000;
    const their = theirs[kind];
    if (Math.abs((our ?? 0) - their) < 1e-6) return [];
    const found = { model: model.id, field: `${tier}${kind}`, ours: our, theirs: their };
    return [{ ...found, reason: reasonFor(model, found) }];
  });

/** Differences of the catalogue from a table, as of a time (unix ms). */
export const compareWith = (
  table: PublishedTable,
  nowMs: number,
  catalog: readonly CatalogModel[] = models,
): {
  readonly compared: number;
  readonly unknown: readonly string[];
  readonly differences: readonly ModelDifference[];
} => {
  const unknown: string[] = [];
  const differences: ModelDifference[] = [];
  for (const model of catalog) {
    const wanted = tableIds[model.id] ?? model.id;
    const theirs = table.get(model.provider as PlatformChatProviderId)?.find(({ id }) => id === wanted);
    if (theirs === undefined) {
      unknown.push(model.id);
      continue;
    }
    differences.push(...compareModel(model, theirs, nowMs));
  }
  return { compared: catalog.length - unknown.length, unknown, differences };
};

const compareModel = (model: CatalogModel, theirs: PublishedModel, nowMs: number): readonly ModelDifference[] => {
  const { prices, longContext } = pricesOn(model, nowMs);
  const base = comparePrices(model, prices, theirs.prices, "");
  if (longContext === undefined || theirs.long === undefined) {
    if (longContext === undefined && theirs.long === undefined) return base;
    const found = { ours: longContext?.aboveInputTokens, theirs: theirs.long?.above ?? 0 };
    return [...base, { model: model.id, field: "long boundary", ...found, reason: reasonFor(model, found) }];
  }
  const { above } = theirs.long;
  const isSame = Math.abs(longContext.aboveInputTokens - above) <= 1;
  const edge = {
    model: model.id,
    field: "long boundary",
    ours: longContext.aboveInputTokens,
    theirs: above,
    reason: undefined,
  };
  return [...base, ...(isSame ? [] : [edge]), ...comparePrices(model, longContext.prices, theirs.long.prices, "long ")];
};

/** Published chat models of the six providers that the catalogue neither has nor leaves out on purpose. */
export const missingModels = (table: PublishedTable): readonly string[] => {
  const known = new Set([
    ...models.flatMap(({ id, providerModel }) => [id, providerModel]),
    ...Object.keys(aliases),
    ...Object.keys(successors),
  ]);
  const has = (id: string): boolean =>
    known.has(id) || [...known].some((own) => own.toLowerCase() === id.toLowerCase());
  const found = new Set<string>();
  for (const provider of platformChatProviderIds) {
    // OpenRouter has thousands: the catalogue holds those that callers ask for.
    if (provider === "openrouter") continue;
    for (const id of [...(table.get(provider) ?? []).map((each) => each.id), ...genaiIds(provider)]) {
      if (!has(id) && notOffered(provider, id) === undefined) found.add(`${provider}/${id}`);
    }
  }
  return [...found].sort();
};

/** Models of the catalogue that end within 60 days, or may have ended. */
export const endingModels = (nowMs: number, catalog: readonly CatalogModel[] = models): readonly CatalogModel[] =>
  catalog.filter(
    ({ deprecated }) => deprecated !== undefined && Date.parse(deprecated.shutDownOn) - nowMs <= noticeDays * dayMs,
  );

/** A model as a provider's own list has it. */
export interface ListedModel {
  readonly id: string;
  /** ISO 8601 day. */
  readonly shutDownOn: string | undefined;
}

/** What a provider's own list says against the catalogue. */
export const compareListed = (provider: PlatformChatProviderId, listed: readonly ListedModel[]): readonly string[] =>
  models
    .filter((model) => model.provider === provider)
    .flatMap(({ id, providerModel, deprecated }) => {
      const own = listed.find((each) => each.id === providerModel);
      if (own === undefined) return [`${id} is not in the list of ${provider}`];
      return own.shutDownOn === deprecated?.shutDownOn || own.shutDownOn === undefined
        ? []
        : [`${id} is shut down on ${own.shutDownOn}, here on ${deprecated?.shutDownOn ?? "no day"}`];
    });
