import { hyphens, spaces } from "./characters.ts";
import { before, type Detector, matchesOf, wholeMatch } from "./detector.ts";

/** Areas, groups and serials that the Social Security Administration gives out. */
const ssn = new RegExp(
  `(?<![\\w.])(?<!\\w[${hyphens}])(?!000|666|9)\\d{3}([${hyphens}${spaces}]?)(?!00)\\d{2}\\1(?!0000)\\d{4}(?!\\w|[${hyphens}]\\w|\\.\\d)`,
  "g",
);
const hyphenated = new RegExp(`^\\d{3}[${hyphens}]`);
const context = /\b(?:ssn|social security|soc\.? sec)\b[^\d\n]{0,24}$/i;
const contextLength = 48;

/** US social security numbers: with hyphens anywhere, with spaces or bare only where the text says what they are. */
export const ssnDetector: Detector = {
  type: "ssn",
  find: (text, from) =>
    matchesOf(ssn, text, from, (match) =>
      hyphenated.test(match[0]) || context.test(before(text, match.index, contextLength))
        ? wholeMatch(match)
        : undefined,
    ),
};
