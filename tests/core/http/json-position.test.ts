import { describe, expect, it } from "vitest";
import { jsonFault } from "#core/http/json-position.ts";
import { fc, runs } from "#tests/support/property.ts";

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** JSON in which a few places were cut out, doubled or replaced. */
const mutated = fc
  .tuple(
    fc.json().map((text) => text),
    fc.array(
      fc.tuple(
        fc.nat(),
        fc.constantFrom(
          "",
          "{",
          "}",
          "[",
          "]",
          ",",
          ":",
          '"',
          "\\",
          "\\u00",
          "1",
          "-",
          ".",
          "e",
          "0",
          "true",
          "nul",
          " ",
          "\n",
          "\t",
          "\u0001",
          "ä",
        ),
      ),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
  )
  .map(([text, changes]) =>
    changes.reduce((left, [place, part]) => {
      const at = place % (left.length + 1);
      return left.slice(0, at) + part + left.slice(at + (part === "" ? 1 : 0));
    }, text),
  );

describe("jsonFault", () => {
  it("finds a fault in exactly what JSON.parse refuses", () => {
    fc.assert(
      fc.property(fc.oneof(mutated, fc.json(), fc.string()), (text) => {
        expect(jsonFault(text) === undefined).toBe(isJson(text));
      }),
      { numRuns: runs(2_000) },
    );
  });

  it("points at the first place that no continuation could mend", () => {
    fc.assert(
      fc.property(mutated, (text) => {
        const fault = jsonFault(text);
        if (fault === undefined) return;
        expect(fault.offset).toBeLessThanOrEqual(text.length);
        const before = text.slice(0, fault.offset);
        expect(fault.line).toBe(before.split("\n").length);
        expect(fault.column).toBe(before.length - before.lastIndexOf("\n"));
      }),
    );
  });

  it.each([
    ["", 1, 1],
    ["   ", 1, 4],
    ["{", 1, 2],
    ['{"a" 1}', 1, 6],
    ['{"a":1,}', 1, 8],
    ["[1,]", 1, 4],
    ["[1 2]", 1, 4],
    ['{"a":1}}', 1, 8],
    ["{a:1}", 1, 2],
    ["{'a':1}", 1, 2],
    ["tru", 1, 1],
    ["01", 1, 2],
    ["1.", 1, 2],
    ["+1", 1, 1],
    ["NaN", 1, 1],
    ['"open', 1, 1],
    ['"\\x"', 1, 1],
    ['"tab\there"', 1, 1],
    ['{\n  "a": 1\n  "b": 2\n}', 3, 3],
    ['{\r\n  "a": }', 2, 8],
    ['[\n1,\n2,\n{"a":[}]', 4, 7],
    ["\uFEFF{}", 1, 1],
    ["[1]\n\nx", 3, 1],
  ])("of %j is at line %i, column %i", (text, line, column) => {
    expect(jsonFault(text)).toMatchObject({ line, column });
  });

  it("reads any depth and any length without running out of stack", () => {
    expect(jsonFault("[".repeat(1_000_000))).toMatchObject({ offset: 1_000_000 });
    expect(jsonFault(`["${"x".repeat(5_000_000)}"`)).toMatchObject({ offset: 5_000_003 });
    expect(jsonFault(`"${"\\n".repeat(2_500_000)}`)).toMatchObject({ offset: 0 });
  });
});
