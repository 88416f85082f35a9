import { beforeEach, describe, expect, it } from "vitest";
import {
  forgetTargets,
  isResting,
  latencyOf,
  noteFailure,
  noteSuccess,
  restMs,
  targetName,
} from "#core/routing/target-stats.ts";

const now = 1_800_000_000_000;

const fail = (name: string, times: number, atMs = now): void => {
  for (let time = 0; time < times; time++) noteFailure(name, atMs, true);
};

beforeEach(() => forgetTargets());

describe("a target's circuit", () => {
  it("sends it to rest after five passing failures in a row, not before", () => {
    fail("gpt", 4);
    expect(isResting("gpt", now)).toBe(false);
    fail("gpt", 1);
    expect(isResting("gpt", now)).toBe(true);
    expect(isResting("gpt", now + restMs - 1)).toBe(true);
  });

  it("tries it again after its rest; one more failure sends it back, one success frees it for good", () => {
    fail("gpt", 5);
    const awake = now + restMs;
    expect(isResting("gpt", awake)).toBe(false);
    fail("gpt", 1, awake);
    expect(isResting("gpt", awake + 1)).toBe(true);
    const later = awake + restMs;
    noteSuccess("gpt", 100);
    expect(isResting("gpt", later)).toBe(false);
    fail("gpt", 4, later);
    expect(isResting("gpt", later)).toBe(false);
  });

  it("counts failures in a row only", () => {
    for (let round = 0; round < 5; round++) {
      fail("gpt", 4);
      noteSuccess("gpt", 100);
    }
    expect(isResting("gpt", now)).toBe(false);
  });

  it("does not count what would not pass: a caller's bad request must not take a model from the others", () => {
    for (let time = 0; time < 50; time++) noteFailure("gpt", now, false);
    expect(isResting("gpt", now)).toBe(false);
  });

  it("goes by the model's own id where the platform pays", () => {
    expect(targetName("gpt", undefined)).toBe("gpt");
    expect(targetName("gpt", "user_1")).toBe("gpt/user_1");
  });

  it("is a target's own: another model, and another's provider key, stay awake", () => {
    fail(targetName("gpt", "user_1"), 5);
    expect(isResting(targetName("gpt", "user_1"), now)).toBe(true);
    for (const name of [targetName("gpt", undefined), targetName("gpt", "user_2"), targetName("claude", "user_1")]) {
      expect(isResting(name, now)).toBe(false);
    }
  });
});

describe("a target's latency", () => {
  it("is unknown at first, then follows what is seen without jumping", () => {
    expect(latencyOf("gpt", now)).toBeUndefined();
    noteSuccess("gpt", 100);
    expect(latencyOf("gpt", now)).toBe(100);
    noteSuccess("gpt", 1_100);
    expect(latencyOf("gpt", now)).toBeCloseTo(400);
    for (let time = 0; time < 30; time++) noteSuccess("gpt", 1_100);
    expect(latencyOf("gpt", now)).toBeCloseTo(1_100, 0);
  });

  it("is infinite for a target that has only failed, until it may be tried again: an unknown one goes first", () => {
    noteFailure("gpt", now, false);
    expect(latencyOf("gpt", now)).toBe(Number.POSITIVE_INFINITY);
    expect(latencyOf("gpt", now + restMs)).toBeUndefined();
    noteSuccess("gpt", 100);
    expect(latencyOf("gpt", now)).toBe(100);
    noteFailure("gpt", now, true);
    expect(latencyOf("gpt", now)).toBe(100);
  });
});

it("does not grow with names that callers make up, and does not forget all others for one more", () => {
  noteSuccess("newest before the flood", 100);
  for (let index = 0; index < 499; index++) noteSuccess(`openai/made-up-${index}`, 1);
  expect(latencyOf("newest before the flood", now)).toBe(100);
  noteSuccess("openai/one-more", 1);
  expect(latencyOf("newest before the flood", now)).toBeUndefined();
  expect(latencyOf("openai/made-up-0", now)).toBe(1);
});
