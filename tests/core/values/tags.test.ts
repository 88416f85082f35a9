import { describe, expect, it } from "vitest";
import { maxTags, tagBytes, withKeyTags } from "#core/values/tags.ts";

const numbered = (prefix: string, count: number, value = "x"): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`${prefix}${String(index).padStart(2, "0")}`, value]),
  );

describe("tags of a key on a request", () => {
  it("are added, and the request's own of the same name stay", () => {
    expect(withKeyTags({ team: "search", env: "prod" }, undefined)).toEqual({ team: "search", env: "prod" });
    expect(withKeyTags({ team: "search", env: "prod" }, { team: "ads" })).toEqual({ team: "ads", env: "prod" });
  });

  it("give way beyond 16, in the order of their names, however they are stored", () => {
    const keyTags = numbered("k", 4);
    const reversed = Object.fromEntries(Object.entries(keyTags).reverse());
    const own = numbered("own", maxTags - 2);
    expect(withKeyTags(keyTags, own)).toEqual({ ...own, k00: "x", k01: "x" });
    expect(withKeyTags(reversed, own)).toEqual({ ...own, k00: "x", k01: "x" });
    expect(withKeyTags(keyTags, numbered("own", maxTags))).toEqual(numbered("own", maxTags));
    // Those of an agent's session can make a request have more.
    expect(withKeyTags(keyTags, numbered("own", maxTags + 2))).toEqual(numbered("own", maxTags + 2));
  });

  it("give way beyond 1 KB, counted in bytes; a smaller one that still fits stays", () => {
    const own = { note: "é".repeat(500) };
    const merged = withKeyTags({ a: "x".repeat(19), b: "x".repeat(20), c: "" }, own);
    expect(merged).toEqual({ ...own, a: "x".repeat(19) });
    expect(tagBytes(Object.entries(merged))).toBe(1_024);
    expect(withKeyTags({ a: "x".repeat(20), c: "xyz" }, own)).toEqual({ ...own, c: "xyz" });
  });
});
