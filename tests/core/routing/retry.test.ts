import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type FailureKind, ProviderFailure } from "#core/providers/provider.ts";
import { isTransient, pause, retryDelayMs } from "#core/routing/retry.ts";
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

describe("pause", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it("ends after its time", async () => {
    const ended = vi.fn();
    const paused = pause(1_000, new AbortController().signal).then(ended);
    await vi.advanceTimersByTimeAsync(999);
    expect(ended).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await paused;
  });

  it("leaves nothing behind on the signal of a request, which outlives many pauses", async () => {
    const { signal } = new AbortController();
    const paused = pause(1_000, signal);
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_000);
    await paused;
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("ends at once when the signal fires, or has fired", async () => {
    const controller = new AbortController();
    const paused = pause(60_000, controller.signal);
    controller.abort();
    await paused;
    await pause(60_000, AbortSignal.abort());
  });
});
