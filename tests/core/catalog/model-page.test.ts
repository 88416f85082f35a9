import { describe, expect, it } from "vitest";
import { pageOf } from "#core/catalog/model-page.ts";

const items = ["a", "b", "c", "d"].map((id) => ({ id }));
const idsOf = (query: Parameters<typeof pageOf>[1]) => pageOf(items, query).data.map(({ id }) => id);

describe("a page of models", () => {
  it("is the whole list unless a limit is asked for", () => {
    expect(pageOf(items, {})).toEqual({ object: "list", data: items, has_more: false, first_id: "a", last_id: "d" });
    expect(pageOf([], {})).toMatchObject({ first_id: null, last_id: null, has_more: false });
  });

  it("goes on after an id and ends before one, and says whether there are more", () => {
    expect(idsOf({ limit: 2 })).toEqual(["a", "b"]);
    expect(pageOf(items, { limit: 2, after_id: "b" })).toMatchObject({ first_id: "c", last_id: "d", has_more: false });
    expect(pageOf(items, { limit: 1, after_id: "b" })).toMatchObject({ first_id: "c", has_more: true });
    expect(idsOf({ limit: 2, before_id: "d" })).toEqual(["b", "c"]);
    expect(pageOf(items, { limit: 3, before_id: "d" }).has_more).toBe(false);
  });

  it("refuses an id that is not listed, and both directions at once", () => {
    expect(() => pageOf(items, { after_id: "x" })).toThrow(expect.objectContaining({ param: "after_id" }));
    expect(() => pageOf(items, { after_id: "a", before_id: "b" })).toThrow("not both");
  });
});
