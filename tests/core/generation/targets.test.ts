import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { type ChatChoice, resolveChoices } from "#core/chat/choices.ts";
import type { ByokProvider, ProviderKeyRow } from "#core/db/provider-key-rows.ts";
import type { Caller } from "#core/generation/caller.ts";
import { toTargets } from "#core/generation/targets.ts";
import type { Target } from "#core/routing/target.ts";
import { forgetTargets, noteFailure, noteSuccess } from "#core/routing/target-stats.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";

const platform = (provider: string, key: string | undefined): void => {
  const name = `SST_RESOURCE_${provider}ApiKey`;
  if (key === undefined) delete process.env[name];
  else process.env[name] = JSON.stringify({ value: key });
};

const userId = "user_1";
const caller: Caller = { principal: { kind: "key", userId, keyId: "key_1" }, providerKeySlug: undefined };

const storedKey = (provider: ByokProvider, slug: string): ProviderKeyRow => ({
  id: `pk_${randomUUID()}`,
  userId,
  provider,
  slug,
  displayName: slug,
  last4: "0000",
  createdAt: "2026-11-20T00:00:00.000Z",
  keyVersion: 1,
  wrappedKey: "AAAA",
  sealed: { version: 1, nonce: "", ciphertext: "", tag: "" },
});

const request = (changes: object) =>
  chatRequestSchema.parse({ model: "gpt", messages: [{ role: "user", content: "Hello" }], ...changes });
const choose = (changes: object, who: Caller = caller): readonly ChatChoice[] =>
  resolveChoices(request(changes), 100, who);
const models = (choices: readonly ChatChoice[]): string[] => choices.map(({ model }) => model.id);
const balanced = (strategy: string, targets: readonly object[]) => ({ load_balance: { strategy, targets } });

const [gpt, claude, grok] = models([
  ...choose({ model: "gpt" }),
  ...choose({ model: "claude" }),
  ...choose({ model: "grok" }),
]);

beforeEach(() => {
  forgetTargets();
  vi.restoreAllMocks();
  for (const provider of ["Openai", "Anthropic", "Xai"]) platform(provider, "sk-platform");
});

describe("resolveChoices", () => {
  it("tries the model, then the fallbacks in their order", () => {
    expect(models(choose({ fallback: ["claude", "grok"] }))).toEqual([gpt, claude, grok]);
  });

  it("tries balanced targets instead of the model, then the fallbacks", () => {
    const { load_balance } = balanced("cost", [{ model: "gpt-5-nano" }, { model: "gpt-5.2" }]);
    expect(models(choose({ model: "grok", load_balance, fallback: ["claude"] }))).toEqual([
      "gpt-5-nano",
      "gpt-5.2",
      claude,
    ]);
  });

  it("names the model that does not exist by its place", () => {
    for (const [changes, param] of [
      [{ model: "no-such" }, "model"],
      [{ fallback: ["claude", "no-such"] }, "fallback[1]"],
      [balanced("cost", [{ model: "gpt" }, { model: "no-such" }]), "load_balance.targets[1].model"],
    ] as const) {
      expect(() => choose(changes)).toThrow(expect.objectContaining({ code: "INVALID_MODEL", param }));
    }
  });

  it("begins somewhere else with each request (round_robin)", () => {
    const settings = balanced("round_robin", [{ model: "gpt" }, { model: "claude" }, { model: "grok" }]);
    const firsts = Array.from({ length: 6 }, () => models(choose(settings))[0]);
    expect(new Set(firsts.slice(0, 3)).size).toBe(3);
    expect(firsts.slice(3)).toEqual(firsts.slice(0, 3));
  });

  it("draws by weight, 1 where none is said", () => {
    const settings = balanced("weighted", [{ model: "gpt" }, { model: "claude", weight: 3 }]);
    vi.spyOn(Math, "random").mockReturnValue(0.24);
    expect(models(choose(settings))).toEqual([gpt, claude]);
    vi.spyOn(Math, "random").mockReturnValue(0.26);
    expect(models(choose(settings))).toEqual([claude, gpt]);
  });

  it("puts an unknown price last (cost)", () => {
    const settings = balanced("cost", [{ model: "openai/of-tomorrow" }, { model: "gpt-5.2" }, { model: "gpt-5-nano" }]);
    expect(models(choose(settings))).toEqual(["gpt-5-nano", "gpt-5.2", "openai/of-tomorrow"]);
  });
});

describe("latency balancing", () => {
  const settings = balanced("latency", [{ model: "gpt" }, { model: "claude" }]);
  const asTargets = (changes: object, keys: readonly ProviderKeyRow[], who: Caller = caller): readonly Target[] =>
    toTargets(choose(changes, who), keys, who.providerKeySlug);
  const byModel = (targets: readonly Target[], id: string | undefined, nth = 0): Target => {
    const found = targets.filter(({ model }) => model.id === id)[nth];
    if (found === undefined) throw new Error(`There is no target ${id}`);
    return found;
  };
  /** Notes on a target of a request what its answer took. */
  const learn = (targets: readonly Target[], latencies: Readonly<Record<string, number>>): void => {
    for (const { model, name } of targets) noteSuccess(name, latencies[model.id] ?? 0);
  };

  it("learns of the platform's targets", () => {
    learn(asTargets(settings, []), { [gpt ?? ""]: 900, [claude ?? ""]: 100 });
    expect(models(choose(settings))).toEqual([claude, gpt]);
  });

  it("learns of the caller's newest keys, which it reads only later", () => {
    const keys = [storedKey("openai", "mine"), storedKey("anthropic", "mine-too")];
    learn(asTargets(settings, keys), { [gpt ?? ""]: 900, [claude ?? ""]: 100 });
    expect(models(choose(settings))).toEqual([claude, gpt]);
    // Another user's keys say nothing of mine.
    expect(models(choose(settings, { ...caller, principal: { ...caller.principal, userId: "user_2" } }))).toEqual([
      gpt,
      claude,
    ]);
  });

  it("learns of the key that a target names, apart from the same model with another", () => {
    const keys = [storedKey("openai", "fast"), storedKey("openai", "slow")];
    const twice = balanced("latency", [
      { model: "gpt", provider_key: "slow" },
      { model: "gpt", provider_key: "fast" },
    ]);
    const targets = asTargets(twice, keys);
    noteSuccess(byModel(targets, gpt, 0).name, 900);
    noteSuccess(byModel(targets, gpt, 1).name, 100);
    expect(choose(twice).map(({ slug }) => slug)).toEqual(["fast", "slow"]);
  });

  it("learns of the key of X-Provider-Key", () => {
    const keys = [storedKey("openai", "mine")];
    const who = { ...caller, providerKeySlug: "mine" };
    const twoModels = balanced("latency", [{ model: "gpt-5.2" }, { model: "gpt-5-nano" }]);
    learn(asTargets(twoModels, keys, who), { "gpt-5.2": 900, "gpt-5-nano": 100 });
    expect(models(choose(twoModels, who))).toEqual(["gpt-5-nano", "gpt-5.2"]);
  });

  it("does not begin with a target whose key is refused each time, though its speed is unknown", () => {
    const targets = asTargets(settings, []);
    noteFailure(byModel(targets, gpt).name, Date.now(), false);
    noteSuccess(byModel(targets, claude).name, 900);
    expect(models(choose(settings))).toEqual([claude, gpt]);
  });
});

describe("toTargets", () => {
  const choices = () => choose({ fallback: ["claude"] });
  const payers = (targets: readonly Target[]): string[] =>
    targets.map(({ model, byok }) => `${model.provider}:${byok ? "caller" : "platform"}`);

  it("lets the caller's newest key for a provider pay, else the platform's", () => {
    const keys = [storedKey("openai", "newest"), storedKey("openai", "older"), storedKey("google", "other")];
    const targets = toTargets(choices(), keys, undefined);
    expect(payers(targets)).toEqual(["openai:caller", "anthropic:platform"]);
  });

  it("never spends platform money beside X-Provider-Key: a fallback without a key of the caller has none", async () => {
    const targets = toTargets(choices(), [storedKey("openai", "mine")], "mine");
    expect(payers(targets)).toEqual(["openai:caller", "anthropic:caller"]);
    expect(await targets[1]?.credential()).toBeUndefined();
    const both = toTargets(choices(), [storedKey("openai", "mine"), storedKey("anthropic", "also")], "mine");
    expect(payers(both)).toEqual(["openai:caller", "anthropic:caller"]);
    expect(both[1]?.name).not.toBe(targets[1]?.name);
  });

  it("takes the key that a balanced target names, each its own", () => {
    const settings = balanced("cost", [
      { model: "gpt", provider_key: "first" },
      { model: "gpt", provider_key: "second" },
      { model: "gpt" },
    ]);
    const targets = toTargets(
      choose(settings),
      [storedKey("openai", "second"), storedKey("openai", "first")],
      undefined,
    );
    expect(new Set(targets.map(({ name }) => name)).size).toBe(3);
    expect(payers(targets)).toEqual(["openai:caller", "openai:caller", "openai:caller"]);
  });

  it.each([
    ["a slug that is not there", "missing", { code: "BAD_REQUEST", param: "X-Provider-Key" }],
    ["a key that serves no model of the request", "for-google", { code: "BAD_REQUEST", param: "X-Provider-Key" }],
  ])("refuses %s in X-Provider-Key", (_, slug, error) => {
    expect(() => toTargets(choices(), [storedKey("google", "for-google")], slug)).toThrow(
      expect.objectContaining(error),
    );
  });

  it.each(["missing", "for-google"])("refuses a balanced target whose provider_key is %s", (slug) => {
    const settings = balanced("cost", [{ model: "gpt", provider_key: slug }]);
    expect(() => toTargets(choose(settings), [storedKey("google", "for-google")], undefined)).toThrow(
      expect.objectContaining({ code: "BAD_REQUEST", param: "load_balance.targets" }),
    );
  });

  it("has no key for a provider that neither the caller nor the platform has one for", async () => {
    platform("Openai", undefined);
    const [first, second] = toTargets(choices(), [], undefined);
    expect(await first?.credential()).toBeUndefined();
    expect(await second?.credential()).toMatchObject({ apiKey: "sk-platform", byok: false });
  });

  it("opens no key before it is its turn", () => {
    // The sealed key of this row cannot be opened: nothing tries.
    expect(() => toTargets(choices(), [storedKey("openai", "sealed")], undefined)).not.toThrow();
  });
});
