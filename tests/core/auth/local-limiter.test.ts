import { randomUUID } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import { countLocally } from "#core/auth/local-limiter.ts";
import { fc } from "#tests/support/property.ts";

const minuteMs = 60_000;
const startMs = 30_000_000 * minuteMs;

describe("countLocally", () => {
  it("lets the limit through in a window, then refuses until it slides on", () => {
    const name = randomUUID();
    const at = (nowMs: number) => countLocally(name, 3, minuteMs, nowMs);
    expect(at(startMs)).toEqual({ allowed: true, limit: 3, remaining: 2, reset: startMs + minuteMs });
    expect(at(startMs + 1).remaining).toBe(1);
    expect(at(startMs + 2).remaining).toBe(0);
    expect(at(startMs + 3)).toMatchObject({ allowed: false, remaining: 0 });
    // A third of the way into the next window two thirds of the last one still count.
    expect(at(startMs + minuteMs + minuteMs / 3).allowed).toBe(true);
    expect(at(startMs + minuteMs + minuteMs / 3).allowed).toBe(false);
    expect(at(startMs + 3 * minuteMs).remaining).toBe(2);
  });

  it("never lets more than the limit through in one fixed window, whatever the times", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.nat(5 * minuteMs), { maxLength: 200 }),
        (limit, times) => {
          const name = randomUUID();
          const allowed = new Map<number, number>();
          for (const time of times.sort((left, right) => left - right)) {
            const state = countLocally(name, limit, minuteMs, startMs + time);
            expect(state.remaining).toBeGreaterThanOrEqual(0);
            const window = Math.floor(time / minuteMs);
            if (state.allowed) allowed.set(window, (allowed.get(window) ?? 0) + 1);
          }
          for (const count of allowed.values()) expect(count).toBeLessThanOrEqual(limit);
        },
      ),
    );
  });

  it("counts each name for itself", () => {
    const [one, two] = [randomUUID(), randomUUID()];
    expect(countLocally(one, 1, minuteMs, startMs).allowed).toBe(true);
    expect(countLocally(two, 1, minuteMs, startMs).allowed).toBe(true);
    expect(countLocally(one, 1, minuteMs, startMs).allowed).toBe(false);
  });

  it("counts what it let through only: whoever is refused a hundred times waits no longer for it", () => {
    const name = randomUUID();
    for (let time = 0; time < 103; time++) countLocally(name, 3, minuteMs, startMs);
    // Two thirds of the three that passed, not of all that tried.
    expect(countLocally(name, 3, minuteMs, startMs + minuteMs + minuteMs / 3)).toMatchObject({ allowed: true });
  });

  it("holds 10,000 names at most, however many are made up, and then begins anew", async () => {
    vi.resetModules();
    const fresh = await import("#core/auth/local-limiter.ts");
    const remaining = (name: string) => fresh.countLocally(name, 10, minuteMs, startMs).remaining;
    for (let index = 0; index < 10_000; index++) remaining(String(index));
    expect(remaining("0")).toBe(8);
    expect(remaining("one more")).toBe(9);
    expect(remaining("0")).toBe(9);
    expect(remaining("one more")).toBe(8);
  });
});
