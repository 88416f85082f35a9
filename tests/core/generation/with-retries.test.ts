import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AwsError } from "#core/aws/json-call.ts";
import { TableUnavailable } from "#core/db/table-unavailable.ts";
import { allEnded, withRetries } from "#core/generation/with-retries.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A write that fails so often, and then is done. */
const failing = (times: number, error: Error = new TableUnavailable("ThrottlingException")) => {
  let calls = 0;
  return vi.fn(async () => {
    calls += 1;
    if (calls <= times) throw error;
    return calls;
  });
};

describe("withRetries", () => {
  it("makes a write again after passing faults, until it is done", async () => {
    // An environment that has been up for a while: only the time since the first try counts.
    await vi.advanceTimersByTimeAsync(60_000);
    const write = failing(3);
    const done = withRetries(write);
    await vi.runAllTimersAsync();
    expect(await done).toBe(4);
  });

  it("throws what the last try threw when the fault stays, after four tries", async () => {
    const write = failing(9);
    const done = expect(withRetries(write)).rejects.toBeInstanceOf(TableUnavailable);
    await vi.runAllTimersAsync();
    await done;
    expect(write).toHaveBeenCalledTimes(4);
  });

  it("throws at once what will not pass", async () => {
    const write = failing(1, new TypeError("our bug"));
    await expect(withRetries(write)).rejects.toThrow("our bug");
    expect(write).toHaveBeenCalledOnce();
  });

  it("throws at once what the table says of the write itself", async () => {
    const write = failing(1, new AwsError("ConditionalCheckFailedException", "no", 400));
    await expect(withRetries(write)).rejects.toThrow("no");
    expect(write).toHaveBeenCalledOnce();
  });

  it.each([
    [0, [125, 250, 500]],
    [1, [250, 500, 1_000]],
  ])("waits longer each time, with jitter of a half (%d)", async (random, delays) => {
    vi.spyOn(Math, "random").mockReturnValue(random);
    const timers = vi.spyOn(globalThis, "setTimeout");
    const done = expect(withRetries(failing(9))).rejects.toBeInstanceOf(TableUnavailable);
    await vi.runAllTimersAsync();
    await done;
    expect(timers.mock.calls.map(([, delayMs]) => delayMs)).toEqual(delays);
    vi.restoreAllMocks();
  });

  it.each([
    [2_750, 2],
    [2_751, 1],
  ])("tries again only what would begin inside three seconds: after %d ms it makes %d tries", async (tookMs, tries) => {
    const write = vi.fn(async () => {
      await new Promise((resolve) => setTimeout(resolve, tookMs));
      throw new TableUnavailable("TimeoutError");
    });
    const done = expect(withRetries(write)).rejects.toBeInstanceOf(TableUnavailable);
    await vi.runAllTimersAsync();
    await done;
    expect(write).toHaveBeenCalledTimes(tries);
  });

  it("stops once tries that each took their time have used it up", async () => {
    const write = vi.fn(async () => {
      await new Promise((resolve) => setTimeout(resolve, 4_500));
      throw new TableUnavailable("TimeoutError");
    });
    const done = expect(withRetries(write)).rejects.toBeInstanceOf(TableUnavailable);
    await vi.runAllTimersAsync();
    await done;
    expect(write).toHaveBeenCalledOnce();
  });
});

describe("allEnded", () => {
  it("rejects only once everything has ended", async () => {
    const { promise: other, resolve } = Promise.withResolvers<void>();
    const rejected = vi.fn();
    const all = allEnded([Promise.reject(new Error("first")), other]).catch(rejected);
    await vi.runAllTimersAsync();
    expect(rejected).not.toHaveBeenCalled();
    resolve();
    await all;
    expect(rejected).toHaveBeenCalledWith(new Error("first"));
  });

  it("resolves to all results in their order", async () => {
    expect(await allEnded([Promise.resolve(1), "two", undefined])).toEqual([1, "two", undefined]);
  });
});
