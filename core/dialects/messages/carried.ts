import { isRecord } from "#core/values/records.ts";

/**
 * What a provider other than Anthropic wants to see again in the next turn (encrypted reasoning, thought signatures) travels
 * in the one opaque field that clients of this dialect send back unchanged: the signature of a thinking block.
 */

export interface Carried {
  /** Entries of `reasoning_details`. */
  readonly details?: readonly unknown[] | undefined;
  /** `extra_content` of the next tool call of the turn. */
  readonly extra?: unknown;
  /** Reasoning that the block does not show. */
  readonly reasoning?: string | undefined;
}

/** No signature of Anthropic's has a dot. */
const prefix = "concurred.1.";

/** A signature that carries something, or only marks a block as ours. */
export const toSignature = (carried: Carried): string =>
  prefix + Buffer.from(JSON.stringify(carried)).toString("base64url");

/** Deeper than anything that we put in, and shallow enough for code that walks it later: a caller can write anything here. */
const maxDepth = 8;

const isShallow = (value: unknown, depth = 0): boolean =>
  typeof value !== "object" ||
  value === null ||
  (depth < maxDepth && Object.values(value).every((member) => isShallow(member, depth + 1)));

/** What a signature carries; undefined for one that is not ours. Nothing that does not parse is trusted. */
export const fromSignature = (signature: string): Carried | undefined => {
  if (!signature.startsWith(prefix)) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(signature.slice(prefix.length), "base64url").toString("utf8"));
    if (!isRecord(value) || !isShallow(value)) return {};
    return {
      ...(Array.isArray(value.details) ? { details: value.details } : {}),
      ...(isRecord(value.extra) ? { extra: value.extra } : {}),
      ...(typeof value.reasoning === "string" ? { reasoning: value.reasoning } : {}),
    };
  } catch {
    return {};
  }
};

/** Whether a signature is one of ours, which only we can read. */
export const isOurs = (signature: string): boolean => signature.startsWith(prefix);
