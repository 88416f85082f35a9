import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { pause } from "#core/values/pause.ts";

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
