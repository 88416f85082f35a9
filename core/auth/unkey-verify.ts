import { config } from "#core/config.ts";
import { DependencyError } from "#core/errors.ts";
import { post } from "#core/outbound/post.ts";
import { isRecord } from "#core/values/records.ts";

/**
 * Unkey's verifyKey on the hot path: one plain POST. `@unkey/api` costs four times as much for this call and 26 ms of a
 * cold start, so it serves everything that manages keys, and a contract test holds this request against the one it sends.
 */

/** A limit as Unkey counted it. */
export interface UnkeyLimit {
  readonly name: string;
  readonly limit: number;
  readonly remaining: number;
  /** Unix ms (the specification says a duration; the server sends an instant). */
  readonly reset: number;
  readonly exceeded: boolean;
}

/** What the gateway reads of Unkey's answer. Other members are ignored. */
export interface UnkeyVerdict {
  readonly valid: boolean;
  /** An open set: new codes may come. */
  readonly code: string;
  readonly keyId?: string | undefined;
  readonly expires?: number | undefined;
  readonly identity?: { readonly externalId: string } | undefined;
  readonly ratelimits?: readonly UnkeyLimit[] | undefined;
}

const isOptional = (value: unknown, type: "string" | "number"): boolean => value === undefined || typeof value === type;

const isLimit = (value: unknown): value is UnkeyLimit =>
  isRecord(value) &&
  typeof value.name === "string" &&
  typeof value.limit === "number" &&
  typeof value.remaining === "number" &&
  typeof value.reset === "number" &&
  typeof value.exceeded === "boolean";

const isIdentity = (value: unknown): boolean => isRecord(value) && typeof value.externalId === "string";

/**
 * Whether an answer holds a verdict. Checked by hand, since every request waits for it; a test holds the check against a
 * schema.
 */
export const hasVerdict = (answer: unknown): answer is { readonly data: UnkeyVerdict } => {
  const data = isRecord(answer) ? answer.data : undefined;
  return (
    isRecord(data) &&
    typeof data.valid === "boolean" &&
    typeof data.code === "string" &&
    isOptional(data.keyId, "string") &&
    isOptional(data.expires, "number") &&
    (data.identity === undefined || isIdentity(data.identity)) &&
    (data.ratelimits === undefined || (Array.isArray(data.ratelimits) && data.ratelimits.every(isLimit)))
  );
};

/** Unkey did not answer as it should: down, slow, or it refused our root key. Says nothing about the caller's key. */
export class UnkeyUnavailable extends DependencyError {
  override readonly name = "UnkeyUnavailable";
  readonly transient = true;
}

export interface VerifyRequest {
  readonly key: string;
  /** The endpoint's limit, counted in the same call as the key's own. */
  readonly limit: { readonly name: string; readonly limit: number; readonly durationMs: number } | undefined;
  readonly tags: readonly string[];
}

const timeoutMs = 800;
/** Name, TCP and TLS take up to four rounds before the call's own. */
const freshTimeoutMs = 2_000;
const maxAnswerBytes = 256 * 1024;

/** The body of a verifyKey call. */
export const verifyBody = ({ key, limit, tags }: VerifyRequest): Record<string, unknown> => ({
  key,
  ...(tags.length === 0 ? {} : { tags }),
  ...(limit === undefined
    ? {}
    : { ratelimits: [{ name: limit.name, cost: 1, limit: limit.limit, duration: limit.durationMs }] }),
});

/** Unkey's verdict on a key. @throws UnkeyUnavailable */
export const verifyWithUnkey = async (request: VerifyRequest): Promise<UnkeyVerdict> => {
  try {
    const { status, text } = await post({
      url: `${config.unkeyUrl()}/v2/keys.verifyKey`,
      headers: {
        "content-type": "application/json",
        accept: "application/json",
        authorization: `Bearer ${config.unkeyRootKey()}`,
      },
      body: JSON.stringify(verifyBody(request)),
      timeoutMs,
      freshTimeoutMs,
      // Asked twice, a verification counts twice at most: better than to turn a good key away after a thaw.
      retriesSilence: true,
      maxBytes: maxAnswerBytes,
    });
    if (status !== 200) throw new UnkeyUnavailable(`Unkey answered with status ${status}`);
    const answer: unknown = JSON.parse(text);
    if (!hasVerdict(answer)) throw new UnkeyUnavailable("Unkey answered without a verdict");
    return answer.data;
  } catch (error) {
    if (error instanceof UnkeyUnavailable) throw error;
    // The cause may hold Unkey's body; its kind is enough.
    throw new UnkeyUnavailable(`Unkey could not verify: ${error instanceof Error ? error.name : "unknown"}`);
  }
};
