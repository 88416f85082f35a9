import { AwsError } from "#core/aws/json-call.ts";
import { limitsOf } from "#core/db/key-limits.ts";
import { hashKey, type KeyMark, readKeyMark, recordVerification } from "#core/db/key-marks.ts";
import { GatewayError } from "#core/errors.ts";
import { logger } from "#core/observability/logger.ts";
import { increment } from "#core/observability/metrics.ts";
import type { RateLimit } from "#core/routes.ts";
import { invalidApiKey } from "./key-format.ts";
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
const minuteMs = 60_000;

/** Hashes of keys that Unkey did not know, with the time until which we do not ask again. */
const unknownKeys = new Map<string, number>();

/** Hashes of keys that were refused or are near a limit, with the time until which their requests wait for the verdict. */
const waitingKeys = new Map<string, number>();

/** What is left of a limit, as a part of it, below which the next verdict may well be a refusal. */
const nearShare = 0.1;

const isNear = ({ limit, remaining, exceeded }: UnkeyLimit): boolean =>
  exceeded || remaining <= Math.max(1, limit * nearShare);

/** Whether a mark names another owner than Unkey: the key was given away there, behind our back. */
const isOthers = (mark: KeyMark | undefined, { valid, keyId, identity }: UnkeyVerdict): boolean =>
  valid && mark !== undefined && (mark.keyId !== keyId || mark.userId !== identity?.externalId);

const waitUntil = (keyHash: string, untilMs: number): void => {
  if (waitingKeys.size >= maxUnknown) waitingKeys.clear();
  waitingKeys.set(keyHash, untilMs);
};

/** Notes for how long requests of a key had better wait for their verdict. */
const rememberVerdict = (keyHash: string, mark: KeyMark | undefined, verdict: UnkeyVerdict, nowMs: number): void => {
  // Unkey's specification calls `reset` a duration, and its server sends an instant: one that is past is taken for neither.
  const endOf = ({ reset }: UnkeyLimit): number => (reset > nowMs ? reset : nowMs + minuteMs);
  const resets = (verdict.ratelimits ?? []).filter(isNear).map(endOf);
  if (!verdict.valid && resets.length === 0) resets.push(nowMs + minuteMs);
  if (isOthers(mark, verdict)) resets.push(Number.POSITIVE_INFINITY);
  if (resets.length > 0) waitUntil(keyHash, Math.max(...resets));
};

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

/** The caller as the mark of the key has it, where Unkey called the key valid a short while ago and it is near no limit. */
const principalOfMark = (mark: KeyMark | undefined, keyHash: string, nowMs: number): KeyPrincipal | undefined => {
  if (mark?.verifiedAt === undefined || mark.verifiedAt < nowMs - trustMs || refusedByMark(mark, nowMs))
    return undefined;
  if ((waitingKeys.get(keyHash) ?? 0) > nowMs) return undefined;
  const { userId, keyId, rateLimit } = mark;
  return { kind: "key", userId, keyId, rateLimit, limits: limitsOf(mark) };
};

interface Asked {
  readonly key: string;
  readonly keyHash: string;
  readonly limit: RateLimit | undefined;
  readonly routeId: string;
  readonly nowMs: number;
}

const verify = async (
  { key, keyHash, limit, routeId, nowMs }: Asked,
  reading: Promise<KeyMark | undefined>,
): Promise<VerifiedKey> => {
  const [verdict, mark] = await Promise.all([
    // Whatever goes wrong there, it throws no other error.
    verifyWithUnkey({ key, limit, tags: [`route=${routeId}`] }).catch((error: UnkeyUnavailable) => error),
    reading.catch((error: unknown) => {
      if (error instanceof AwsError) return error;
      throw error;
    }),
  ]);
  // Without our mark a revoked key could pass, so nobody does.
  if (mark instanceof AwsError) throw unavailable("The key table");
  if (verdict instanceof UnkeyUnavailable) {
    logger.warn("Unkey is unavailable", { reason: verdict.message, route: routeId });
    increment("UnkeyUnavailable");
    // This environment's own limiter may refuse the next request, and Unkey would not have said that it is near.
    waitUntil(keyHash, nowMs + minuteMs);
    if (refusedByMark(mark, nowMs)) throw invalidApiKey();
    if (mark?.verifiedAt === undefined || mark.verifiedAt < nowMs - trustMs) throw unavailable("Key verification");
    // An outage is rare: until there is one, nothing loads what gets over it.
    const { trustKnownKey } = await import("./trust-known-key.ts");
    return trustKnownKey(mark, limit, keyHash, nowMs);
  }
  rememberVerdict(keyHash, mark, verdict, nowMs);
  if (refusedByMark(mark, nowMs)) throw invalidApiKey();
  const principal = judge(verdict, mark, { keyHash, limit, nowMs });
  const due = mark?.verifiedAt === undefined || mark.verifiedAt < nowMs - noteAgainMs;
  return {
    principal,
    limit: nearestLimit((verdict.ratelimits ?? []).map(toState(limit))),
    deferred: due
      ? () =>
          recordVerification(
            keyHash,
            { keyId: principal.keyId, userId: principal.userId, rateLimit: ownLimit(verdict, limit), nowMs },
            mark?.userId === principal.userId,
          )
      : undefined,
  };
};

/** A verification under way. */
export interface KeyVerification {
  /** The caller by our own mark, as soon as that is read: the verdict may still refuse. Undefined where it is to be awaited. */
  readonly early: Promise<KeyPrincipal | undefined>;
  /** @throws GatewayError INVALID_API_KEY, RATE_LIMIT_EXCEEDED, or SERVICE_UNAVAILABLE when nobody can say. */
  readonly verified: Promise<VerifiedKey>;
}

/**
 * Round 1: Unkey's verdict, with the key's and the endpoint's limit counted in that one call, and our own mark beside it.
 * @throws GatewayError INVALID_API_KEY for a key that Unkey did not know a moment ago
 */
export const startVerification = (
  key: string,
  routeLimit: RateLimit | undefined,
  routeId: string,
  nowMs: number,
): KeyVerification => {
  const keyHash = hashKey(key);
  if (isUnknown(keyHash, nowMs)) throw invalidApiKey();
  const reading = readKeyMark(keyHash);
  const early = reading.then(
    (mark) => principalOfMark(mark, keyHash, nowMs),
    // The verification reports it.
    () => undefined,
  );
  return { early, verified: verify({ key, keyHash, limit: scaledLimit(routeLimit), routeId, nowMs }, reading) };
};

/** The verdict on a key. @throws GatewayError INVALID_API_KEY, RATE_LIMIT_EXCEEDED, or SERVICE_UNAVAILABLE when nobody can say. */
export const verifyApiKey = async (...asked: Parameters<typeof startVerification>): Promise<VerifiedKey> =>
  startVerification(...asked).verified;

/** Forgets what this environment remembers of keys. For tests. */
export const forgetUnknownKeys = (): void => {
  unknownKeys.clear();
  waitingKeys.clear();
};
