import { hostsOf } from "#core/catalog/hosts.ts";
import type { CatalogModel } from "#core/catalog/model.ts";
import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import type { ResolvedModel } from "#core/catalog/resolve.ts";
import { GatewayError } from "#core/errors.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { isRecord, type JsonRecord } from "#core/values/records.ts";

/**
 * Which of the providers of a model serve a request, and in which order: OpenRouter's `provider` object, for models that
 * several providers serve here. For any other model the object stays what it was: OpenRouter's own.
 */

const sorts = ["price", "latency", "throughput"] as const;
export type HostSort = (typeof sorts)[number];

interface ProviderPreferences {
  /** Tried first, in this order. */
  readonly order: readonly ChatProviderId[];
  readonly only: readonly ChatProviderId[] | undefined;
  readonly ignore: readonly ChatProviderId[];
  readonly sort: HostSort | undefined;
  /** USD for a million tokens. */
  readonly maxPrice: { readonly prompt: number; readonly completion: number };
  /** Whether providers that `order` does not name are tried after those that it does, and any after the first. */
  readonly allowFallbacks: boolean;
}

/**
 * What a chat has loaded already. Passed in rather than imported: a module shared with a lazily loaded one becomes a chunk of its
 * own, which every cold start has to read.
 */
export interface HostTools {
  /** The model that a request names, as the catalogue has it; undefined for one that it does not know. */
  readonly own: (ResolvedModel & { readonly catalog: CatalogModel }) | undefined;
  readonly pricesOn: (model: CatalogModel, nowMs: number) => Pick<CatalogModel, "prices">;
  readonly isOwnKeyOnly: (model: ResolvedModel) => boolean;
  /** How the model's hosts compare, by their price for the request or what this environment has seen of them: less is better. */
  readonly measure: (sort: HostSort, model: ResolvedModel) => number;
  /** Whether the caller's API key may call it. */
  readonly isAllowed: (model: ResolvedModel) => boolean;
}

const ours = ["order", "only", "ignore", "sort", "max_price", "allow_fallbacks"] as const;
/** OpenRouter's names of providers that have another one here. */
const spellings: Readonly<Record<string, string>> = {
  "amazon-bedrock": "bedrock",
  "google-ai-studio": "google",
  xai: "x-ai",
};
const maxNames = 16;

const refuse = (message: string, param: string): GatewayError => new GatewayError("BAD_REQUEST", message, { param });

const namesOf = (value: unknown, param: string, hosts: readonly ResolvedModel[]): ChatProviderId[] | undefined => {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || value.length > maxNames || value.some((name) => typeof name !== "string")) {
    throw refuse(`${param} must be a list of up to ${maxNames} names of providers.`, param);
  }
  return (value as string[]).map((name, index) => {
    const wanted = name.toLowerCase();
    const host = hosts.find(({ provider }) => provider === wanted || provider === spellings[wanted]);
    if (host !== undefined) return host.provider;
    const listed = hosts.map(({ provider }) => provider).join(", ");
    throw refuse(
      `${param} names a provider that does not serve the model here. It is served by ${listed}.`,
      `${param}[${index}]`,
    );
  });
};

const sortOf = (value: unknown): HostSort | undefined => {
  if (value === undefined || value === null) return undefined;
  const name = isRecord(value) ? value.by : value;
  const sort = sorts.find((each) => each === name);
  if (sort === undefined) throw refuse(`provider.sort must be one of ${sorts.join(", ")}.`, "provider.sort");
  return sort;
};

const priceOf = (value: unknown, param: string): number => {
  if (value === undefined || value === null) return Number.POSITIVE_INFINITY;
  const price = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof price === "number" && price >= 0) return price;
  throw refuse(`${param} must be a price in USD per million tokens.`, param);
};

const maxPriceOf = (value: unknown): ProviderPreferences["maxPrice"] => {
  if (value !== undefined && value !== null && !isRecord(value)) {
    throw refuse("provider.max_price must be an object.", "provider.max_price");
  }
  const { prompt, completion } = value ?? {};
  return {
    prompt: priceOf(prompt, "provider.max_price.prompt"),
    completion: priceOf(completion, "provider.max_price.completion"),
  };
};

const allowsFallbacks = (value: unknown): boolean => {
  if (value === undefined || value === null || value === true) return true;
  if (value === false) return false;
  throw refuse("provider.allow_fallbacks must be true or false.", "provider.allow_fallbacks");
};

const read = (asked: JsonRecord, hosts: readonly ResolvedModel[]): ProviderPreferences => ({
  order: namesOf(asked.order, "provider.order", hosts) ?? [],
  only: namesOf(asked.only, "provider.only", hosts),
  ignore: namesOf(asked.ignore, "provider.ignore", hosts) ?? [],
  sort: sortOf(asked.sort),
  maxPrice: maxPriceOf(asked.max_price),
  allowFallbacks: allowsFallbacks(asked.allow_fallbacks),
});

export interface PreferringRequest {
  /** What is left for the provider to read. */
  readonly request: ChatRequest;
  /** The hosts of its model, best first; undefined where the request has no preference that is ours to follow. */
  readonly hosts: readonly [ResolvedModel, ...ResolvedModel[]] | undefined;
}

/** Hosts in the order of the preferences, without those that they rule out. */
const orderHosts = (
  hosts: readonly ResolvedModel[],
  { order, only, ignore, sort, maxPrice, allowFallbacks }: ProviderPreferences,
  { pricesOn, isOwnKeyOnly, measure }: HostTools,
): readonly ResolvedModel[] => {
  const isNamed = ({ provider }: ResolvedModel): boolean =>
    order.includes(provider) || only?.includes(provider) === true;
  const isAffordable = ({ catalog }: ResolvedModel): boolean => {
    if (catalog === undefined) return maxPrice.prompt === Infinity && maxPrice.completion === Infinity;
    const { input, output } = pricesOn(catalog, Date.now()).prices;
    return input / 1e6 <= maxPrice.prompt && output / 1e6 <= maxPrice.completion;
  };
  const able = hosts.filter(
    (host) =>
      only?.includes(host.provider) !== false &&
      !ignore.includes(host.provider) &&
      // Whether the caller has a key for it is not known yet.
      (!isOwnKeyOnly(host) || isNamed(host)) &&
      isAffordable(host),
  );
  const first = order.flatMap((name) => able.filter(({ provider }) => provider === name));
  const rest = able.filter((host) => !first.includes(host));
  const sorted = sort === undefined ? rest : rest.toSorted((left, right) => measure(sort, left) - measure(sort, right));
  if (allowFallbacks) return [...new Set([...first, ...sorted])];
  return first.length > 0 ? [...new Set(first)] : sorted.slice(0, 1);
};

/**
 * Takes from a request what it says of its model's providers.
 * @throws GatewayError BAD_REQUEST for preferences that are not valid, or that no provider fits
 */
export const takePreferences = (request: ChatRequest, tools: HostTools): PreferringRequest => {
  const { provider: asked } = request as { readonly provider?: unknown };
  const { own } = tools;
  if (own === undefined || !isRecord(asked) || !ours.some((name) => Object.hasOwn(asked, name))) {
    return { request, hosts: undefined };
  }
  const all = hostsOf(own);
  if (all.length < 2) return { request, hosts: undefined };
  if (request.load_balance !== undefined) {
    throw refuse("provider and load_balance cannot be combined: name the targets in load_balance.", "provider");
  }
  const ordered = orderHosts(all, read(asked, all), tools);
  const allowed = ordered.filter(tools.isAllowed);
  // Where the key may use none of them, it is refused like any other model.
  const [first, ...others] = allowed.length === 0 ? ordered : allowed;
  if (first === undefined) {
    const listed = all.map(({ provider }) => provider).join(", ");
    throw refuse(`No provider of ${own.id} fits the preferences. It is served by ${listed}.`, "provider");
  }
  const left = Object.entries(asked).filter(([name]) => !(ours as readonly string[]).includes(name));
  const { provider: _, ...rest } = request as ChatRequest & { readonly provider?: unknown };
  const kept = left.length === 0 ? rest : { ...rest, provider: Object.fromEntries(left) };
  return { request: kept as ChatRequest, hosts: [first, ...others] };
};
