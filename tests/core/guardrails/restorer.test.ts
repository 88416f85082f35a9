import { describe, expect, it } from "vitest";
import { Restorer } from "#core/guardrails/restorer.ts";
import { fc, runs } from "#tests/support/property.ts";

describe("values that are hidden again", () => {
  const values = new Map([
    ["[EMAIL_1]", "ada@example.org"],
    ["[EMAIL_2]", "ada@example.org.uk"],
    ["[NAME_1]", 'Ada "the" Countess'],
  ]);

  it("are replaced wherever they stand, the longest first, also inside JSON", () => {
    const text = `ada@example.org.uk, ada@example.org and ${JSON.stringify({ name: 'Ada "the" Countess' })}!`;
    expect(new Restorer(values).hide(text)).toBe('[EMAIL_2], [EMAIL_1] and {"name":"[NAME_1]"}!');
  });

  it("come back whole from a text that was restored", () => {
    const piece = fc.oneof(fc.constantFrom(...values.keys()), fc.stringMatching(/^[b-z ]{0,8}$/));
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const restorer = new Restorer(values);
        const written = pieces.join("");
        expect(restorer.hide(restorer.restore(written))).toBe(written);
      }),
      { numRuns: runs(100) },
    );
  });

  it("leave a text without them as it is", () => {
    expect(new Restorer(new Map()).hide("nothing here")).toBe("nothing here");
  });

  it("of which there are many cost no more looks at the text than few", () => {
    const text = "an answer without any of them ".repeat(40);
    const looks = (count: number): number => {
      let made = 0;
      const many = new Map(Array.from({ length: count }, (_, index) => [`[EMAIL_${index}]`, `u${index}@example.org`]));
      const counted = new Proxy(new String(text), {
        get: (target, name) => {
          const member: unknown = Reflect.get(target, name);
          if (typeof member !== "function") return member;
          made++;
          return member.bind(text);
        },
      });
      expect(String(new Restorer(many).hide(counted as unknown as string))).toBe(text);
      return made;
    };
    expect(looks(2_000)).toBeLessThanOrEqual(2 * looks(20));
  });
});
