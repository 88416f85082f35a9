import { describe, expect, it } from "vitest";
import { noTokens } from "#core/catalog/token-usage.ts";
import { meteredUsage } from "#core/generation/metered-usage.ts";
import { costForReserve } from "#core/generation/reservation.ts";
import { newOutcome, type ProviderOutcome } from "#core/providers/provider.ts";

const outcome = (changes: Partial<ProviderOutcome>): ProviderOutcome => ({ ...newOutcome(), ...changes });
const told = { ...noTokens, inputTokens: 100, outputTokens: 20 };

describe("metered", () => {
  it("is nothing when no provider answered", () => {
    expect(meteredUsage(undefined, 4_000)).toEqual(noTokens);
  });

  it("is nothing for an answer that never began", () => {
    expect(meteredUsage(outcome({}), 4_000)).toEqual(noTokens);
  });

  it("is what the provider told of a whole answer, whatever we counted", () => {
    expect(
      meteredUsage(outcome({ usage: told, finishReason: "stop", outputCharacters: 9_999, contentStarted: true }), 1),
    ).toEqual(told);
  });

  it("says how much of the input may be audio, where any is", () => {
    const whole = outcome({ usage: told, finishReason: "stop", contentStarted: true });
    expect(meteredUsage(whole, 1, 64)).toEqual({ ...told, audioInputTokens: 64 });
    expect(meteredUsage(whole, 1, 0)).toEqual(told);
  });

  it("is our count, marked as an estimate, where the provider never told", () => {
    expect(meteredUsage(outcome({ contentStarted: true, outputCharacters: 41 }), 4_000)).toEqual({
      ...noTokens,
      inputTokens: 4_000,
      outputTokens: 11,
      estimated: true,
    });
  });

  it("of a cut stream is the larger of what was told before and what was counted", () => {
    const early = { ...told, outputTokens: 2 };
    expect(meteredUsage(outcome({ usage: early, contentStarted: true, outputCharacters: 400 }), 1)).toEqual({
      ...early,
      outputTokens: 100,
      estimated: true,
    });
    for (const outputCharacters of [4, 80]) {
      expect(meteredUsage(outcome({ usage: told, contentStarted: true, outputCharacters }), 1)).toEqual({
        ...told,
        estimated: true,
      });
    }
  });
});

describe("an input that the provider left out", () => {
  it("is our bound, marked as an estimate", () => {
    const usage = { ...noTokens, outputTokens: 20 };
    expect(meteredUsage(outcome({ usage, finishReason: "stop", contentStarted: true }), 70)).toEqual({
      ...usage,
      inputTokens: 70,
      estimated: true,
    });
  });
});

describe("costForReserve", () => {
  it("never books an unknown price as nothing", () => {
    expect(costForReserve(undefined, told)).toBeGreaterThan(0n);
  });
});
