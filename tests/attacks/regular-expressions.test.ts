import { analyse } from "scslre";
import { afterEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { findKey } from "#core/auth/key-format.ts";
import { findPii } from "#core/guardrails/scan.ts";
import { jsonFault } from "#core/http/json-position.ts";
import { nodesIn, sourceFiles } from "./support/source.ts";

/**
 * Regular expressions whose time grows faster than their input, looked for in every expression of the source by the
 * analysis behind eslint-plugin-regexp (scslre), and where expressions are put together at run time, in what they became.
 */

interface Expression {
  readonly file: string;
  readonly source: string;
  readonly flags: string;
}

/** Super-linear expressions that are never given a long text, each with what bounds it. */
const bounded: Readonly<Record<string, string>> = {
  "core/auth/counted-address.ts /(\\d+)\\.(\\d+)\\.(\\d+)\\.(\\d+)$/": "an address, which isIPv6 has checked",
  "core/guardrails/stream-moderation.ts /[.!?。！？\\n][\"')\\]]*\\s*$/": "a window of less than 800 characters",
  "core/provider-keys/base-url.ts /\\/+$/": "a base URL, whose schema allows 2,048 characters",
  "core/settings/kinds.ts /\\/+$/": "reads the operator's own environment",
  "core/guardrails/detectors/email.ts /-+$/": "a label of a domain of at most 253 characters",
  "core/guardrails/detectors/phone.ts /[^\\d]*\\d+\\)?$/": "a match of a number in groups, at most some 120 characters",
  "functions/dashboard/page/src/router.ts /^\\/+|\\/+$/g": "runs in the browser, over its own address",
};

const literals = sourceFiles.flatMap((file): Expression[] =>
  [...nodesIn(file)].flatMap(({ type, regex }) => {
    if (type !== "Literal" || typeof regex !== "object" || regex === null) return [];
    const { pattern, flags } = regex as { readonly pattern: string; readonly flags: string };
    return [{ file, source: pattern, flags }];
  }),
);

/** Files that put an expression together: `new RegExp(…)` or `RegExp(…)`. */
const composing = sourceFiles.filter((file) =>
  [...nodesIn(file)].some(
    ({ type, callee }) =>
      (type === "NewExpression" || type === "CallExpression") &&
      (callee as { readonly name?: unknown }).name === "RegExp",
  ),
);

/** What they put together, noted while they load. */
const composed = async (): Promise<readonly Expression[]> => {
  const found: Expression[] = [];
  for (const file of composing) {
    const Noting = class extends RegExp {
      constructor(pattern: string | RegExp, flags?: string) {
        super(pattern, flags);
        found.push({ file, source: this.source, flags: this.flags });
      }
    };
    vi.stubGlobal("RegExp", Noting);
    vi.resetModules();
    await import(/* @vite-ignore */ `../../${file}`);
    vi.unstubAllGlobals();
  }
  return found;
};

const faultsOf = (expressions: readonly Expression[]): readonly string[] => [
  ...new Set(
    expressions.flatMap(({ file, source, flags }) =>
      analyse({ source, flags }).reports.map(() => `${file} /${source}/${flags}`),
    ),
  ),
];

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("no regular expression blows up", () => {
  it("the analysis finds what blows up", () => {
    expect(faultsOf([{ file: "x", source: "^(a+)+$", flags: "" }])).toEqual(["x /^(a+)+$/"]);
    expect(faultsOf([{ file: "x", source: "a+$", flags: "" }])).toEqual(["x /a+$/"]);
  });

  it("of those written down in the source, but those whose texts are short", () => {
    expect(literals.length).toBeGreaterThan(150);
    expect(faultsOf(literals)).toEqual(Object.keys(bounded));
  });

  it("of those put together at run time", async () => {
    const found = await composed();
    expect([...new Set(found.map(({ file }) => file))].sort()).toEqual([...composing].sort());
    expect(faultsOf(found)).toEqual([]);
  });

  it("of those that zod checks addresses and dates with", () => {
    const { email, date } = z.regexes;
    const checked = [email, date, z.regexes.datetime({ offset: true })];
    expect(faultsOf(checked.map(({ source, flags }) => ({ file: "zod", source, flags })))).toEqual([]);
  });
});

const runs = 3;

/** Least CPU of several runs, µs. */
const leastCpu = (work: () => void): number => {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    const before = process.threadCpuUsage();
    work();
    const { user, system } = process.threadCpuUsage(before);
    least = Math.min(least, user + system);
  }
  return least;
};

/** Texts that lead a matcher to begin anew at each of their places. */
const crafted: Readonly<Record<string, (length: number) => string>> = {
  "dots after an announced secret": (length) => `password=${".".repeat(2_000)}x `.repeat(length / 2_000),
  "announced secrets without values": (length) => "api_key=token=secret:".repeat(length / 20),
  "half addresses": (length) => "a.b-c@d-e.".repeat(length / 10),
  "at signs": (length) => "@".repeat(length),
  "hyphens in domains": (length) => `a@b${"-".repeat(240)} `.repeat(length / 250),
  "openings of private keys": (length) => "-----BEGIN RSA PRIVATE KEY-----".repeat(length / 31),
  "half openings of private keys": (length) => "-----BEGIN RSA ".repeat(length / 15),
  "halves of web tokens": (length) => "eyJaaaaaaaa.".repeat(length / 12),
  "one long web token": (length) => `eyJ${"a".repeat(length)}`,
  digits: (length) => "1".repeat(length),
  "groups of digits": (length) => "12-34 ".repeat(length / 6),
  "beginnings of IBANs": (length) => "DE12 ".repeat(length / 5),
  "colons and hexadecimal digits": (length) => "ab:cd:".repeat(length / 6),
  "halves of URLs with passwords": (length) => "://user:".repeat(length / 8),
  "line ends": (length) => "\n".repeat(length),
};

const smallLength = 200_000;
/** Below this the clock's own steps would be compared, µs. */
const leastMeasured = 10_000;

/** How many times the CPU of a text the text of four times its length costs. */
const growthOf = (work: (text: string) => unknown, craft: (length: number) => string): number => {
  const [small, large] = [craft(smallLength), craft(4 * smallLength)];
  return (
    leastCpu(() => work(large)) /
    Math.max(
      leastMeasured,
      leastCpu(() => work(small)),
    )
  );
};

/** Sixteen times the time for four times the text is quadratic; linear is four times. */
const mostGrowth = 10;

describe("time grows with the text only", () => {
  it.each(Object.entries(crafted))("where personal data is looked for: %s", (_name, craft) => {
    expect(growthOf(findPii, craft)).toBeLessThan(mostGrowth);
  });

  it.each<[string, (length: number) => string]>([
    ["a string that does not end", (length) => `"${"\\\\".repeat(length / 2)}`],
    ["numbers", (length) => `[${"1,".repeat(length / 2)}`],
    ["depth", (length) => "[".repeat(length)],
    ["spaces", (length) => " ".repeat(length)],
    ["line ends", (length) => `["a",${"\n".repeat(length)}`],
  ])("where broken JSON is located: %s", (_name, craft) => {
    expect(growthOf(jsonFault, craft)).toBeLessThan(mostGrowth);
  });

  it.each<[string, (length: number) => string]>([
    ["spaces", (length) => `Bearer ${" ".repeat(length)}`],
    ["spaces within", (length) => `Bearer a${" ".repeat(length)}b`],
    ["letters", (length) => `Bearer ck_${"a".repeat(length)}!`],
  ])("where an Authorization header is read: %s", (_name, craft) => {
    const read = (authorization: string) => {
      try {
        findKey({ authorization });
      } catch {
        // Refused, which is right.
      }
    };
    expect(growthOf(read, craft)).toBeLessThan(mostGrowth);
  });
});
