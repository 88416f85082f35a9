import { beforeEach, describe, expect, it } from "vitest";
import { hostTools, resolveChoices } from "#core/chat/choices.ts";
import { takePreferences } from "#core/chat/provider-preferences.ts";
import type { Caller } from "#core/generation/caller.ts";
import { forgetTargets, noteSuccess, noteThroughput } from "#core/routing/target-stats.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";

const caller: Caller = { principal: { kind: "key", userId: "user_1", keyId: "key_1" }, providerKeySlug: undefined };
const own = "claude-sonnet-5";
const openrouter = "openrouter/anthropic/claude-sonnet-5";
const bedrock = "bedrock/global.anthropic.claude-sonnet-5";

const take = (provider: unknown, changes: object = {}, who = caller) => {
  const asked = chatRequestSchema.parse({
    model: own,
    messages: [{ role: "user", content: "Hi" }],
    provider,
    ...changes,
  });
  return takePreferences(asked, hostTools(asked, who));
};
const hosts = (provider: unknown, changes: object = {}, who = caller) =>
  take(provider, changes, who).hosts?.map(({ id }) => id);

beforeEach(() => forgetTargets());

describe("provider preferences of a model that several providers serve", () => {
  it.each<[string, object, readonly string[]]>([
    ["order", { order: ["openrouter"] }, [openrouter, own]],
    ["OpenRouter's spelling of a name", { order: ["Amazon-Bedrock", "Anthropic"] }, [bedrock, own, openrouter]],
    ["a name twice", { order: ["openrouter", "openrouter"] }, [openrouter, own]],
    ["only", { only: ["openrouter"] }, [openrouter]],
    ["only and order", { only: ["bedrock", "anthropic"], order: ["bedrock"] }, [bedrock, own]],
    ["ignore", { ignore: ["anthropic"] }, [openrouter]],
    ["an order without fallbacks", { order: ["openrouter"], allow_fallbacks: false }, [openrouter]],
    ["no fallbacks", { allow_fallbacks: false }, [own]],
    ["a price that is high enough", { max_price: { prompt: 2, completion: "10" } }, [own, openrouter]],
    ["the same price", { sort: "price" }, [own, openrouter]],
    ["null", { order: null, only: null, ignore: null, sort: null, max_price: null }, [own, openrouter]],
  ])("follow %s", (_name, provider, expected) => {
    expect(hosts(provider)).toEqual(expected);
  });

  it("use a provider that only the caller's own key serves only where it is named", () => {
    expect(hosts({ sort: "price" })).not.toContain(bedrock);
    expect(hosts({ only: ["bedrock"] })).toEqual([bedrock]);
  });

  it("sort by what this environment has measured, the unknown first", () => {
    noteSuccess(own, 900);
    expect(hosts({ sort: "latency" })).toEqual([openrouter, own]);
    noteSuccess(openrouter, 1_200);
    expect(hosts({ sort: { by: "latency" } })).toEqual([own, openrouter]);
    noteThroughput(own, 20);
    noteThroughput(openrouter, 90);
    expect(hosts({ sort: "throughput" })).toEqual([openrouter, own]);
  });

  it("come before the fallbacks, and leave nothing of themselves in the request", () => {
    const { request, hosts: ordered } = take({ order: ["openrouter"], zdr: true }, { fallback: ["gpt-5.2"] });
    expect(request).toMatchObject({ provider: { zdr: true } });
    expect(take({ order: ["openrouter"] }).request).not.toHaveProperty("provider");
    expect(resolveChoices(request, 2, caller, ordered).map(({ model }) => model.id)).toEqual([
      openrouter,
      own,
      "gpt-5.2",
    ]);
  });

  it("leave out a provider that the API key may not use", () => {
    const limits = { id: "l", allowedModels: ["anthropic/*"] };
    const limited = { ...caller, principal: { ...caller.principal, limits } } as Caller;
    expect(hosts({ order: ["openrouter"] }, {}, limited)).toEqual([own]);
    // It is refused as a model that the key may not use, not as a preference.
    expect(hosts({ only: ["openrouter"] }, {}, limited)).toEqual([openrouter]);
  });

  it.each<[unknown, string]>([
    [{ order: "anthropic" }, "provider.order"],
    [{ order: ["anthropic", "google"] }, "provider.order[1]"],
    [{ only: [1] }, "provider.only"],
    [{ ignore: Array.from({ length: 17 }, () => "anthropic") }, "provider.ignore"],
    [{ sort: "speed" }, "provider.sort"],
    [{ max_price: 3 }, "provider.max_price"],
    [{ max_price: { prompt: -1 } }, "provider.max_price.prompt"],
    [{ max_price: { completion: "cheap" } }, "provider.max_price.completion"],
    [{ allow_fallbacks: "no" }, "provider.allow_fallbacks"],
    [{ max_price: { prompt: 1 } }, "provider"],
    [{ only: ["openrouter"], ignore: ["openrouter"] }, "provider"],
  ])("are refused with their place where they are not valid, or fit no provider: %j", (provider, param) => {
    expect(() => take(provider)).toThrow(expect.objectContaining({ code: "BAD_REQUEST", param }));
  });

  it("are refused beside load_balance", () => {
    const load_balance = { strategy: "cost", targets: [{ model: own }] };
    expect(() => take({ order: ["openrouter"] }, { load_balance })).toThrow(
      expect.objectContaining({ code: "BAD_REQUEST", param: "provider" }),
    );
  });
});

describe("OpenRouter's own provider object", () => {
  it.each([
    ["a model that only OpenRouter serves", { model: "deepseek/deepseek-v3.2" }, { order: ["DeepInfra"] }],
    ["a model by its full name there", { model: openrouter }, { order: ["Amazon Bedrock"] }],
    ["auto", { model: "auto" }, { sort: "price" }],
    ["no preference of ours", {}, { data_collection: "deny" }],
    ["anything else", {}, "fast"],
  ])("stays as it came for %s", (_name, changes, provider) => {
    const { request, hosts: ordered } = take(provider, changes);
    expect(ordered).toBeUndefined();
    expect(request).toMatchObject({ provider });
  });
});
