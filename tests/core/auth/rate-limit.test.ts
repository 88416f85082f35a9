import { afterEach, describe, expect, it, vi } from "vitest";
import { nearestLimit, rateLimitExceeded, rateLimitHeaders, scaledLimit } from "#core/auth/rate-limit.ts";
import type { RateLimit } from "#core/routes.ts";

const state = (limit: number, remaining: number, reset = 1_800_000_000_500) => ({ limit, remaining, reset });

describe("nearestLimit", () => {
  it("is the one with the smallest share left, not the smallest number", () => {
    const [key, endpoint] = [state(10_000, 60), state(60, 30)];
    expect(nearestLimit([key, endpoint])).toBe(key);
    expect(nearestLimit([endpoint, key])).toBe(key);
    expect(nearestLimit([state(60, 0), state(1, 1)])).toEqual(state(60, 0));
    const [first, second] = [state(60, 30), state(10, 5)];
    expect(nearestLimit([first, second])).toBe(first);
  });

  it("is none of none", () => {
    expect(nearestLimit([])).toBeUndefined();
    expect(rateLimitHeaders(undefined)).toEqual({});
  });
});

describe("the headers", () => {
  it("are the three documented ones, the reset in unix seconds and never early", () => {
    expect(rateLimitHeaders(state(60, 3))).toEqual({
      "x-ratelimit-limit": "60",
      "x-ratelimit-remaining": "3",
      "x-ratelimit-reset": "1800000001",
    });
  });

  it("come with a 429, which says when to come back in whole seconds, at least one", () => {
    const error = rateLimitExceeded(state(60, 0), 1_799_999_990_000);
    expect(error).toMatchObject({ code: "RATE_LIMIT_EXCEEDED", status: 429, retryAfterSeconds: 11 });
    expect(error.message).toBe("Too many requests. Retry after the number of seconds in Retry-After.");
    expect(error.details).toEqual({ retryAfter: 11 });
    expect(error.headers).toMatchObject({ "x-ratelimit-remaining": "0" });
    expect(rateLimitExceeded(state(60, 0, 5), 10).retryAfterSeconds).toBe(1);
    expect(rateLimitExceeded(undefined, 10).retryAfterSeconds).toBe(1);
  });
});

describe("scaledLimit", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it.each([
    ["0.5", 30],
    ["3", 180],
    ["0.001", 1],
    ["0.021", 1],
  ])("at a scale of %s makes %d of 60, and never none", async (scale, expected) => {
    vi.resetModules();
    vi.stubEnv("RATE_LIMIT_SCALE", scale);
    const scaled = await import("#core/auth/rate-limit.ts");
    const limit: RateLimit = { name: "chat", limit: 60, durationMs: 60_000, scope: "key" };
    expect(scaled.scaledLimit(limit)).toEqual({ ...limit, limit: expected });
  });

  it("leaves a limit as it is at the default scale of 1", () => {
    const limit: RateLimit = { name: "chat", limit: 10, durationMs: 60_000, scope: "key" };
    expect(scaledLimit(limit)).toEqual(limit);
    expect(scaledLimit(undefined)).toBeUndefined();
  });
});
