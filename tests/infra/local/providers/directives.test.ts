import { describe, expect, test } from "vitest";
import { parseDirectives, UnknownDirective } from "#infra/local/providers/directives.ts";

describe("directives of the simulated providers", () => {
  test("numbers, flags and words are read, and the rest of the text is left", () => {
    expect(parseDirectives("Hello [[simulate: status=429 retry-after=2 code=slow_down crlf]] there")).toEqual({
      directives: { status: 429, retryAfterSeconds: 2, code: "slow_down", crlf: true },
      rest: "Hello there",
    });
  });

  test("text takes the rest of its directive, equals signs and line ends included", () => {
    const { directives } = parseDirectives("[[simulate: chunks=3 text=a = b\nand status=5]]");
    expect(directives).toEqual({ chunks: 3, text: "a = b\nand status=5" });
  });

  test("several directives of one message add up", () => {
    expect(parseDirectives("[[simulate: reset]] x [[simulate:cached=5]]").directives).toEqual({
      reset: true,
      cachedTokens: 5,
    });
  });

  test("garbage stands alone or with a place", () => {
    expect(parseDirectives("[[simulate: garbage]]").directives).toEqual({ garbageAfter: 0 });
    expect(parseDirectives("[[simulate: garbage=2]]").directives).toEqual({ garbageAfter: 2 });
  });

  test.each(["cut-afer=3", "cut-after", "cut-after=soon", "crlf=1", "status=-1"])(
    "a misspelt %s is an error",
    (word) => {
      expect(() => parseDirectives(`[[simulate: ${word}]]`)).toThrow(UnknownDirective);
    },
  );
});

describe("Directives for one model", () => {
  const text = "[[simulate: only=gpt-6-luna text=391]] [[simulate: only=grok-4.3 status=500]] [[simulate: cached=5]]";

  test("are read for that model, beside those for all", () => {
    expect(parseDirectives(text, "gpt-6-luna").directives).toEqual({ text: "391", cachedTokens: 5 });
    expect(parseDirectives(text, "grok-4.3").directives).toEqual({ status: 500, cachedTokens: 5 });
    expect(parseDirectives(text, "another").directives).toEqual({ cachedTokens: 5 });
  });

  test("leave nothing in the text", () => expect(parseDirectives(`Hello ${text}`, "another").rest).toBe("Hello"));
});
