import type { Span } from "#core/guardrails/finding.ts";
import { isBase64Url } from "./characters.ts";
import { type Detector, matchesOf, wholeMatch } from "./detector.ts";
import { looksSecret } from "./randomness.ts";

/** API keys and other secrets that are known by their shape, as their vendors document it. */

/** Longest key that is taken whole; what follows in a longer run is no key. */
const maxKeyLength = 256;

const shapes: readonly string[] = [
  // OpenAI, Anthropic, OpenRouter, DeepSeek, Langfuse
  `sk-(?=[A-Za-z0-9_-]{0,60}\\d)(?=[A-Za-z0-9_-]{0,40}[A-Za-z0-9]{16})[A-Za-z0-9_-]{20,${maxKeyLength}}`,
  // AWS access key ids
  "(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])",
  // GitHub, GitLab
  `gh[pousr]_[A-Za-z0-9]{36,${maxKeyLength}}`,
  `github_pat_[A-Za-z0-9_]{22,${maxKeyLength}}`,
  `glpat-[A-Za-z0-9_-]{20,${maxKeyLength}}`,
  // Slack
  `xox[abeoprs]-[A-Za-z0-9-]{10,${maxKeyLength}}`,
  `xapp-\\d-[A-Za-z0-9-]{10,${maxKeyLength}}`,
  "https://hooks\\.slack\\.com/services/[A-Za-z0-9/]{20,80}",
  // Google
  "AIza[A-Za-z0-9_-]{35}",
  "GOCSPX-[A-Za-z0-9_-]{28}",
  `ya29\\.[A-Za-z0-9_-]{20,${maxKeyLength}}`,
  // Stripe
  `[sr]k_(?:live|test)_[A-Za-z0-9]{10,${maxKeyLength}}`,
  // Webhook secrets (Standard Webhooks, Stripe)
  `whsec_[A-Za-z0-9+/=]{24,${maxKeyLength}}`,
  // This gateway (Unkey's base58), Unkey's root keys
  "ck_[1-9A-HJ-NP-Za-km-z]{16,128}",
  `unkey_[A-Za-z0-9]{16,${maxKeyLength}}`,
  // xAI, Groq, Hugging Face, npm, PyPI, SendGrid, DigitalOcean, Shopify, Supabase
  `xai-[A-Za-z0-9]{40,${maxKeyLength}}`,
  `gsk_[A-Za-z0-9]{40,${maxKeyLength}}`,
  "hf_[A-Za-z0-9]{30,64}",
  "npm_[A-Za-z0-9]{36}",
  `pypi-[A-Za-z0-9_-]{50,${maxKeyLength}}`,
  "SG\\.[A-Za-z0-9_-]{16,32}\\.[A-Za-z0-9_-]{32,64}",
  "do[opr]_v1_[a-f0-9]{64}",
  "shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}",
  "sb_secret_[A-Za-z0-9_-]{20,64}",
  // Twilio, Telegram
  "SK[0-9a-f]{32}(?![A-Za-z0-9])",
  "\\d{8,10}:[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])",
];

const keyed = new RegExp(`(?<![A-Za-z0-9])(?:${shapes.join("|")})`, "g");

/** Keys with a shape of their own. */
export const keyDetector: Detector = {
  type: "secret",
  find: (text, from) => matchesOf(keyed, text, from, wholeMatch),
};

const maxPartLength = 8_192;
const part = `[A-Za-z0-9_-]{8,${maxPartLength}}`;
const token = new RegExp(
  `(?<![A-Za-z0-9_-])eyJ${part}\\.(?:eyJ${part}(?:\\.[A-Za-z0-9_-]{0,${maxPartLength}})?|${part}\\.${part}(?:\\.${part}){0,2})`,
  "g",
);
const tokenStart = /(?<![A-Za-z0-9_-])eyJ/g;
const maxTokenLength = 3 * maxPartLength;

/** Signed and encrypted JSON web tokens (RFC 7515, 7516), whole. */
export const webTokenDetector: Detector = {
  type: "secret",
  find: (text, from) => (text.includes("eyJ", from) ? matchesOf(token, text, from, wholeMatch) : []),
  openFrom(text, from) {
    let start = text.length;
    const earliest = Math.max(from, text.length - maxTokenLength);
    const isPart = (code: number): boolean => code === 46 || isBase64Url(code);
    while (start > earliest && isPart(text.charCodeAt(start - 1))) start -= 1;
    if (text.length - start < 3) return text.length;
    tokenStart.lastIndex = start;
    return tokenStart.exec(text)?.index ?? text.length;
  },
};

const word =
  "(?:(?:api|access|secret|private|auth|client|account|shared|encryption|signing|master)[_\\- ]?(?:access[_\\- ]?)?key|token|secret|passw(?:or)?d|passphrase|pwd|credentials?)";
/** Part of every word that announces a secret: most texts have none, and are done. */
const anyWord = /key|token|secret|pass|pwd|credential|bearer|basic/i;
const password = /pass|pwd/i;
const quotes = "[\"'`*]{0,3}";
const blanks = "[ \\t]{0,3}";
const valueCharacter = "[^\\s\"'`,;<>(){}\\[\\]\\\\]";
const maxValueLength = 2_048;
const assignment = `${word}${quotes}${blanks}(?::=|=>|[:=]|is\\b)${blanks}${quotes}`;
const bearer = "\\b(?:bearer|basic)[ \\t]{1,3}";
const assigned = new RegExp(`(${assignment}|${bearer})(${valueCharacter}{8,${maxValueLength}})`, "gi");
/** Longest way from the word to its value. */
const leadLength = 60;
const lead = new RegExp(`(?:${assignment}|${bearer})(?=${valueCharacter}{0,${maxValueLength}}$)`, "gi");

/** Without the end of a sentence. A loop: `[.?:]+$` takes the square of the time over a value of nothing but dots. */
const withoutPunctuation = (value: string): string => {
  let end = value.length;
  while (end > 0 && ".?:".includes(value.charAt(end - 1))) end -= 1;
  return value.slice(0, end);
};

/** A value that a word such as `password`, `api_key` or `Bearer` announces, when it looks like a secret. Only the value. */
export const announcedDetector: Detector = {
  type: "secret",
  find: (text, from) =>
    matchesOf(
      assigned,
      text,
      from,
      ({ index, 1: announced = "", 2: found = "" }) => {
        const start = index + announced.length;
        // In a query the next parameter follows.
        const value = withoutPunctuation(found.replace(/&[\w.-]{1,40}=.*$/s, ""));
        return looksSecret(value, password.test(announced)) ? { start, end: start + value.length } : undefined;
      },
      leadLength,
    ),
  openFrom(text, from) {
    const windowStart = Math.max(0, text.length - maxValueLength - leadLength);
    const window = text.slice(windowStart);
    if (!anyWord.test(window)) return text.length;
    lead.lastIndex = 0;
    for (let match = lead.exec(window); match !== null; match = lead.exec(window)) {
      const start = windowStart + match.index + match[0].length;
      if (start >= from) return start;
      lead.lastIndex = match.index + 1;
    }
    return text.length;
  },
};

const userInfo = "[^\\s:@/\"'<>`]";
const passwordCharacter = "[^\\s@/\"'<>`]";
const inUrl = new RegExp(`://${userInfo}{0,64}:(${passwordCharacter}{3,256})@`, "g");
const unfinishedUrl = new RegExp(`://${userInfo}{0,64}:${passwordCharacter}{0,256}$`);
const urlWindow = 330;
const urlLeadLength = 70;

/** The password of a URL such as `postgres://user:password@host`. */
export const urlPasswordDetector: Detector = {
  type: "secret",
  find: (text, from) =>
    matchesOf(
      inUrl,
      text,
      from,
      (match): Span => {
        const end = match.index + match[0].length - 1;
        return { start: end - (match[1]?.length ?? 0), end };
      },
      urlLeadLength,
    ),
  openFrom(text, from) {
    const windowStart = Math.max(0, text.length - urlWindow);
    const window = text.slice(windowStart);
    const found = window.includes("://") ? unfinishedUrl.exec(window) : null;
    if (found === null) return text.length;
    const start = windowStart + found.index + found[0].indexOf(":", 3) + 1;
    return Math.max(start, from);
  },
};
