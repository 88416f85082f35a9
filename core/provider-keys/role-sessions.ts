import { randomBytes } from "node:crypto";
import { accountArn } from "#core/aws/account.ts";
import { type AssumedRole, assumeRole, type RoleToAssume, StsError } from "#core/aws/sts.ts";
import { type FailureKind, ProviderFailure } from "#core/providers/provider.ts";
import { requireForeignRole } from "./role-arn.ts";

/** Sessions of callers' roles, kept in memory: a request that finds one asks nobody. */

/** What a caller's role is assumed with. */
export interface CallersRole {
  readonly userId: string;
  /** Of the provider key. */
  readonly id: string;
  readonly roleArn: string;
  /** Made for the user by the gateway, never by the user: another user's role does not trust it. */
  readonly externalId: string;
}

/**
 * All that a session may do, whatever its role allows: ask models, under a guardrail where the request names one.
 * https://docs.aws.amazon.com/bedrock/latest/userguide/inference-prereq.html
 */
export const sessionPolicy = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Action: ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream", "bedrock:ApplyGuardrail"],
      Resource: "*",
    },
  ],
});

export const newExternalId = (): string => `concurred-${randomBytes(20).toString("hex")}`;

/** A failure before anything was sent to Bedrock. */
const failure = (kind: FailureKind, message: string, status?: number): ProviderFailure => {
  const made = new ProviderFailure("bedrock", kind, message, {
    status,
    ...(kind === "auth" ? { providerMessage: message } : {}),
  });
  made.handedOver = false;
  return made;
};

/** Faults of the gateway's own standing with STS: no caller can change them. */
const oursToFix: ReadonlySet<string> = new Set([
  "ExpiredToken",
  "IncompleteSignature",
  "InvalidClientTokenId",
  "MalformedAnswer",
  "MalformedPolicyDocument",
  "PackedPolicyTooLarge",
  "RegionDisabledException",
  "SignatureDoesNotMatch",
]);

/** STS's own words name the role of the function that asked, so they are never passed on. */
const toFailure = (error: unknown, { roleArn }: CallersRole): unknown => {
  if (!(error instanceof StsError)) return error;
  if (error.type === "Throttling") return failure("rate-limit", "AWS STS is throttling requests", 429);
  if (error.transient || oursToFix.has(error.type))
    return failure("server", "AWS STS gave no session of the role", 503);
  const trusted = `Its trust policy must allow sts:AssumeRole to ${accountArn()} under your external id`;
  return failure("auth", `AWS did not let the gateway assume ${roleArn} (${error.type}). ${trusted}.`, 403);
};

const trustsAnyone = ({ roleArn }: CallersRole): ProviderFailure =>
  failure(
    "auth",
    `The trust policy of ${roleArn} does not require your external id, so that every user of this gateway could use the role. Add the condition StringEquals sts:ExternalId.`,
    403,
  );

/** For callers: a key's holder does not learn its owner's role. A test of the provider key has the words in full. */
const withoutRole = (error: unknown): unknown =>
  error instanceof ProviderFailure && error.kind === "auth"
    ? failure(
        "auth",
        "AWS did not let the gateway assume the role of your provider key. Its owner can test it: POST /api/v1/provider-keys/test says why.",
        403,
      )
    : error;

type Assume = (role: RoleToAssume) => Promise<AssumedRole>;

/**
 * Assumes a caller's role without keeping its session, and tries it with an external id that nobody has: a role that lets that in is refused, since any
 * user could name it. Both at once, so that it takes no longer. @throws ProviderFailure, or GatewayError for a role of ours
 */
export const assumeCallersRole = async (
  role: CallersRole,
  requestId: string,
  assume: Assume = assumeRole,
): Promise<AssumedRole> => {
  const { roleArn, externalId } = role;
  requireForeignRole(roleArn);
  const asked = { roleArn, sessionName: `concurred-${requestId}`, policy: sessionPolicy };
  const [own, strangers] = await Promise.allSettled([
    assume({ ...asked, externalId }),
    assume({ ...asked, externalId: newExternalId() }),
  ]);
  if (strangers.status === "fulfilled") throw trustsAnyone(role);
  if (own.status === "rejected") throw toFailure(own.reason, role);
  const { reason } = strangers;
  // No proof that a stranger is refused.
  if (!(reason instanceof StsError) || reason.type !== "AccessDenied") throw toFailure(reason, role);
  return own.value;
};

interface Session {
  readonly assuming: Promise<AssumedRole>;
  /** Unix ms; unknown until the role is assumed. */
  expiresAtMs: number;
}

/** Before a session's end it is no longer used for new calls, ms: a call's clock and AWS's may differ. */
const marginMs = 5 * 60_000;
const maxSessions = 500;

const nameOf = ({ userId, id, roleArn, externalId }: CallersRole): string =>
  JSON.stringify([userId, id, roleArn, externalId]);

/** One environment's sessions. */
export class RoleSessions {
  readonly #sessions = new Map<string, Session>();
  readonly #assume: Assume;
  readonly #nowMs: () => number;

  constructor(assume: Assume = assumeRole, nowMs: () => number = Date.now) {
    this.#assume = assume;
    this.#nowMs = nowMs;
  }

  /**
   * A session of a role. Requests that come while it is assumed share one call.
   * @param requestId of the request that needs it, which the session is named by
   * @throws ProviderFailure, or GatewayError for a role of the gateway's own account
   */
  of(role: CallersRole, requestId: string): Promise<AssumedRole> {
    const name = nameOf(role);
    const known = this.#sessions.get(name);
    if (known !== undefined && this.#nowMs() < known.expiresAtMs - marginMs) return known.assuming;
    const session: Session = {
      assuming: assumeCallersRole(role, requestId, this.#assume).catch((error: unknown) => {
        throw withoutRole(error);
      }),
      expiresAtMs: Number.POSITIVE_INFINITY,
    };
    this.#keep(name, session);
    session.assuming.then(
      ({ expiresAtMs }) => {
        session.expiresAtMs = expiresAtMs;
      },
      () => {
        // The next request asks anew.
        if (this.#sessions.get(name) === session) this.#sessions.delete(name);
      },
    );
    return session.assuming;
  }

  /** Forgets a session that AWS no longer takes. */
  forget(role: CallersRole): void {
    this.#sessions.delete(nameOf(role));
  }

  #keep(name: string, session: Session): void {
    this.#sessions.delete(name);
    this.#sessions.set(name, session);
    if (this.#sessions.size <= maxSessions) return;
    const [oldest] = this.#sessions.keys();
    if (oldest !== undefined) this.#sessions.delete(oldest);
  }
}

/** Of this environment. */
export const roleSessions = new RoleSessions();
