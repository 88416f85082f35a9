import { describe, expect, it } from "vitest";
import { costPicoUsd } from "#core/catalog/cost.ts";
import { models } from "#core/catalog/models.ts";
import { estimateTokens, noTokens } from "#core/catalog/token-usage.ts";
import { coveredCharacters, estimatePicoUsd, priceForReserve } from "#core/generation/reservation.ts";
import { fc } from "#tests/support/property.ts";

const anyModel = fc.constantFrom(undefined, ...models);
const characters = fc.nat(5_000_000);

describe("estimateTokens", () => {
  it.each([
    [0, 0],
    [1, 1],
    [4, 1],
    [5, 2],
  ])("counts %i characters as %i tokens", (count, tokens) => {
    expect(estimateTokens(count)).toBe(tokens);
  });
});

describe("estimatePicoUsd", () => {
  it("covers the input and the output that was asked for at the model's own price, up to 4,000 tokens", () => {
    fc.assert(
      fc.property(anyModel, characters, fc.integer({ min: 1, max: 4_000 }), (model, input, output) => {
        const usage = { ...noTokens, inputTokens: estimateTokens(input), outputTokens: output };
        expect(estimatePicoUsd(model, input, output)).toBe(costPicoUsd(priceForReserve(model), usage));
      }),
    );
  });

  it("reserves 1,000 tokens of output where the caller sets no limit", () => {
    for (const model of models) {
      expect(estimatePicoUsd(model, 400, undefined)).toBe(estimatePicoUsd(model, 400, 1_000));
    }
  });

  it("reserves 4,000 tokens of output for whoever asks for more: a stream that outgrows them reserves again", () => {
    for (const model of models) {
      expect(estimatePicoUsd(model, 400, 1_000_000)).toBe(estimatePicoUsd(model, 400, 4_000));
    }
  });

  it("never reserves nothing for a priced model, so that a request always needs room under the cap", () => {
    fc.assert(
      fc.property(
        anyModel,
        characters,
        fc.option(fc.integer({ min: 1 }), { nil: undefined }),
        (model, input, output) => {
          expect(estimatePicoUsd(model, input, output)).toBeGreaterThan(0n);
        },
      ),
    );
  });

  it("takes an unknown model for the most expensive one", () => {
    const unknown = estimatePicoUsd(undefined, 4_000, 500);
    const highestOutput = Math.max(...models.map(({ prices }) => prices.output));
    expect(priceForReserve(undefined).prices.output).toBe(highestOutput);
    for (const model of models) expect(unknown).toBeGreaterThanOrEqual(estimatePicoUsd(model, 0, 500));
  });
});

describe("coveredCharacters", () => {
  it("is what the money buys in output, 4 characters a token", () => {
    fc.assert(
      fc.property(anyModel, fc.nat(100_000), (model, tokens) => {
        const price = priceForReserve(model).prices.output;
        expect(coveredCharacters(model, BigInt(tokens) * BigInt(price))).toBe(tokens * 4);
      }),
    );
  });

  it("is a number also for a model whose output is free", () => {
    const [model] = models;
    if (model === undefined) throw new Error("There is no model");
    expect(coveredCharacters({ ...model, prices: { ...model.prices, output: 0 } }, 5n)).toBe(20);
  });
});
