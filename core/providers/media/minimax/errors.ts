import { type FailureKind, ProviderFailure } from "#core/providers/provider.ts";
import { safeMessage } from "#core/providers/safe-message.ts";
import { isRecord } from "#core/values/records.ts";

/**
 * MiniMax reports errors with HTTP 200, in `base_resp`. Its table of codes, and how each counts for us.
 * Source: platform.minimax.io/docs/api-reference/errorcode; 1028, 1030 and 2061 from its command-line client.
 */

interface Meaning {
  readonly kind: FailureKind;
  /** The equivalent HTTP status, where there is one. */
  readonly status?: number;
  /** For a response without MiniMax's own message. */
  readonly words: string;
}

const refused = (words: string, status = 400): Meaning => ({ kind: "request", status, words });

export const minimaxCodes: Readonly<Record<number, Meaning>> = {
  1000: { kind: "server", status: 500, words: "unknown error" },
  1001: { kind: "timeout", status: 504, words: "timed out" },
  1002: { kind: "rate-limit", status: 429, words: "rate limit" },
  1004: { kind: "auth", status: 401, words: "not authorized" },
  1008: { kind: "quota", status: 402, words: "insufficient balance" },
  1024: { kind: "server", status: 500, words: "internal error" },
  1026: refused("the input was flagged as sensitive"),
  1027: refused("the output was flagged as sensitive"),
  1028: { kind: "quota", status: 402, words: "quota used up" },
  1030: { kind: "quota", status: 402, words: "quota used up" },
  1033: { kind: "server", status: 503, words: "system error" },
  1039: { kind: "rate-limit", status: 429, words: "token limit" },
  1041: { kind: "rate-limit", status: 429, words: "connection limit" },
  1042: refused("more than a tenth of the characters are invisible"),
  1043: refused("the sample does not match its text"),
  1044: refused("the sample does not match its prompt"),
  2013: refused("invalid parameters"),
  2037: refused("the sample is too short or too long"),
  2038: refused("cloning is not enabled for this account", 403),
  2039: refused("the voice_id is already taken"),
  2042: refused("no access to this voice_id", 403),
  2045: { kind: "rate-limit", status: 429, words: "the request rate grew too fast" },
  2048: refused("the prompt audio is too long"),
  2049: { kind: "auth", status: 401, words: "invalid API key" },
  2056: { kind: "quota", status: 402, words: "the token plan's limit is reached" },
  2061: { kind: "quota", status: 403, words: "the account's plan does not include this model" },
  20132: refused("invalid sample or voice_id"),
};

const unknown: Meaning = { kind: "server", status: 502, words: "unknown error" };

/** The failure inside a response of MiniMax, or undefined when it succeeded. */
export const minimaxFailure = (json: unknown): ProviderFailure | undefined => {
  const base = isRecord(json) ? json.base_resp : undefined;
  if (!isRecord(base)) return undefined;
  const code = Number(base.status_code);
  if (code === 0) return undefined;
  const { kind, status, words } = minimaxCodes[code] ?? unknown;
  const said = typeof base.status_msg === "string" && base.status_msg !== "" ? safeMessage(base.status_msg) : words;
  return new ProviderFailure("minimax", kind, `minimax reported error ${code}: ${words}`, {
    status,
    providerMessage: `${said} (${code})`,
    providerCode: Number.isFinite(code) ? String(code) : undefined,
  });
};
