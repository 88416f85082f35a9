import { AwsError } from "#core/aws/json-call.ts";
import { limitsOf } from "#core/db/key-limits.ts";
import { hashKey, type KeyMark, readKeyMark, recordVerification } from "#core/db/key-marks.ts";
import { GatewayError } from "#core/errors.ts";
import { logger } from "#core/observability/logger.ts";
import { increment } from "#core/observability/metrics.ts";
import type { RateLimit } from "#core/routes.ts";
import { invalidApiKey } from "./key-format.ts";
import { countLocally } from "./local-limiter.ts";
import type { KeyPrincipal } from "./principal.ts";
import { type LimitState, nearestLimit, ownLimitName, rateLimitExceeded, scaledLimit } from "./rate-limit.ts";
import { type UnkeyLimit, UnkeyUnavailable, type UnkeyVerdict, verifyWithUnkey } from "./unkey-verify.ts";

export interface VerifiedKey {
  readonly principal: KeyPrincipal;
  /** The limit nearest to its end. */
  readonly limit: LimitState | undefined;
  /** A write that may run beside round 2 and is awaited before the request ends; undefined when none is due. */
  readonly deferred: (() => Promise<void>) | undefined;
}

/** How long a key that Unkey verified goes on without it, ms. */
const trustMs = 10 * 60_000;
/** How old a noted verification gets before it is noted again, ms. Half of the trust, so that a busy key never runs out. */
const noteAgainMs = 5 * 60_000;
const unknownForMs = 10_000;
const maxUnknown = 10_000;
const retryAfterSeconds = 5;
const defaultKeyLimit = 60;
const minuteMs = 60_000;

/** Hashes of keys that Unkey did not know, with the time until which we do not ask again. */
const unknownKeys = new Map<string, number>();

const rememberUnknown = (keyHash: string, nowMs: number): void => {
  if (unknownKeys.size >= maxUnknown) unknownKeys.clear();
  unknownKeys.set(keyHash, nowMs + unknownForMs);
};

const isUnknown = (keyHash: string, nowMs: number): boolean => (unknownKeys.get(keyHash) ?? 0) > nowMs;

const refusedByMark = (mark: KeyMark | undefined, nowMs: number): boolean =>
  mark !== undefined &&
  (mark.revokedAt !== undefined || !mark.enabled || (mark.expiresAtMs !== undefined && mark.expiresAtMs <= nowMs));

const unavailable = (what: string): GatewayError =>
  new GatewayError("SERVICE_UNAVAILABLE", `${what} is unavailable. Try again in a few seconds.`, {
    retryAfterSeconds,
  });

/** @param route the endpoint's limit. The other one is the key's own. */
const toState =
  (route: RateLimit | undefined) =>
  ({ name, limit, remaining, reset }: UnkeyLimit): LimitState => ({
    name: name === route?.name ? name : ownLimitName,
    windowSeconds: (name === route?.name ? route.durationMs : minuteMs) / 1_000,
    limit,
    remaining,
    reset,
  });

/** The key's own limit, which Unkey reports beside the endpoint's. */
const ownLimit = (verdict: UnkeyVerdict, limit: RateLimit | undefined): number | undefined =>
  verdict.ratelimits?.find((state) => state.name !== limit?.name)?.limit;

const judge = (
  verdict: UnkeyVerdict,
  mark: KeyMark | undefined,
  {
    keyHash,
    limit,
    nowMs,
  }: { readonly keyHash: string; readonly limit: RateLimit | undefined; readonly nowMs: number },
): KeyPrincipal => {
  const limits = verdict.ratelimits ?? [];
  if (verdict.code === "RATE_LIMITED" || verdict.code === "USAGE_EXCEEDED") {
    throw rateLimitExceeded(nearestLimit(limits.filter(({ exceeded }) => exceeded).map(toState(limit))), nowMs);
  }
  if (verdict.code === "NOT_FOUND") rememberUnknown(keyHash, nowMs);
  if (!verdict.valid || verdict.keyId === undefined) throw invalidApiKey();
  const userId = verdict.identity?.externalId;
  if (userId === undefined) {
    // A key that someone made in Unkey by hand and that belongs to nobody.
    logger.warn("A valid key has no owner", { keyId: verdict.keyId });
    throw invalidApiKey();
  }
  return { kind: "key", userId, keyId: verdict.keyId, rateLimit: ownLimit(verdict, limit), limits: limitsOf(mark) };
};

/** A known key goes on while Unkey is unavailable, under a local limiter; nobody else does. */
const trustKnownKey = (
  mark: KeyMark | undefined,
  limit: RateLimit | undefined,
  keyHash: string,
  nowMs: number,
): VerifiedKey => {
  increment("UnkeyUnavailable");
  if (refusedByMark(mark, nowMs)) throw invalidApiKey();
  if (mark?.verifiedAt === undefined || mark.verifiedAt < nowMs - trustMs) throw unavailable("Key verification");
  const own = {
    ...countLocally(`${keyHash}/own`, mark.rateLimit ?? defaultKeyLimit, minuteMs, nowMs),
    name: ownLimitName,
    windowSeconds: minuteMs / 1_000,
  };
  const endpoint =
    limit === undefined
      ? undefined
      : {
          ...countLocally(`${keyHash}/${limit.name}`, limit.limit, limit.durationMs, nowMs),
          name: limit.name,
          windowSeconds: limit.durationMs / 1_000,
        };
  const exceeded = [own, endpoint].find((state) => state?.allowed === false);
  if (exceeded !== undefined) throw rateLimitExceeded(exceeded, nowMs);
  return {
    principal: {
      kind: "key",
      userId: mark.userId,
      keyId: mark.keyId,
      rateLimit: mark.rateLimit,
      limits: limitsOf(mark),
    },
    limit: nearestLimit(endpoint === undefined ? [own] : [own, endpoint]),
    deferred: undefined,
  };
};

/**
 * Round 1: Unkey's verdict, with the key's and the endpoint's limit counted in that one call, and our own mark beside it.
 * @throws GatewayError INVALID_API_KEY, RATE_LIMIT_EXCEEDED, or SERVICE_UNAVAILABLE when nobody can say.
 */
export const verifyApiKey = async (
  key: string,
  routeLimit: RateLimit | undefined,
  routeId: string,
  nowMs: number,
): Promise<VerifiedKey> => {
  const keyHash = hashKey(key);
  if (isUnknown(keyHash, nowMs)) throw invalidApiKey();
  const limit = scaledLimit(routeLimit);
  const [verdict, mark] = await Promise.all([
    // Whatever goes wrong there, it throws no other error.
    verifyWithUnkey({ key, limit, tags: [`route=${routeId}`] }).catch((error: UnkeyUnavailable) => error),
    readKeyMark(keyHash).catch((error: unknown) => {
      if (error instanceof AwsError) return error;
      throw error;
    }),
  ]);
  // Without our mark a revoked key could pass, so nobody does.
  if (mark instanceof AwsError) throw unavailable("The key table");
  if (verdict instanceof UnkeyUnavailable) {
    logger.warn("Unkey is unavailable", { reason: verdict.message, route: routeId });
    return trustKnownKey(mark, limit, keyHash, nowMs);
  }
  if (refusedByMark(mark, nowMs)) throw invalidApiKey();
  const principal = judge(verdict, mark, { keyHash, limit, nowMs });
  const due = mark?.verifiedAt === undefined || mark.verifiedAt < nowMs - noteAgainMs;
  return {
    principal,
    limit: nearestLimit((verdict.ratelimits ?? []).map(toState(limit))),
    deferred: due
      ? () =>
          recordVerification(keyHash, {
            keyId: principal.keyId,
            userId: principal.userId,
            rateLimit: ownLimit(verdict, limit),
            nowMs,
          })
      : undefined,
  };
};

/** Forgets what this environment remembers of unknown keys. For tests. */
export const forgetUnknownKeys = (): void => unknownKeys.clear();
