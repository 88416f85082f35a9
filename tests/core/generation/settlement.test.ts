import { describe, expect, it } from "vitest";
import { resolveModel } from "#core/catalog/resolve.ts";
import { noTokens } from "#core/catalog/token-usage.ts";
import { costForReserve } from "#core/generation/reservation.ts";
import { totalCost } from "#core/generation/settlement.ts";
import { spendBy } from "#core/generation/spend.ts";

const usage = { ...noTokens, inputTokens: 1_000, outputTokens: 100 };
const gpt = resolveModel("gpt-5.2").catalog;
const kimi = resolveModel("moonshotai/kimi-k3").catalog;
const free = { usage, byok: false, cacheHit: false };

describe("the cost of an answer", () => {
  it("is ours where the provider's prices are fixed, whatever it says of its own", () => {
    const ours = totalCost({ ...free, catalog: gpt }, []);
    expect(totalCost({ ...free, catalog: gpt, reportedCostPicoUsd: 1n }, [])).toEqual(ours);
  });

  it("is the provider's own where they float, and where ours is unknown", () => {
    for (const catalog of [kimi, undefined]) {
      expect(totalCost({ ...free, catalog, reportedCostPicoUsd: 77n }, [])).toMatchObject({
        costPicoUsd: 77n,
        spent: spendBy(false, 77n),
      });
    }
    expect(totalCost({ ...free, catalog: undefined }, [])).toMatchObject({
      costPicoUsd: undefined,
      spent: spendBy(false, costForReserve(undefined, usage)),
    });
  });

  it("takes all that was set aside from the cap where its count is an estimate, which the event shows", () => {
    const estimated = { ...free, usage: { ...usage, estimated: true }, catalog: gpt };
    const cost = costForReserve(gpt, usage);
    expect(totalCost({ ...estimated, grantedPicoUsd: 10n * cost }, [])).toMatchObject({
      costPicoUsd: cost,
      spent: spendBy(false, 10n * cost),
    });
    expect(totalCost({ ...estimated, grantedPicoUsd: 1n }, [])).toMatchObject({ spent: spendBy(false, cost) });
    expect(totalCost({ ...free, catalog: gpt, grantedPicoUsd: 10n * cost }, [])).toMatchObject({
      spent: spendBy(false, cost),
    });
  });

  it("takes nothing from the cap where the caller's own key or the cache paid", () => {
    for (const payer of [{ byok: true }, { cacheHit: true }]) {
      expect(totalCost({ ...free, ...payer, catalog: gpt, grantedPicoUsd: 5n }, []).spent.platformPicoUsd).toBe(0n);
    }
  });
});
