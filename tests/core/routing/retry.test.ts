import { describe, expect, it } from "vitest";
import { type FailureKind, ProviderFailure } from "#core/providers/provider.ts";
import { isTransient, retryDelayMs } from "#core/routing/retry.ts";
import { fc } from "#tests/support/property.ts";

const failure = (kind: FailureKind, retryAfterMs?: number): ProviderFailure =>
  new ProviderFailure("openai", kind, "failed", { retryAfterMs });

describe("isTransient", () => {
  it.each<[FailureKind, boolean]>([
    ["network", true],
    ["timeout", true],
    ["rate-limit", true],
    ["server", true],
    ["malformed", true],
    ["auth", false],
    ["quota", false],
    ["request", false],
    ["aborted", false],
  ])("of %s is %s", (kind, passing) => {
    expect(isTransient(failure(kind))).toBe(passing);
  });
});

describe("retryDelayMs", () => {
  it("is what the provider asked for, when there is time for it", () => {
    expect(retryDelayMs(failure("rate-limit", 2_500), 0, 10_000)).toBe(2_500);
    expect(retryDelayMs(failure("rate-limit", 0), 3, 10_000)).toBe(0);
    expect(retryDelayMs(failure("rate-limit", 10_000), 0, 10_000)).toBeUndefined();
  });

  it("grows from 0.4 s to 8 s with jitter of a half, and stays inside the time that is left", () => {
    fc.assert(
      fc.property(
        fc.nat(20),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(20_000),
        (tryNumber, random, remainingMs) => {
          const full = Math.min(8_000, 400 * 2 ** tryNumber);
          const delay = retryDelayMs(failure("server"), tryNumber, remainingMs, () => random);
          if (delay === undefined) expect(remainingMs).toBeLessThanOrEqual(full);
          else {
            expect(delay).toBeGreaterThanOrEqual(full / 2);
            expect(delay).toBeLessThanOrEqual(full);
            expect(delay).toBeLessThan(remainingMs);
          }
        },
      ),
    );
  });
});

describe("the jitter", () => {
  it.each([
    [0, 0, 200],
    [0, 1, 400],
    [1, 0.5, 600],
    [9, 0, 4_000],
    [9, 1, 8_000],
  ])("of try %d at %d makes %d ms", (tryNumber, random, delayMs) => {
    expect(retryDelayMs(failure("server"), tryNumber, 10_000, () => random)).toBe(delayMs);
  });
});
