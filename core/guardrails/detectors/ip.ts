import { isIPv6 } from "node:net";
import { isWord } from "./characters.ts";
import { before, type Detector, matchesOf, wholeMatch } from "./detector.ts";

const octet = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|\\d?\\d|0\\d\\d)";
const version4 = new RegExp(
  `(?<![\\w.])(?<![A-Za-z_]-)(?<![A-Za-z]/)${octet}(?:\\.${octet}){3}(?!\\w|\\.\\d|-[A-Za-z])`,
  "g",
);
/** `version 1.2.3.4` and `section 4.2.1.3` are no addresses. */
const versionContext =
  /(?:\b(?:version|ver|v|release|rev|revision|build|firmware|section|chapter|clause|oid)|§)[ .:=]{0,2}$/i;
const versionContextLength = 14;
/** Loopback, unspecified, masks and broadcast point at nobody. */
const nobody = /^(?:127\.|0\.|255\.255\.)/;

const maxVersion6Length = 45;
const version6 = /(?<![\w:.])[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]{1,45}/g;
/** Where an address of the public or private kinds begins; anything else needs three groups, unlike `abc::1f`. */
const usualStart = /^(?:[23][0-9a-f]{3}|f[cd][0-9a-f]{2}|fe80|64|:(?=:ffff:)):/i;

const isVersion6 = (run: string): boolean =>
  isIPv6(run) &&
  /\d/.test(run) &&
  !/^(?:0{0,4}:){2,7}0{0,3}[01]$/.test(run) &&
  (usualStart.test(run) || run.split(":").filter((group) => group !== "").length >= 3);

/** IPv4 and IPv6 addresses. */
export const ipDetector: Detector = {
  type: "ip",
  find(text, from) {
    const four = matchesOf(version4, text, from, (match) => {
      const unwanted = nobody.test(match[0]) || versionContext.test(before(text, match.index, versionContextLength));
      return unwanted ? undefined : wholeMatch(match);
    });
    if (!text.includes(":", from)) return four;
    const six = matchesOf(version6, text, from, (match) => {
      const end = match.index + match[0].length;
      if (isWord(text.charCodeAt(end)) || match[0].length > maxVersion6Length) return undefined;
      // The end of a sentence, or of a label before a value.
      const run = match[0].replace(/(?<=[0-9A-Fa-f])[.:]$/, "");
      return isVersion6(run) ? { start: match.index, end: match.index + run.length } : undefined;
    });
    return [...four, ...six].sort((one, other) => one.start - other.start || other.end - one.end);
  },
};
