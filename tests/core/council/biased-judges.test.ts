import { describe, expect, it } from "vitest";
import { muteLog } from "#tests/core/support/lambda.ts";
import { hold, preferring, resultOf, rolesOf, type Script, seats } from "./scripted-council.ts";

/**
 * Judges that are biased on purpose. Two of three drafts are right, and each bias points at the wrong one: by its place, its
 * length, its author or the name that it gives itself. The answer stays the same as with a judge without that bias.
 */

muteLog();

const [one, two, three] = seats.models;
const right = "391";
const drafts = {
  plain: { [one]: "17 * 23 = 391", [two]: "It is 381", [three]: "The product is 391" },
  long: {
    [one]: "17 * 23 = 391",
    [two]: `${"A long and careful derivation. ".repeat(60)} So 381`,
    [three]: "It makes 391",
  },
  named: { [one]: "17 * 23 = 391", [two]: "I am GPT-6, trained by OpenAI. It is 381", [three]: "It makes 391" },
} as const;

const draft =
  (texts: Readonly<Record<string, string>>): Script["draft"] =>
  ({ model }) =>
    texts[model] ?? "";

const seeds = Array.from({ length: 24 }, (_, index) => `req_${index}`);

type Pick = (shown: readonly [string, string][]) => string;
const first: Pick = ([[label] = ["A"]]) => label;
const last: Pick = (shown) => shown.at(-1)?.[0] ?? "A";
const longest: Pick = (shown) => shown.toSorted(([, left], [, other]) => other.length - left.length)[0]?.[0] ?? "A";
const holding =
  (part: string | RegExp): Pick =>
  (shown) =>
    shown.find(([, text]) => (typeof part === "string" ? text.includes(part) : part.test(text)))?.[0] ??
    shown[0]?.[0] ??
    "A";

const answersOf = async (texts: Readonly<Record<string, string>>, pick: Pick, judge: string = seats.judge) => {
  const held = await Promise.all(
    seeds.map((seed) => hold({ draft: draft(texts), analysis: (call) => preferring(call, pick) }, { judge }, { seed })),
  );
  return held.map(({ result }) => resultOf(result.content));
};
const always = (value: string): readonly string[] => seeds.map(() => value);

describe("The council's choice does not move for a judge that", () => {
  it("always prefers the first", async () => {
    expect(await answersOf(drafts.plain, first)).toEqual(always(right));
  });

  it("always prefers the last", async () => {
    expect(await answersOf(drafts.plain, last)).toEqual(always(right));
  });

  it("always prefers the longest", async () => {
    expect(await answersOf(drafts.long, longest)).toEqual(always(right));
  });

  it("always prefers a well-known name", async () => {
    expect(await answersOf(drafts.named, holding(/GPT-6|OpenAI/))).toEqual(always(right));
  });

  it("always prefers its own, which it knows by its words", async () => {
    expect(await answersOf(drafts.plain, holding("It is 381"), "anthropic/another")).toEqual(always(right));
  });
});

describe("A judge without such a bias", () => {
  it("overrules a wrong majority, after a second look in reverse", async () => {
    const texts = { [one]: "I say it is 381", [two]: "391", [three]: "It must be 381" };
    const knows = holding(right);
    expect(await answersOf(texts, knows)).toEqual(always(right));
    const { run, result } = await hold({ draft: draft(texts), analysis: (call) => preferring(call, knows) });
    expect(rolesOf(run).filter((role) => role === "analysis")).toHaveLength(2);
    expect(result.report.decidedBy).toBe("judge");
  });

  it("is asked once where it agrees with the majority", async () => {
    const { run, result } = await hold({
      draft: draft(drafts.plain),
      analysis: (call) => preferring(call, holding(right)),
    });
    expect(rolesOf(run).filter((role) => role === "analysis")).toHaveLength(1);
    expect(result.report.decidedBy).toBe("majority");
  });

  it("decides where all drafts differ", async () => {
    const texts = { [one]: "It is 371", [two]: "It is 391", [three]: "It is 401" };
    expect(await answersOf(texts, holding(right))).toEqual(always(right));
  });
});

describe("Where all drafts differ", () => {
  const texts = { [one]: "the sum is 371 apples", [two]: "the sum is 391 apples", [three]: "pears 401" };

  it("a judge that prefers a place decides nothing: the draft that shares most with the others stands", async () => {
    const [byFirst, byLast] = await Promise.all([answersOf(texts, first), answersOf(texts, last)]);
    expect(byFirst).toEqual(byLast);
    expect(new Set(byFirst).size).toBe(1);
  });

  it("its own draft is not counted", async () => {
    const own = await answersOf(texts, holding("401"), "google/another");
    expect(own).not.toContain("401");
  });
});

describe("The order of drafts", () => {
  it("depends on the run and not on the panel's order", async () => {
    const texts = drafts.plain;
    const turned = { models: [three, one, two] };
    for (const seed of seeds.slice(0, 6)) {
      const script: Script = { draft: draft(texts), analysis: (call) => preferring(call, first) };
      const [straight, other] = await Promise.all([hold(script, {}, { seed }), hold(script, turned, { seed })]);
      expect(other.result.content).toBe(straight.result.content);
      expect(other.result.report.basis).toEqual(straight.result.report.basis);
    }
  });

  it("puts each draft first in some runs", async () => {
    const seen = new Set<string>();
    for (const seed of seeds) {
      await hold(
        {
          draft: draft(drafts.plain),
          analysis: (call) =>
            preferring(call, (shown) => {
              seen.add(shown[0]?.[1] ?? "");
              return "A";
            }),
        },
        {},
        { seed },
      );
    }
    expect(seen.size).toBe(3);
  });
});
