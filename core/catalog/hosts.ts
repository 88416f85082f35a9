import { namedModels } from "./bedrock.ts";
import type { CatalogModel } from "./model.ts";
import type { NamedProviderId } from "./provider-ids.ts";
import type { ResolvedModel } from "./resolve.ts";

/**
 * Who else serves a model of the catalogue, as `provider/id`, at the vendor's own price. Reviewed on 2026-11-29 against
 * @pydantic/genai-prices, which has each of these at the vendor's price: Bedrock's global profiles (its regional ones cost a
 * tenth more), and OpenRouter, which passes the vendor's price on. A host that is not here is called by its full name.
 */
const claude = (id: string, openrouter: string | undefined, bedrock: string): readonly [string, readonly string[]] => [
  id,
  [...(openrouter === undefined ? [] : [`openrouter/anthropic/${openrouter}`]), `bedrock/global.anthropic.${bedrock}`],
];
const viaOpenRouter = (vendor: string, id: string): readonly [string, readonly string[]] => [
  id,
  [`openrouter/${vendor}/${id}`],
];

export const otherHosts: ReadonlyMap<string, readonly string[]> = new Map([
  claude("claude-opus-5-5", "claude-opus-5.5", "claude-opus-5-5"),
  claude("claude-fable-5-1", "claude-fable-5.1", "claude-fable-5-1"),
  claude("claude-fable-5", "claude-fable-5", "claude-fable-5"),
  claude("claude-opus-5", "claude-opus-5", "claude-opus-5"),
  claude("claude-sonnet-5", "claude-sonnet-5", "claude-sonnet-5"),
  claude("claude-opus-4-8", "claude-opus-4.8", "claude-opus-4-8"),
  claude("claude-opus-4-7", "claude-opus-4.7", "claude-opus-4-7"),
  claude("claude-opus-4-6", "claude-opus-4.6", "claude-opus-4-6-v1"),
  claude("claude-sonnet-4-6", "claude-sonnet-4.6", "claude-sonnet-4-6"),
  claude("claude-opus-4-5-20251101", "claude-opus-4.5", "claude-opus-4-5-20251101-v1:0"),
  // Bedrock has its long context at another price.
  ["claude-sonnet-4-5-20250929", ["openrouter/anthropic/claude-sonnet-4.5"]],
  claude("claude-haiku-4-5-20251001", "claude-haiku-4.5", "claude-haiku-4-5-20251001-v1:0"),
  ...["gpt-6-luna", "gpt-6-sol", "gpt-5.6-luna", "gpt-5.6-terra", "gpt-5.5", "gpt-5.4", "gpt-5.4-mini", "gpt-5.4-nano"]
    .concat(["gpt-5.3-codex", "gpt-5.2", "gpt-5", "gpt-5-mini"])
    .map((id) => viaOpenRouter("openai", id)),
  viaOpenRouter("x-ai", "grok-4.3"),
  viaOpenRouter("google", "gemini-3.1-pro-preview"),
  viaOpenRouter("google", "gemini-3.5-flash"),
]);

/** A model as another of its hosts serves it, under that host's full name. */
const hostedAs = (name: string, model: CatalogModel): ResolvedModel => {
  const slash = name.indexOf("/");
  const provider = name.slice(0, slash) as NamedProviderId;
  const providerModel = name.slice(slash + 1);
  const isPaid = provider === "bedrock" && namedModels().has(providerModel);
  const catalog = { ...model, provider, providerModel };
  return { id: name, provider, providerModel, catalog, ...(isPaid ? { platformPays: true } : {}) };
};

/** Who serves a model of the catalogue: its own provider, then others. */
export const hostsOf = (own: ResolvedModel & { readonly catalog: CatalogModel }): readonly ResolvedModel[] => [
  own,
  ...(otherHosts.get(own.id) ?? []).map((host) => hostedAs(host, own.catalog)),
];
