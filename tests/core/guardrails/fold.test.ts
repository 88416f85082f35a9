import { describe, expect, it } from "vitest";
import { contextStart, readings } from "#core/guardrails/fold.ts";
import { findPii } from "#core/guardrails/scan.ts";
import { grade } from "./labelled-set.ts";
import { spellings } from "./spellings.ts";

const found = (text: string): string[] =>
  findPii(text).map(({ type, start, end }) => `${type} ${text.slice(start, end)}`);

describe.each(Object.entries(spellings))("the labelled set written with %s", (_, spell) => {
  const plain = grade();
  it.each(grade(spell).map((graded, at) => ({ ...graded, asWritten: plain[at] })))(
    "keeps the precision and the recall of $type",
    ({ precision, recall, asWritten }) => {
      expect(precision).toBe(asWritten?.precision);
      expect(recall).toBeGreaterThanOrEqual(asWritten?.recall ?? 1);
    },
  );
});

describe("look-alikes in a text", () => {
  it.each([
    ["Ask bob＠example．com!", ["email bob＠example．com"]],
    ["bob@example。com", ["email bob@example。com"]],
    ["bob@mail·example·com", ["email bob@mail·example·com"]],
    ["bobⓐexample.com", ["email bobⓐexample.com"]],
    ["４１１１ 1111　١١١١–1111", []],
    ["４１１１ 1111　١١١١ 1111", ["card ４１１１ 1111　١١١١ 1111"]],
    ["call 415·555·2671", ["phone 415·555·2671"]],
    ["03ー1234ー5678", ["phone 03ー1234ー5678"]],
    ["ＴＥＬ03-1234-5678", ["phone 03-1234-5678"]],
    ["⁺¹⁴¹⁵⁵⁵⁵²⁶⁷¹", ["phone ⁺¹⁴¹⁵⁵⁵⁵²⁶⁷¹"]],
    ["4111 1111 1111 1⁰¹1", []],
    ["4111 1111 1111 1¹¹1", ["card 4111 1111 1111 1¹¹1"]],
    ["\u{1d7d2}\u{1d7cf}\u{1d7cf}\u{1d7cf}111111111111", ["card \u{1d7d2}\u{1d7cf}\u{1d7cf}\u{1d7cf}111111111111"]],
    ["\u200bb\u200bo\u200bb\u200b@example.com\u200b!", ["email b\u200bo\u200bb\u200b@example.com\u200b"]],
    ["password: \u201cx7K\u200bq29vLmP4", ["secret \u201cx7K\u200bq29vLmP4"]],
  ])("are what they look like: %j", (text, expected) => {
    expect(found(text)).toEqual(expected);
  });

  it.each([
    ["电话13812345678。2024年", ["phone 13812345678"]],
    ["Write to bob@example.com。Thanks", ["email bob@example.com"]],
    ["4111111111111111\u200bfoo", ["card 4111111111111111"]],
    ["415-555-2671—2024", ["phone 415-555-2671"]],
    ["415-555-2671¹ and more", ["phone 415-555-2671"]],
    ["me—415-555-2671", ["phone 415-555-2671"]],
    ["pa\u0308ssword: x7Kq29vLmP4", ["secret x7Kq29vLmP4"]],
  ])("hide nothing that stands next to them: %j", (text, expected) => {
    expect(found(text)).toEqual(expected);
  });

  it("end a value only in a run that is longer than any mark", () => {
    const joined = (length: number) => found(`4111${"\u200b".repeat(length)}111111111111`);
    expect(joined(64)).toHaveLength(1);
    expect(joined(65)).toEqual([]);
  });

  it("cost no more than their length", { timeout: 60_000 }, () => {
    const marks = [
      "\u200b",
      "\u200b1",
      "1\u200b",
      "·1",
      "¹",
      "x¹",
      "１ ",
      "\u{1d7cf}",
      "\ud835",
      "a＠",
      "e\u0301",
      "。a",
      "٠\u{e0100}",
    ];
    for (const part of marks) {
      const text = part.repeat(300_000 / part.length);
      expect(findPii(`${text} 1`).length).toBeLessThan(text.length);
    }
  });
});

describe("the context before a place", () => {
  it("is as long as it is read", () => {
    expect(contextStart("a".repeat(500), 400, 100)).toBe(300);
    const marked = "a\u200b".repeat(500);
    const start = contextStart(marked, 1_000, 100);
    for (const reading of readings(marked.slice(start), { open: false })) {
      expect(reading.text.length).toBeGreaterThanOrEqual(100);
    }
  });

  it("is bounded however much of it has no width", () => {
    expect(contextStart("\u200b".repeat(100_000), 100_000, 100)).toBeGreaterThan(80_000);
  });
});
