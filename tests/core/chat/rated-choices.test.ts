import { beforeAll, describe, expect, it } from "vitest";
import { type ChatChoice, resolveChoices } from "#core/chat/choices.ts";
import { noSums } from "#core/db/rating-sums.ts";
import type { Caller } from "#core/generation/caller.ts";
import { ratedChoice } from "#core/ratings/rated-choice.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";

/** How `auto:rated` chooses. OpenAI, Anthropic and xAI have a key of the platform. */

const caller: Caller = { principal: { kind: "key", userId: "user_1", keyId: "key_1" }, providerKeySlug: undefined };

const choose = (changes: object, who: Caller = caller) =>
  resolveChoices(
    chatRequestSchema.parse({ model: "gpt", messages: [{ role: "user", content: "Hello" }], ...changes }),
    100,
    who,
  );
const models = (choices: readonly ChatChoice[]): string[] => choices.map(({ model }) => model.id);

beforeAll(() => {
  for (const provider of ["Openai", "Anthropic", "Xai"]) {
    process.env[`SST_RESOURCE_${provider}ApiKey`] = JSON.stringify({ value: "sk-platform" });
  }
});

describe("auto:rated", () => {
  const rated = (...best: readonly string[]): Caller => {
    // Each is preferred to the next one in all of 20 votes.
    const pairs = best.slice(1).map((_, index) => [index, index + 1, 20_000, 0, 0, 0] as const);
    const names = best.length === 1 ? [...best, "nobodys"] : best;
    const sums = { models: names.map((name) => ({ name, at: 0 })), people: 20, panels: 0 };
    return { ...caller, rated: ratedChoice({ ...sums, pairs: pairs.length > 0 ? pairs : [[0, 1, 20_000, 0, 0, 0]] }) };
  };
  const chosen = (who: Caller, changes: object = {}): string[] =>
    models(choose({ model: "auto:rated", ...changes }, who));
  const auto = (): string[] => models(choose({ model: "auto" }));
  const warned = (who: Caller): readonly string[] => who.rated?.warnings(chosen(who)[0] ?? "") ?? [];
  const claude = models(choose({ model: "claude" }))[0];

  it("takes the best-rated models first, at any price, and auto's choices after them", () => {
    const best = [claude ?? "", "gpt-5.2"];
    expect(chosen(rated(...best))).toEqual([...best, auto()[0]]);
    expect(warned(rated(...best))).toEqual([]);
  });

  it("leaves out models that cannot serve the request, or whose provider has no key", () => {
    const nobodys = "deepseek/deepseek-v4-flash";
    expect(chosen(rated(nobodys, "mine/model", "openai/__proto__"))).toEqual(auto());
    expect(warned(rated(nobodys))).toEqual(["model (auto:rated knows no rated model that can serve this; auto chose)"]);
  });

  it("chooses as auto does where ratings do not decide, and says so", () => {
    const who = { ...caller, rated: ratedChoice({ ...noSums, people: 4, panels: 3 }) };
    expect(chosen(who)).toEqual(auto());
    expect(warned(who)).toEqual(["model (auto:rated has 7 of 20 votes; auto chose)"]);
  });

  it("keeps within the models that the key may use", () => {
    const [, second] = auto();
    const limited: Caller = {
      ...rated(claude ?? ""),
      principal: { ...caller.principal, limits: { id: "limits_1", allowedModels: [second ?? ""] } },
    };
    expect(chosen(limited)).toEqual([second]);
  });

  it("is no name for a fallback or a balanced target, as auto is none", () => {
    expect(() => choose({ fallback: ["auto:rated"] })).toThrow(expect.objectContaining({ param: "fallback[0]" }));
  });
});
