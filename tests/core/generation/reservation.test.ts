import { describe, expect, it } from "vitest";
import { costPicoUsd, fromUsd } from "#core/catalog/cost.ts";
import type { CatalogModel } from "#core/catalog/model.ts";
import { models } from "#core/catalog/models.ts";
import { noTokens } from "#core/catalog/token-usage.ts";
import { grantOf, grantShares } from "#core/db/grant.ts";
import { type CallSize, callReserve, mostExpensive, outputLimit } from "#core/generation/reservation.ts";
import { fc } from "#tests/support/property.ts";

interface Priced {
  readonly catalog: CatalogModel | undefined;
}

const sizeOf = (changes: Partial<CallSize<Priced>> & { readonly input?: number } = {}): CallSize<Priced> => {
  const { input = 1_000, ...rest } = changes;
  return {
    inputTokens: () => input,
    longCacheWrite: false,
    answers: 1,
    predictionTokens: 0,
    outputTokens: undefined,
    ...rest,
  };
};
const known = (id: string): Priced & { readonly catalog: CatalogModel } => {
  const catalog = models.find((model) => model.id === id);
  if (catalog === undefined) throw new Error(`There is no model ${id}`);
  return { catalog };
};
const fable = known("claude-fable-5-1");
const anyModel = fc.constantFrom(...models).map((catalog) => ({ catalog }));

describe("what a call reserves", () => {
  it("is the most that it can cost: all of the input and every answer at its longest, whatever is billed of it", () => {
    fc.assert(
      fc.property(
        anyModel,
        fc.record({
          input: fc.nat(900_000),
          output: fc.integer({ min: 16, max: 200_000 }),
          answers: fc.integer({ min: 1, max: 16 }),
          cached: fc.double({ min: 0, max: 1, noNaN: true }),
          used: fc.double({ min: 0, max: 1, noNaN: true }),
        }),
        ({ catalog }, { input, output, answers, cached, used }) => {
          const size = sizeOf({ input, answers, outputTokens: output });
          const part = Math.floor(input * cached);
          const longest = Math.min(output, catalog.maxOutputTokens);
          const usage = {
            ...noTokens,
            inputTokens: input,
            cacheWriteInputTokens: part,
            outputTokens: Math.floor(longest * answers * used),
          };
          expect(callReserve({ catalog }, size).picoUsd).toBeGreaterThanOrEqual(costPicoUsd(catalog, usage) ?? 0n);
        },
      ),
    );
  });

  it("has the price of an hour's cache where the caller asks for one", () => {
    const size = sizeOf({ input: 100_000, outputTokens: 16 });
    const longer = callReserve(fable, { ...size, longCacheWrite: true }).picoUsd - callReserve(fable, size).picoUsd;
    expect(longer).toBe(100_000n * (20_000_000n - 12_500_000n));
  });

  it("counts predicted tokens as output as well: what the answer does not use of them is billed so", () => {
    const size = sizeOf({ outputTokens: 100 });
    const more = callReserve(fable, { ...size, predictionTokens: 1_000 }).picoUsd - callReserve(fable, size).picoUsd;
    expect(more).toBe(1_000n * 50_000_000n);
  });

  it("is an equal share of the cap where the caller sets no limit, with what the model's own limit costs as the most", () => {
    // 5 USD for 20 requests.
    const share = fromUsd(0.25);
    const { picoUsd } = callReserve(fable, sizeOf());
    expect(picoUsd).toBeLessThanOrEqual(share);
    expect(picoUsd).toBeGreaterThan(share - 50_000_000n);
    const cheap = known("gpt-5-nano");
    const longest = callReserve(cheap, sizeOf({ outputTokens: cheap.catalog.maxOutputTokens }));
    expect(callReserve(cheap, sizeOf())).toEqual(longest);
  });

  it("has room for 1,024 tokens of output where the input alone takes the share", () => {
    const reserve = callReserve(fable, sizeOf({ input: 200_000 }));
    expect(reserve).toEqual(callReserve(fable, sizeOf({ input: 200_000, outputTokens: 1_024 })));
  });

  it("is of use from 256 tokens of output on, or from what the caller asks for where that is less", () => {
    const least = (outputTokens: number | undefined) => callReserve(fable, sizeOf({ outputTokens })).leastPicoUsd;
    expect(least(50_000)).toBe(callReserve(fable, sizeOf({ outputTokens: 256 })).picoUsd);
    expect(least(undefined)).toBe(least(50_000));
    expect(least(100)).toBe(callReserve(fable, sizeOf({ outputTokens: 100 })).picoUsd);
  });

  it("takes an unknown model for the most expensive one", () => {
    for (const catalog of models) {
      const size = sizeOf({ input: 0, outputTokens: 500 });
      expect(callReserve({ catalog: undefined }, size).picoUsd).toBeGreaterThanOrEqual(
        callReserve({ catalog }, size).picoUsd,
      );
    }
  });

  it("is that of the most expensive model that may serve", () => {
    const cheap = known("gpt-6-luna");
    expect(mostExpensive<Priced>([cheap, fable, cheap], sizeOf())).toEqual(callReserve(fable, sizeOf()));
  });
});

describe("the output limit that an amount pays for", () => {
  it("never costs more than the amount, and one token more would", () => {
    fc.assert(
      fc.property(anyModel, fc.nat(200_000), fc.bigInt({ min: 0n, max: 10n ** 13n }), (model, input, granted) => {
        const size = sizeOf({ input });
        const limit = outputLimit(model, size, granted);
        if (typeof limit !== "number") return;
        const cost = (tokens: number) => callReserve(model, { ...size, outputTokens: tokens }).picoUsd;
        expect(cost(limit)).toBeLessThanOrEqual(granted);
        expect(cost(limit + 1)).toBeGreaterThan(granted);
      }),
    );
  });

  it("is none where the whole answer is paid for", () => {
    const size = sizeOf({ outputTokens: 1_000 });
    expect(outputLimit(fable, size, callReserve(fable, size).picoUsd)).toBeUndefined();
  });

  it("is too little below 256 tokens", () => {
    const size = sizeOf({ outputTokens: 1_000 });
    const { leastPicoUsd } = callReserve(fable, size);
    expect(outputLimit(fable, size, leastPicoUsd)).toBe(256);
    expect(outputLimit(fable, size, leastPicoUsd - 1n)).toBe("too-little");
  });
});

describe("what is granted of what is left", () => {
  it("is never more than is asked for or is left, nor less than is of use", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 6n }),
        fc.bigInt({ min: 0n, max: 10n ** 6n }),
        fc.nat(),
        fc.constantFrom(...grantShares),
        (left, asked, part, share) => {
          const reserve = { picoUsd: asked, leastPicoUsd: asked / BigInt(1 + (part % 9)) };
          const granted = grantOf(reserve, left, share);
          if (granted === undefined) expect(reserve.leastPicoUsd).toBeGreaterThan(left);
          else {
            expect(granted.amount).toBeLessThanOrEqual(granted.needed);
            expect(granted.needed).toBeLessThanOrEqual(left);
            expect(granted.amount).toBeLessThanOrEqual(asked);
            expect(granted.amount).toBeGreaterThanOrEqual(reserve.leastPicoUsd);
          }
        },
      ),
    );
  });
});
