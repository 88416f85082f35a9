import {
  type ChatProviderId,
  chatProviderIds,
  type NamedProviderId,
  namedProviderIds,
} from "#core/catalog/provider-ids.ts";
import { GatewayError } from "#core/errors.ts";
import { ownValue } from "#core/values/records.ts";
import { knownBedrock } from "./load-bedrock.ts";
import type { CatalogModel } from "./model.ts";
import { aliases, models, successors } from "./models.ts";
import { presetPrefix } from "./preset-name.ts";

/** What a name leads to: an alias to its model, an id that was shut down to its successor, any other to itself. */
const currentName = (name: string): string => ownValue(aliases, name) ?? ownValue(successors, name) ?? name;

/** A model as it will be called. */
export interface ResolvedModel {
  /** What the answer and the usage name: the catalogue's id, or `provider/id` for one that it does not know. */
  readonly id: string;
  readonly provider: ChatProviderId;
  readonly providerModel: string;
  /** Undefined for an id that the catalogue does not know: its cost is unknown, never a cousin's. */
  readonly catalog: CatalogModel | undefined;
  /** The slug of the caller's custom provider that serves it. Set exactly where `provider` is `custom`. */
  readonly customSlug?: string | undefined;
  /** Of Amazon Bedrock: the stage names the model, so the platform pays for it. */
  readonly platformPays?: true;
}

const byId = new Map(models.map((model) => [model.id, model]));
const byProvider = new Map(models.map((model) => [`${model.provider}/${model.providerModel}`, model]));

const isProvider = (text: string): text is NamedProviderId => namedProviderIds.some((id) => id === text);

/** The model that serves a name on this day: its successor once the vendor has shut it down. */
const served = (model: CatalogModel, nowMs: number): CatalogModel => {
  const { deprecated } = model;
  if (deprecated === undefined || deprecated.stillServed === true || nowMs < Date.parse(deprecated.shutDownOn)) {
    return model;
  }
  return byId.get(deprecated.successor) ?? model;
};

const fromCatalog = (model: CatalogModel): ResolvedModel & { readonly catalog: CatalogModel } => ({
  id: model.id,
  provider: model.provider,
  providerModel: model.providerModel,
  catalog: model,
});

/** Edit distance with a ceiling, for suggestions. */
const distance = (left: string, right: string): number => {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const same = left[i - 1] === right[j - 1] ? 0 : 1;
      next[j] = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same);
    }
    row = next;
  }
  return row[right.length] ?? 0;
};

const maxSuggestions = 3;

/** Names near to a wrong one, nearest first. */
export const closeMatches = (name: string): readonly string[] => {
  const wanted = name.toLowerCase().slice(0, 64);
  return [...Object.keys(aliases), ...byId.keys()]
    .map((id) => ({ id, far: id.toLowerCase().includes(wanted) ? 0 : distance(wanted, id.toLowerCase()) }))
    .filter(({ id, far }) => far <= Math.max(2, Math.floor(id.length / 2)))
    .sort((left, right) => left.far - right.far)
    .slice(0, maxSuggestions)
    .map(({ id }) => id);
};

/** The form of a provider's own id of a model. */
export const safeProviderModel = /^[\w.:@/+-]{1,160}$/;

/** Names before a slash that never lead to a caller's custom provider: our providers, aliases, and vendors in the catalogue. */
const reservedSlugs: ReadonlySet<string> = new Set([
  ...chatProviderIds,
  "fashn",
  "fal",
  "bfl",
  "auto",
  "preset",
  "concurred",
  "vertex",
  ...Object.keys(aliases),
  // Ids of embedding models name no vendor (a test holds that): a chat does not load them.
  ...models.flatMap(({ id }) => (id.includes("/") ? id.slice(0, id.indexOf("/")) : [])),
]);

/** Whether a custom provider's slug cannot begin a model's name, because the name means something else. */
export const isReservedSlug = (slug: string): boolean => reservedSlugs.has(slug);

/** How names of a custom provider's models begin: `slug/`, or `custom/slug/` for a slug that is reserved by now. */
export const customPrefix = (slug: string): string => (isReservedSlug(slug) ? `custom/${slug}/` : `${slug}/`);

const slugBeforeSlash = /^([a-z0-9-]{1,64})\//;

/** The model of a caller's custom provider that a name may mean. Whether the caller has that provider is known in round 2. */
export const customModel = (name: string): (ResolvedModel & { readonly provider: "custom" }) | undefined => {
  const isExplicit = name.startsWith("custom/");
  const rest = isExplicit ? name.slice("custom/".length) : name;
  const slug = slugBeforeSlash.exec(rest)?.[1];
  if (slug === undefined || (!isExplicit && isReservedSlug(slug))) return undefined;
  const providerModel = rest.slice(slug.length + 1);
  if (!safeProviderModel.test(providerModel)) return undefined;
  return { id: name, provider: "custom", providerModel, catalog: undefined, customSlug: slug };
};

/** The error for a name that leads to no model, with close matches. */
export const unknownModel = (name: string, param = "model"): GatewayError => {
  if (name.startsWith(presetPrefix)) {
    const places =
      "Presets are supported as the model of chat completions, messages, responses and their token counts.";
    return new GatewayError("INVALID_MODEL", `${places} Name a model here.`, { param });
  }
  const matches = closeMatches(name);
  const hint = matches.length === 0 ? "" : ` Did you mean ${matches.join(", ")}?`;
  const message = `No chat model has this name.${hint} GET /api/v1/models lists the chat models.`;
  return new GatewayError("INVALID_MODEL", message, { param, details: { suggestions: matches } });
};

/**
 * Resolves an alias, a catalogue id, `provider/id`, or `slug/id` of a custom provider. Exact: nothing is guessed. `auto` is
 * not resolved here: it depends on the request (auto.ts).
 * @throws GatewayError INVALID_MODEL whose message lists close matches.
 */
export const resolveModel = (name: string, param = "model", nowMs: number = Date.now()): ResolvedModel => {
  const known = byId.get(currentName(name));
  if (known !== undefined) return fromCatalog(served(known, nowMs));
  const slash = name.indexOf("/");
  const provider = slash > 0 ? name.slice(0, slash) : "";
  const providerModel = name.slice(slash + 1);
  if (isProvider(provider) && safeProviderModel.test(providerModel)) {
    const model = byProvider.get(`${provider}/${ownValue(successors, providerModel) ?? providerModel}`);
    if (model !== undefined) return fromCatalog(served(model, nowMs));
    return {
      id: name,
      provider,
      providerModel,
      catalog: undefined,
      ...(provider === "bedrock" && knownBedrock()?.factsOf(name, providerModel, byProvider)),
    };
  }
  const custom = customModel(name);
  if (custom !== undefined) return custom;
  throw unknownModel(name, param);
};

/** A model of the catalogue by its id, an alias or `provider/id`, as its own provider serves it on a day; undefined for another name. */
export const resolveListed = (
  name: string,
  nowMs: number = Date.now(),
): (ResolvedModel & { readonly catalog: CatalogModel }) | undefined => {
  const known = byId.get(currentName(name)) ?? byProvider.get(name);
  return known === undefined ? undefined : fromCatalog(served(known, nowMs));
};

/** A catalogue model by its id or alias, or undefined. */
export const findModel = (name: string): CatalogModel | undefined => byId.get(currentName(name));

/** The aliases that lead to a model. */
export const aliasesOf = (id: string): readonly string[] =>
  Object.keys(aliases)
    .filter((alias) => aliases[alias] === id)
    .concat(Object.keys(successors).filter((former) => successors[former] === id));

/** Whether an id is one of the catalogue's own: bounded, so it may name a metric or a sum. */
export const isListed = (id: string): boolean => byId.has(id);
