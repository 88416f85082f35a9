import * as z from "zod/mini";
import { config } from "#core/config.ts";
import { DependencyError } from "#core/errors.ts";
import { post } from "#core/outbound/post.ts";

/**
 * Unkey's verifyKey on the hot path: one plain POST. `@unkey/api` costs four times as much for this call and 26 ms of a
 * cold start, so it serves everything that manages keys, and a contract test holds this request against the one it sends.
 */

const limitSchema = z.object({
  name: z.string(),
  limit: z.number(),
  remaining: z.number(),
  /** Unix ms (the specification says a duration; the server sends an instant). */
  reset: z.number(),
  exceeded: z.boolean(),
});

const answerSchema = z.object({
  data: z.object({
    valid: z.boolean(),
    /** An open set: new codes may come. */
    code: z.string(),
    keyId: z.optional(z.string()),
    expires: z.optional(z.number()),
    identity: z.optional(z.object({ externalId: z.string() })),
    ratelimits: z.optional(z.array(limitSchema)),
  }),
});

export type UnkeyVerdict = z.infer<typeof answerSchema>["data"];
export type UnkeyLimit = z.infer<typeof limitSchema>;

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
    return answerSchema.parse(JSON.parse(text)).data;
  } catch (error) {
    if (error instanceof UnkeyUnavailable) throw error;
    // The cause may hold Unkey's body; its kind is enough.
    throw new UnkeyUnavailable(`Unkey could not verify: ${error instanceof Error ? error.name : "unknown"}`);
  }
};
