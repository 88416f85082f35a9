import { describe, expect, it } from "vitest";
import { customArguments, InputReader, inputOfArguments } from "#core/dialects/responses/custom-input.ts";
import { fc } from "#tests/support/property.ts";

/** A text cut into pieces at any places. */
const cut = (text: string, sizes: readonly number[]): string[] => {
  const pieces: string[] = [];
  let at = 0;
  for (const size of sizes) {
    pieces.push(text.slice(at, at + size));
    at += size;
  }
  return [...pieces, text.slice(at)];
};

describe("the input of a custom tool", () => {
  it("comes out of its arguments as it went in, whole and in pieces", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.array(fc.integer({ min: 1, max: 9 })), (input, sizes) => {
        const text = customArguments(input);
        expect(inputOfArguments(text)).toBe(input);
        const reader = new InputReader();
        expect(
          cut(text, sizes)
            .map((piece) => reader.push(piece))
            .join(""),
        ).toBe(input);
      }),
    );
  });

  it("is read through every escape that JSON has", () => {
    const text = String.raw`{ "input" : "\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\u0000" }`;
    const expected = (JSON.parse(text) as { input: string }).input;
    expect([...text].reduce((read, piece) => read.push(piece) && read, new Collecting()).text).toBe(expected);
  });

  it("is what came of it when the call was cut off", () => {
    expect(inputOfArguments('{"input":"*** Begin\\nPat')).toBe("*** Begin\nPat");
  });

  it.each(["plain words", '{"patch": "x"}', "[1]"])(
    "is the arguments themselves where they have another form: %s",
    (text) => {
      expect(inputOfArguments(text)).toBe(text);
    },
  );
});

class Collecting {
  readonly #reader = new InputReader();
  text = "";

  push(piece: string): true {
    this.text += this.#reader.push(piece);
    return true;
  }
}
