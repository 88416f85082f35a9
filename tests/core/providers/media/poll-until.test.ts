import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { pollUntil } from "#core/providers/media/poll-until.ts";

describe("pollUntil", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it("asks with pauses that grow by half up to their maximum, until there is a result", async () => {
    const startedAt = Date.now();
    const askedAt: number[] = [];
    const polled = pollUntil(
      async () => {
        askedAt.push(Date.now() - startedAt);
        return askedAt.length === 5 ? "done" : undefined;
      },
      1_000,
      new AbortController().signal,
    );
    await vi.runAllTimersAsync();
    expect(await polled).toBe("done");
    expect(askedAt).toEqual([0, 500, 1_250, 2_250, 3_250]);
  });

  it("ends with the signal's reason during a pause, and asks no more", async () => {
    const controller = new AbortController();
    const question = vi.fn<() => Promise<undefined>>().mockResolvedValueOnce(undefined);
    question.mockRejectedValue(new Error("asked again"));
    const polled = pollUntil(question, 1_000, controller.signal);
    const rejected = expect(polled).rejects.toThrow("cancelled");
    await vi.advanceTimersByTimeAsync(100);
    controller.abort(new Error("cancelled"));
    await rejected;
    expect(question).toHaveBeenCalledOnce();
  });

  it("throws what the question throws, without asking again", async () => {
    const question = vi.fn(async () => {
      throw new Error("refused");
    });
    await expect(pollUntil(question, 1_000, new AbortController().signal)).rejects.toThrow("refused");
    expect(question).toHaveBeenCalledOnce();
  });
});
