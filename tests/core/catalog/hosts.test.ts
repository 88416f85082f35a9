import { findProvider, type ModelPrice } from "@pydantic/genai-prices";
import { describe, expect, it } from "vitest";
import { pricesOn } from "#core/catalog/cost.ts";
import { hostsOf, otherHosts } from "#core/catalog/hosts.ts";
import { resolveListed, resolveModel } from "#core/catalog/resolve.ts";

const tables = { openrouter: "openrouter", bedrock: "aws" } as const;

type Match = { readonly [kind: string]: unknown };
/** The table's own rules of matching. */
const matches = (rule: Match, id: string): boolean => {
  if (Array.isArray(rule.or)) return rule.or.some((each) => matches(each as Match, id));
  if (Array.isArray(rule.and)) return rule.and.every((each) => matches(each as Match, id));
  if (typeof rule.equals === "string") return id === rule.equals;
  if (typeof rule.contains === "string") return id.includes(rule.contains);
  if (typeof rule.starts_with === "string") return id.startsWith(rule.starts_with);
  if (typeof rule.ends_with === "string") return id.endsWith(rule.ends_with);
  return typeof rule.regex === "string" && new RegExp(rule.regex).test(id);
};
const base = (price: unknown): unknown => (typeof price === "object" && price !== null ? (price as Match).base : price);

const published = (name: string): ModelPrice | undefined => {
  const [provider, ...rest] = name.split("/");
  const table = findProvider({ providerId: tables[provider as keyof typeof tables] });
  const model = table?.models.find(({ match }) => matches(match as unknown as Match, rest.join("/")));
  const prices = model?.prices;
  if (!Array.isArray(prices)) return prices;
  return prices.at(-1)?.prices;
};

const hosts = (name: string) => {
  const own = resolveListed(name);
  return own === undefined ? [] : hostsOf(own);
};

describe("who else serves a model", () => {
  const names = [...otherHosts].flatMap(([id, hosts]) => hosts.map((name) => [name, id] as const));

  it.each(names)("%s has the price of %s in a published table", (name, id) => {
    const { catalog } = resolveModel(id);
    if (catalog === undefined) throw new Error("It is not in the catalogue");
    const { prices } = pricesOn(catalog, Date.now());
    const found = published(name);
    expect(base(found?.input_mtok)).toBe(prices.input / 1e6);
    expect(base(found?.output_mtok)).toBe(prices.output / 1e6);
    if (prices.cachedInput !== undefined) expect(base(found?.cache_read_mtok)).toBe(prices.cachedInput / 1e6);
    if (prices.cacheWrite !== undefined) expect(base(found?.cache_write_mtok)).toBe(prices.cacheWrite / 1e6);
  });

  it.each(names)("%s is called by its full name, with that price", (name, id) => {
    const [provider] = name.split("/");
    const host = hosts(id).find((each) => each.id === name);
    expect(host).toMatchObject({ provider, providerModel: name.slice(`${provider}/`.length) });
    expect(host?.catalog?.prices).toEqual(resolveModel(id).catalog?.prices);
    expect(resolveModel(name)).toMatchObject({ id: name, provider });
  });

  it("are told by the model's own name, an alias and its vendor's name alike", () => {
    const own = hosts("claude-sonnet-5").map(({ id }) => id);
    expect(own).toEqual([
      "claude-sonnet-5",
      "openrouter/anthropic/claude-sonnet-5",
      "bedrock/global.anthropic.claude-sonnet-5",
    ]);
    expect(hosts("anthropic/claude-sonnet-5").map(({ id }) => id)).toEqual(own);
    expect(hosts("gpt").map(({ provider }) => provider)).toEqual(["openai", "openrouter"]);
    expect(hosts("mine/model")).toEqual([]);
  });
});
