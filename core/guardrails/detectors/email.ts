import type { Span } from "#core/guardrails/finding.ts";
import { isDomain, isLocalPart } from "./characters.ts";
import type { Detector } from "./detector.ts";

/** Lengths of RFC 5321. */
const maxLocalLength = 64;
const maxDomainLength = 253;

const firstOfLocal = /[A-Za-z0-9_\u00c0-\u024f]/;
const label = /^[A-Za-z0-9\u00c0-\u024f](?:[A-Za-z0-9\u00c0-\u024f-]{0,61}[A-Za-z0-9\u00c0-\u024f])?$/;
const topLevel = /^(?:[A-Za-z]{2,24}|xn--[A-Za-z0-9-]{2,59})$/;
const allDigits = /^\d+$/;
/** `icon@2x.png` is a file. */
const fileEndings: ReadonlySet<string> = new Set(
  "png jpg jpeg gif svg webp avif ico css scss js mjs cjs ts mts tsx jsx json html htm xml yaml yml txt pdf".split(" "),
);

/** Where the local part before an `@` starts, or undefined when there is none. */
const localStart = (text: string, at: number): number | undefined => {
  let start = at;
  const earliest = Math.max(0, at - maxLocalLength - 1);
  while (start > earliest && isLocalPart(text.charCodeAt(start - 1))) start -= 1;
  if (at - start > maxLocalLength) return undefined;
  while (start < at && !firstOfLocal.test(text.charAt(start))) start += 1;
  const local = text.slice(start, at);
  if (local === "" || local.endsWith(".") || local.includes("..")) return undefined;
  // The user of every clone URL.
  return local === "git" ? undefined : start;
};

/** Length of the domain that follows an `@`, without the dot of a sentence's end; 0 when there is none. */
const domainLength = (text: string, from: number): number => {
  let end = from;
  const latest = Math.min(text.length, from + maxDomainLength + 1);
  while (end < latest && isDomain(text.charCodeAt(end))) end += 1;
  if (end - from > maxDomainLength) return 0;
  const labels = text.slice(from, end).split(".");
  const bad = labels.findIndex((each) => !label.test(each));
  if (bad >= 0) {
    // A trailing hyphen or an empty label ends the domain there.
    const trimmed = (labels[bad] ?? "").replace(/-+$/, "");
    labels.splice(bad, labels.length, ...(label.test(trimmed) ? [trimmed] : []));
  }
  while (labels.length > 1) {
    const last = labels.at(-1) ?? "";
    if (topLevel.test(last) && !fileEndings.has(last.toLowerCase())) break;
    labels.pop();
  }
  if (labels.length < 2) return 0;
  // `package@1.2.3-beta.rc` is a version.
  if (allDigits.test(labels[0] ?? "") && allDigits.test(labels[1] ?? "")) return 0;
  return labels.join(".").length;
};

/** Addresses such as `name+tag@mail.example.co.uk`, their marked Latin letters included. */
export const emailDetector: Detector = {
  type: "email",
  find(text, from) {
    const spans: Span[] = [];
    for (let at = text.indexOf("@", from); at >= 0; at = text.indexOf("@", at + 1)) {
      const start = localStart(text, at);
      if (start === undefined || start < from) continue;
      const length = domainLength(text, at + 1);
      if (length > 0) spans.push({ start, end: at + 1 + length });
    }
    return spans;
  },
};
