import { afterEach, describe, expect, it, vi } from "vitest";
import { toUsd } from "#core/catalog/cost.ts";
import { toCouncilRequest } from "#core/council/council-request.ts";
import { comparerFor, defaultPanel, familyOf, judgeFor, priceClasses } from "#core/council/panel.ts";
import { planCouncil } from "#core/council/plan.ts";
import { bodyOf } from "./scripted-council.ts";

const served = vi.hoisted(() => new Set<string>());
vi.mock("#core/upstreams.ts", async (original) => ({
  ...(await original<typeof import("#core/upstreams.ts")>()),
  providerApiKey: (provider: string) => (served.has(provider) ? "key" : undefined),
}));

const keys = ["openai", "anthropic", "google", "x-ai", "openrouter", "minimax"] as const;
const withKeys = (...names: readonly (typeof keys)[number][]): void => {
  for (const name of names) served.add(name);
};
afterEach(() => served.clear());

describe("A default panel", () => {
  it.each(priceClasses)("of class %s has three families, and a judge and comparer of others", (priceClass) => {
    withKeys(...keys);
    const panel = defaultPanel(priceClass);
    const families = panel.map(familyOf);
    expect(new Set(families).size).toBe(3);
    const judge = judgeFor(panel, priceClass, undefined);
    expect(judge.independent).toBe(true);
    expect(families).not.toContain(familyOf(judge.model));
    expect(families).not.toContain(familyOf(comparerFor(panel, undefined)));
  });

  it("takes models that the platform has keys for", () => {
    withKeys("openai", "x-ai", "openrouter");
    for (const priceClass of priceClasses) {
      for (const name of defaultPanel(priceClass))
        expect(["openai", "x-ai", "mistral", "deepseek"]).toContain(familyOf(name));
    }
  });

  it("says when no judge of another family is available", () => {
    withKeys("openai", "anthropic");
    expect(judgeFor(["gpt", "claude"], "standard", undefined).independent).toBe(false);
    expect(judgeFor(["gpt", "claude"], "standard", "gpt-6-sol").independent).toBe(false);
    expect(judgeFor(["gpt", "claude"], "standard", "grok").independent).toBe(true);
  });
});

describe("A family", () => {
  it.each([
    ["gpt", "openai"],
    ["openrouter/openai/gpt-6-sol", "openai"],
    ["kimi", "moonshot"],
    ["llama", "meta"],
    ["auto", undefined],
  ])("of %s is %s", (name, family) => expect(familyOf(name)).toBe(family));
});

describe("A council's request", () => {
  it.each([
    [{ message: undefined }, "MISSING_REQUIRED_FIELD", "message"],
    [{ message: undefined, messages: [{ role: "assistant", content: "x" }] }, "BAD_REQUEST", "messages[0].role"],
    [{ models: ["gpt"] }, "BAD_REQUEST", "models"],
    [{ models: Array.from({ length: 9 }, (_, index) => `openai/${index}`) }, "BAD_REQUEST", "models"],
    [{ models: ["gpt", "gpt-5.2"] }, "BAD_REQUEST", "models[1]"],
    [{ models: ["gpt", "unheard-of"] }, "INVALID_MODEL", "models[1]"],
    [{ judge: "unheard-of" }, "INVALID_MODEL", "judge"],
    [{ comparer: "unheard-of" }, "INVALID_MODEL", "comparer"],
  ] as const)("of %j is refused with %s", (changes, code, param) => {
    expect(() => toCouncilRequest(bodyOf(changes as never))).toThrow(expect.objectContaining({ code, param }));
  });
});

describe("The cost of a council", () => {
  it("is bounded before it starts, and its limits shrink to fit maxCostUsd", () => {
    withKeys(...keys);
    const free = planCouncil(toCouncilRequest(bodyOf()));
    const maxCostUsd = toUsd(free.bound.picoUsd) / 4;
    const bound = planCouncil(toCouncilRequest(bodyOf({ maxCostUsd })));
    expect(toUsd(bound.bound.picoUsd)).toBeLessThanOrEqual(maxCostUsd);
    expect(bound.draftTokens).toBeLessThan(free.draftTokens);
    expect(bound.answerTokens).toBeLessThan(free.answerTokens);
  });

  it("that no limit brings under maxCostUsd is a 400 that says what is needed", () => {
    expect(() => planCouncil(toCouncilRequest(bodyOf({ maxCostUsd: 0.000_01 })))).toThrow(
      expect.objectContaining({
        code: "BAD_REQUEST",
        param: "maxCostUsd",
        details: { leastUsd: expect.any(Number) },
      }),
    );
  });

  it("keeps the caller's own limit of the answer", () => {
    expect(planCouncil(toCouncilRequest(bodyOf({ maxTokens: 100 }))).answerTokens).toBe(100);
  });

  it("of the default panels is what the docs say", () => {
    withKeys(...keys);
    const bounds = priceClasses.map((panel) => toUsd(planCouncil(toCouncilRequest(bodyOf({ panel }))).bound.picoUsd));
    expect(bounds.map((usd) => Math.round(usd * 1_000) / 1_000)).toMatchInlineSnapshot(`
      [
        0.322,
        0.137,
      ]
    `);
  });
});
