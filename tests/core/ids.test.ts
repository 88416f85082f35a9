import { describe, expect, it } from "vitest";
import { newId, newToolCallId, uuidV7 } from "#core/ids.ts";
import { fc } from "#tests/support/property.ts";

const form = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe("uuidV7", () => {
  it("has RFC 9562's form: 48 bits of unix milliseconds, version 7, variant 10", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (nowMs) => {
        const id = uuidV7(nowMs);
        expect(id).toMatch(form);
        expect(Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16)).toBe(nowMs);
      }),
    );
  });

  it("sorts by time as text", () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31), fc.integer({ min: 1, max: 2 ** 40 }), (earlier, by) => {
        expect(uuidV7(earlier) < uuidV7(earlier + by)).toBe(true);
      }),
    );
  });

  it("is another one each time within one millisecond, and uses all of its random bits", () => {
    const ids = Array.from({ length: 2_000 }, () => uuidV7(1));
    expect(new Set(ids).size).toBe(ids.length);
    const digits = ids.map((id) => id.replaceAll("-", ""));
    const free = Array.from({ length: 32 }, (_, place) => place).filter((place) => place > 12 && place !== 16);
    for (const place of free) expect(new Set(digits.map((id) => id[place])).size, `digit ${place}`).toBe(16);
    // The two free bits of the variant's digit do not repeat bits of its neighbour.
    expect(new Set(digits.map((id) => id.slice(16, 18))).size).toBe(64);
  });
});

describe("ids", () => {
  it.each([
    ["request", "req_"],
    ["completion", "chatcmpl_"],
    ["providerKey", "pk_"],
    ["job", "job_"],
    ["run", "run_"],
  ] as const)("of a %s begin with %s", (kind, prefix) => {
    const id = newId(kind);
    expect(id.startsWith(prefix)).toBe(true);
    expect(id.slice(prefix.length)).toMatch(form);
  });

  it("of tool calls have OpenAI's prefix", () => {
    expect(newToolCallId()).toMatch(/^call_[0-9a-f-]{36}$/);
  });
});
