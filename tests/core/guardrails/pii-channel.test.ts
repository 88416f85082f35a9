import { describe, expect, it } from "vitest";
import { PiiChannel } from "#core/guardrails/pii-channel.ts";
import { Placeholders } from "#core/guardrails/placeholders.ts";
import { findPii } from "#core/guardrails/scan.ts";
import type { GuardrailAction } from "#core/guardrails/settings.ts";
import { fc, runs } from "#tests/support/property.ts";
import { cut } from "./chunks.ts";
import { negatives, positives } from "./labelled-set.ts";
import { spellings } from "./spellings.ts";

const through = (pieces: readonly string[], action: GuardrailAction, json = false) => {
  const types: string[] = [];
  const channel = new PiiChannel({
    action,
    json,
    placeholders: new Placeholders(),
    onFinding: (type) => types.push(type),
  });
  const left = pieces.map((piece) => channel.push(piece));
  left.push(channel.end());
  return { left, text: left.join(""), types, blocked: channel.blocked };
};

/** Texts full of values, their halves and what stands around them. */
const fragments = [
  ...positives.map(({ value }) => value),
  ...positives.map(({ text }) => text),
  ...negatives,
  ...' |  |\n|.|-|@|(|+|/|:|::|"|,|{|://|1|12|0171 |GB82|WEST|eyJ|-----BEGIN |PRIVATE KEY-----|password: |token=|api_key: "'.split(
    "|",
  ),
  "phone: ",
  "visa card ",
  "version ",
  "é",
  "日本",
  "😀",
  "a".repeat(70),
  "c".repeat(400),
  "1 2 3 4 5 6 7 8 9 ",
  `eyJ${"a".repeat(500)}`,
];
const marks = ["\u200b", "\u200b".repeat(65), "¹", "x²", "·", "。", "—", "ⓐ", "\ud835", "１", "\u0301", "٤", "@", "1"];
const fragment = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...fragments) },
  fc
    .tuple(fc.constantFrom(...fragments), fc.constantFrom(...Object.values(spellings)))
    .map(([text, spell]) => spell(text)),
  fc.constantFrom(...marks),
);
const texts = fc
  .tuple(fc.array(fragment, { minLength: 1, maxLength: 10 }), fc.constantFrom("", " "))
  .map(([parts, joint]) => parts.join(joint));
const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 });

describe("a text under the pii guardrail", () => {
  it("leaves the same however it is cut into pieces", () => {
    fc.assert(
      fc.property(texts, lengths, fc.constantFrom("redact", "block", "flag"), (text, sizes, action) => {
        const whole = through([text], action);
        const parts = through(cut(text, sizes), action);
        expect(parts.text).toBe(whole.text);
        expect(parts.types).toEqual(whole.types);
        expect(parts.blocked).toBe(whole.blocked);
      }),
      { numRuns: runs(1_500) },
    );
  });

  it("leaves without its findings and otherwise as it was", () => {
    fc.assert(
      fc.property(texts, lengths, (text, sizes) => {
        const findings = findPii(text);
        let rest = text;
        for (const { start, end } of findings.toReversed()) rest = `${rest.slice(0, start)}\u0000${rest.slice(end)}`;
        const redacted = through(cut(text, sizes), "redact").text;
        const expected = rest.split("\u0000");
        let at = 0;
        for (const [index, part] of expected.entries()) {
          expect(redacted.startsWith(part, at)).toBe(true);
          at += part.length;
          const placeholder = /^\[[A-Z]+_\d+\]/.exec(redacted.slice(at))?.[0] ?? "";
          if (index < expected.length - 1) expect(placeholder).not.toBe("");
          at += index < expected.length - 1 ? placeholder.length : 0;
        }
        expect(at).toBe(redacted.length);
      }),
      { numRuns: runs(500) },
    );
  });

  it.each(["block", "redact"] as const)("lets no character of a value leave before it is judged: %s", (action) => {
    for (const { text, value } of positives) {
      const findings = findPii(text);
      const start = findings[0]?.start;
      if (start === undefined) continue;
      const { left } = through([...text], action);
      const before = left.slice(0, start + value.length).join("");
      expect(text.startsWith(before) && before.length <= start, text).toBe(true);
    }
  });

  it("holds back no more than the last word or number of prose", () => {
    const prose =
      "Die Antwort ist einfach, and the year 2024 was fine. 今日は天気がいいです。 It costs $4.50 (about 4 EUR).\n".repeat(
        20,
      );
    const channel = new PiiChannel({
      action: "redact",
      json: false,
      placeholders: new Placeholders(),
      onFinding: () => undefined,
    });
    let given = 0;
    for (const [index, character] of [...prose].entries()) {
      given += channel.push(character).length;
      expect(index + 1 - given).toBeLessThanOrEqual(16);
    }
  });

  it("holds back a bounded part of what never ends", () => {
    for (const [part, most] of [
      ["a", 340],
      ["1", 340],
      ["1 ", 80],
      ["a@", 340],
      ["eyJa", 32_000],
      ["\u200b", 340],
      ["1\u200b", 1_000],
      ["\u200b1 ", 400],
      ["¹", 340],
    ] as const) {
      const channel = new PiiChannel({
        action: "redact",
        json: false,
        placeholders: new Placeholders(),
        onFinding: () => undefined,
      });
      let held = 0;
      for (let index = 0; index < 400; index += 1) {
        held += part.length * 100 - channel.push(part.repeat(100)).length;
        expect(held, part).toBeLessThanOrEqual(most + part.length * 100);
      }
    }
  });

  it("ends a text whose matches overlap without an end, instead of keeping it for ever", () => {
    // A card that ends in what begins a phone number, which reaches into the next card, and so on.
    const { text, blocked } = through(
      Array.from({ length: 4_000 }, () => "4111 1111 1111 0170 "),
      "redact",
    );
    expect(blocked).toBe(true);
    expect(text).toBe("");
  });

  it("names each value once and two values differently", () => {
    const { text } = through(["a@x.example, b@x.example, a@x.example"], "redact");
    expect(text).toBe("[EMAIL_1], [EMAIL_2], [EMAIL_1]");
  });

  it("ends before the first finding when it blocks, and takes nothing more", () => {
    const { text, blocked } = through(["mail ", "bob@exa", "mple.com now", " and on"], "block");
    expect(text).toBe("mail ");
    expect(blocked).toBe(true);
  });

  it("does not hold back anything when it only flags", () => {
    const pieces = ["bob@exa", "mple.com and 415-555", "-2671."];
    const { left, types } = through(pieces, "flag");
    expect(left).toEqual([...pieces, ""]);
    expect(types).toEqual(["email", "phone"]);
  });
});

describe("a tool's arguments under the pii guardrail", () => {
  const args = (value: unknown): string => JSON.stringify(value);

  it("stay JSON: in strings, in bare numbers and beside escapes", () => {
    const given = { note: 'line\nbob@example.com "quoted"\\', card: 4111111111111111, list: ["415-555-2671"] };
    for (const size of [1, 2, 3, 7, 1_000]) {
      const { text } = through(cut(args(given), [size]), "redact", true);
      expect(JSON.parse(text)).toEqual({
        note: 'line\n[EMAIL_1] "quoted"\\',
        card: "[CARD_1]",
        list: ["[PHONE_1]"],
      });
    }
  });

  it("are read as their reader will read them", () => {
    const escaped = '{"to":"bob\\u0040example.com"}';
    for (const size of [1, 3, 5, 100])
      expect(through(cut(escaped, [size]), "redact", true).text).toBe('{"to":"[EMAIL_1]"}');
  });

  it("leave as they were written where nothing is found", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 3 }), lengths, (text, sizes) => {
        if (findPii(text).length > 0) return;
        const { text: left, types } = through(cut(text, sizes), "redact", true);
        if (types.length === 0) expect(left).toBe(text);
      }),
      { numRuns: runs(300) },
    );
  });
});
