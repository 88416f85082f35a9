import { expect, test } from "vitest";
import { DocumentNames } from "#core/providers/bedrock/to-blocks.ts";

test("documents of one title have different names that Converse takes, in linear time", () => {
  const names = new DocumentNames();
  const made = Array.from({ length: 50_000 }, () => names.next("é".repeat(3) + "x".repeat(300)));
  expect(new Set(made).size).toBe(made.length);
  for (const name of made) expect(name).toMatch(/^[a-zA-Z0-9 ()[\]-]{1,200}$/);
});

test("a copy's name may be a title of its own", () => {
  const names = new DocumentNames();
  expect(["a", "a 2", "a", "", undefined].map((title) => names.next(title))).toEqual([
    "a",
    "a 2",
    "a 3",
    "document",
    "document 2",
  ]);
});
