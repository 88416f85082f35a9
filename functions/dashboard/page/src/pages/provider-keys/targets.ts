import { type CustomPreset, customPresets } from "../../api/custom-presets.ts";
import type { ProviderKey } from "../../api/provider-keys.ts";
import { providers } from "../../api/providers.ts";

/** What a key can be added for: providers with an address of their own, known servers, and any other server. */

export interface Target {
  /** A provider, `custom/<preset>`, or `custom`. */
  readonly id: string;
  readonly name: string;
  readonly use: string;
  readonly kind: "named" | "bedrock" | "custom";
  readonly keysUrl?: string | undefined;
  readonly preset?: CustomPreset | undefined;
}

const use = "chat, embeddings";

export const otherServer: Target = {
  id: "custom",
  name: "Another server",
  use: "OpenAI's or Anthropic's API",
  kind: "custom",
};

export const namedTargets: readonly Target[] = providers.map(({ id, name, use: what, keysUrl }) => ({
  id,
  name,
  use: what,
  kind: id === "bedrock" ? "bedrock" : "named",
  keysUrl,
}));

export const serverTargets: readonly Target[] = [
  ...customPresets.map((preset) => ({
    id: `custom/${preset.id}`,
    name: preset.name,
    use,
    kind: "custom" as const,
    preset,
  })),
  otherServer,
];

export const targets: readonly Target[] = [...namedTargets, ...serverTargets];

export const targetOf = (id: string): Target => targets.find((target) => target.id === id) ?? otherServer;

const azure = /\.(?:openai\.azure|services\.ai\.azure|cognitiveservices\.azure)\.com$/;

const isAt = (preset: CustomPreset, baseUrl: string): boolean => {
  if (preset.baseUrl !== undefined) return preset.baseUrl === baseUrl;
  return azure.test(URL.parse(baseUrl)?.hostname ?? "");
};

/** The target whose keys a key belongs to. */
export const targetOfKey = ({ provider, custom }: Pick<ProviderKey, "provider" | "custom">): Target => {
  if (custom === undefined) return targetOf(provider);
  return serverTargets.find(({ preset }) => preset !== undefined && isAt(preset, custom.baseUrl)) ?? otherServer;
};

/**
 * Ids of the keys that requests use when they name none: the newest of each provider that is not paused. A custom provider's
 * key serves its own models.
 */
export const servingKeys = (newestFirst: readonly ProviderKey[]): ReadonlySet<string> => {
  const serving = new Map<string, string>();
  for (const { id, provider, slug, paused } of newestFirst) {
    const serves = provider === "custom" ? `custom/${slug}` : provider;
    if (!paused && !serving.has(serves)) serving.set(serves, id);
  }
  return new Set(serving.values());
};

/** Names of vendors in the catalogue, which a custom provider may not take. */
const reserved: ReadonlySet<string> = new Set(["deepseek", "mistral"]);

/** `openai`, or the first of `openai-2`, `openai-3`, … that is free. */
const freeSlug = (name: string, taken: readonly string[]): string => {
  if (!taken.includes(name)) return name;
  let number = 2;
  while (taken.includes(`${name}-${number}`)) number += 1;
  return `${name}-${number}`;
};

export const slugFor = ({ id, kind, preset }: Target, taken: readonly string[]): string => {
  const name = preset?.id ?? (kind === "custom" ? "my-server" : id);
  return freeSlug(reserved.has(name) ? `${name}-api` : name, taken);
};
