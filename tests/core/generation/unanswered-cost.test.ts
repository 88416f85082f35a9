import { describe, expect, it } from "vitest";
import { resolveModel } from "#core/catalog/resolve.ts";
import { noTokens } from "#core/catalog/token-usage.ts";
import { addEvent, noAdditions } from "#core/db/rollup-sums.ts";
import type { AttemptRecord } from "#core/db/usage-events.ts";
import { spendBy } from "#core/generation/spend.ts";
import { spendOnUnused, unusedGeneration, withUnused } from "#core/generation/unanswered-cost.ts";
import { type FailureKind, newOutcome, ProviderFailure, type ProviderOutcome } from "#core/providers/provider.ts";
import { newEvent } from "#tests/core/support/usage-events.ts";

const usage = { ...noTokens, inputTokens: 1_000, outputTokens: 100 };
/** 1,000 in and 100 out at 1.75 and 14 dollars a million: 3,150 micro-dollars. */
const cost = 3_150_000_000n;
const { catalog } = resolveModel("gpt-5.2");
const failing = (
  kind: FailureKind,
  outcome: Partial<ProviderOutcome> | undefined,
  changes: { readonly status?: number; readonly handedOver?: boolean } = {},
): ProviderFailure => {
  const failure = new ProviderFailure("openai", kind, "It failed", { status: changes.status });
  failure.outcome = outcome === undefined ? undefined : { ...newOutcome(), ...outcome };
  failure.handedOver = changes.handedOver ?? true;
  return failure;
};

const attempt = (changes: object = {}): AttemptRecord => ({
  model: "gpt-5.2",
  provider: "openai",
  result: "malformed",
  latencyMs: 5,
  unused: { byok: false, ...usage, costPicoUsd: cost, ...changes },
});
const answered = { usage, costPicoUsd: cost, byok: false, spent: spendBy(false, cost) };

describe("a generation that nobody got", () => {
  const by = { catalog, byok: false, inputTokens: 8 };

  it("is what the provider told, at its own model's price", () => {
    const failure = failing("malformed", { usage, contentStarted: true, finishReason: "stop" });
    expect(unusedGeneration(failure, { ...by, byok: true })).toEqual({ byok: true, ...usage, costPicoUsd: cost });
  });

  it("is an estimate where an answer began and its provider told nothing", () => {
    expect(unusedGeneration(failing("network", { contentStarted: true, outputCharacters: 40 }), by)).toMatchObject({
      inputTokens: 8,
      outputTokens: 10,
      estimated: true,
    });
  });

  it.each<FailureKind>(["network", "timeout", "aborted", "malformed"])(
    "counts its input where the provider has the request and the attempt ended in %s",
    (kind) => {
      for (const outcome of [undefined, {}, { usage: noTokens }]) {
        expect(unusedGeneration(failing(kind, outcome), by)).toMatchObject({
          inputTokens: 8,
          outputTokens: 0,
          estimated: true,
        });
      }
    },
  );

  it.each<FailureKind>(["network", "timeout", "aborted"])(
    "is nothing where %s came before the last byte left",
    (kind) => {
      expect(unusedGeneration(failing(kind, undefined, { handedOver: false }), by)).toBeUndefined();
    },
  );

  it.each<[FailureKind, number]>([
    ["rate-limit", 429],
    ["server", 500],
    ["server", 503],
    ["auth", 401],
    ["quota", 402],
    ["request", 400],
    ["timeout", 408],
  ])("is nothing where the provider itself refused: %s, %i", (kind, status) => {
    expect(unusedGeneration(failing(kind, undefined, { status }), by)).toBeUndefined();
    expect(unusedGeneration(failing(kind, {}, { status }), by)).toBeUndefined();
  });

  it("is what had been generated where the provider broke off in the middle", () => {
    const failure = failing("server", { contentStarted: true, outputCharacters: 400 }, { status: 500 });
    expect(unusedGeneration(failure, by)).toMatchObject({ inputTokens: 8, outputTokens: 100, estimated: true });
  });

  it.each([{ inputTokens: 1 }, { outputTokens: 1 }])("is metered for %j already", (told) => {
    expect(unusedGeneration(failing("malformed", { usage: { ...noTokens, ...told } }), by)).toMatchObject(told);
  });

  it("has no cost where the price is unknown", () => {
    const unused = unusedGeneration(failing("malformed", { usage }), { ...by, catalog: undefined });
    expect(unused).not.toHaveProperty("costPicoUsd");
  });

  it("counts what it cost against limits, at the highest price where that is unknown", () => {
    const unused = { byok: false, ...usage, costPicoUsd: cost };
    expect(spendOnUnused(unused)).toBe(cost);
    expect(spendOnUnused({ ...unused, costPicoUsd: undefined })).toBeGreaterThan(cost);
  });
});

describe("the sum of a request", () => {
  it("is its answer's where every attempt before was free", () => {
    const free: AttemptRecord = { model: "gpt-5.2", provider: "openai", result: "server", latencyMs: 1 };
    expect(withUnused(answered, [free])).toEqual({
      usage,
      costPicoUsd: cost,
      spent: spendBy(false, cost),
      byokCostPicoUsd: undefined,
    });
  });

  it("has every paid generation's tokens and cost", () => {
    expect(
      withUnused({ ...answered, spent: spendBy(false, 3n * cost) }, [attempt(), attempt({ estimated: true })]),
    ).toEqual({
      usage: { ...usage, inputTokens: 3_000, outputTokens: 300, estimated: true },
      costPicoUsd: 3n * cost,
      spent: spendBy(false, 3n * cost),
      byokCostPicoUsd: undefined,
    });
  });

  it("adds every kind of token to its own kind", () => {
    const kinds = {
      inputTokens: 64,
      cachedInputTokens: 32,
      cacheWriteInputTokens: 16,
      longCacheWriteInputTokens: 8,
      outputTokens: 4,
      reasoningTokens: 2,
    };
    const doubled = Object.fromEntries(Object.entries(kinds).map(([name, count]) => [name, 2 * count]));
    const before = { ...answered, usage: { ...kinds, estimated: true } };
    expect(withUnused(before, [attempt({ ...kinds })]).usage).toEqual({ ...doubled, estimated: true });
    expect(withUnused({ ...answered, usage: { ...kinds, estimated: false } }, [attempt(kinds)]).usage.estimated).toBe(
      false,
    );
  });

  it("takes nothing from the cap for what the caller's own key paid, known or not, and needs no word where byok says it", () => {
    const own = { ...answered, byok: true, spent: spendBy(false, 0n) };
    expect(withUnused(own, [attempt({ byok: true })])).toMatchObject({
      costPicoUsd: 2n * cost,
      spent: spendBy(false, 0n),
      byokCostPicoUsd: undefined,
    });
    expect(withUnused(own, [attempt({ byok: true, costPicoUsd: undefined })])).toMatchObject({
      costPicoUsd: undefined,
      spent: spendBy(false, 0n),
      byokCostPicoUsd: undefined,
    });
    const unpriced = { ...own, costPicoUsd: undefined };
    expect(withUnused(unpriced, [attempt({ byok: true })])).toMatchObject({
      costPicoUsd: undefined,
      byokCostPicoUsd: undefined,
    });
  });

  it("tells apart what the caller's own key paid when the platform's answered, and the other way round", () => {
    expect(withUnused(answered, [attempt({ byok: true })])).toMatchObject({
      costPicoUsd: 2n * cost,
      spent: spendBy(false, cost),
      byokCostPicoUsd: cost,
    });
    expect(withUnused({ ...answered, byok: true, spent: spendBy(false, 0n) }, [attempt()])).toMatchObject({
      costPicoUsd: 2n * cost,
      byokCostPicoUsd: cost,
    });
  });

  it("is unknown once one price is", () => {
    expect(withUnused(answered, [attempt({ costPicoUsd: undefined })]).costPicoUsd).toBeUndefined();
  });
});

describe("the daily sums of a request with generations that nobody got", () => {
  it("count one request and every generation, with the cost on who paid it", () => {
    const sums = noAdditions();
    addEvent(sums, newEvent({ costPicoUsd: 5n, byokCostPicoUsd: 2n, attempts: [attempt(), attempt()] }));
    expect(sums).toMatchObject({ costPicoUsd: 3n, byokCostPicoUsd: 2n, sums: { requests: 1, generations: 3 } });
  });

  it("count every generation as unpriced where the cost is unknown", () => {
    const sums = noAdditions();
    addEvent(sums, newEvent({ costPicoUsd: undefined, attempts: [attempt()] }));
    expect(sums.sums).toMatchObject({ unpriced: 2, generations: 2 });
  });
});
