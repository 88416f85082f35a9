import { keyHash } from "./key-text.ts";
import { permits } from "./permission-query.ts";
import { Problem } from "./problem.ts";
import type { RequestOf } from "./requests.ts";
import type { LimitCheck, SlidingWindows } from "./sliding-window.ts";
import type { State, StoredIdentity, StoredKey } from "./state.ts";
import { identityView } from "./views.ts";

type VerdictCode =
  | "VALID"
  | "NOT_FOUND"
  | "INSUFFICIENT_PERMISSIONS"
  | "USAGE_EXCEEDED"
  | "RATE_LIMITED"
  | "DISABLED"
  | "EXPIRED";
type WantedLimit = NonNullable<RequestOf<"verifyKey">["ratelimits"]>[number];

/** A limit of this verification and how it is shown. */
interface AppliedLimit extends LimitCheck {
  readonly id: string;
  readonly name: string;
  readonly autoApply: boolean;
}

/**
 * keys.verifyKey: every verdict is a 200. The first that applies wins: NOT_FOUND, DISABLED, EXPIRED,
 * INSUFFICIENT_PERMISSIONS, RATE_LIMITED, USAGE_EXCEEDED. A refused request costs neither quota nor credits.
 * @throws Problem 412 when a limit is asked for that neither the key nor its identity has.
 */
export const verifyKey = (request: RequestOf<"verifyKey">, state: State, windows: SlidingWindows, nowMs: number) => {
  const key = state.keysByHash.get(keyHash(request.key));
  if (key === undefined) return { valid: false, code: "NOT_FOUND" satisfies VerdictCode };
  const identity = state.identityOf(key);
  const verdict = (code: VerdictCode, ratelimits: readonly object[] = []) => ({
    valid: code === "VALID",
    code,
    keyId: key.keyId,
    ...(key.name !== undefined && { name: key.name }),
    ...(key.meta !== undefined && { meta: key.meta }),
    ...(key.expires !== undefined && { expires: key.expires }),
    ...(typeof key.credits?.remaining === "number" && { credits: key.credits.remaining }),
    enabled: key.enabled,
    ...(key.permissions.length > 0 && { permissions: key.permissions }),
    ...(key.roles.length > 0 && { roles: key.roles }),
    ...(identity !== undefined && { identity: identityView(identity) }),
    ...(ratelimits.length > 0 && { ratelimits }),
  });

  if (!key.enabled) return verdict("DISABLED");
  if (key.expires !== undefined && key.expires <= nowMs) return verdict("EXPIRED");
  if (request.permissions !== undefined && !permits(request.permissions, key.permissions)) {
    return verdict("INSUFFICIENT_PERMISSIONS");
  }
  const limits = appliedLimits(request.ratelimits ?? [], key, identity);
  const cost = request.credits?.cost ?? 1;
  const credits = key.credits;
  const affordable = typeof credits?.remaining !== "number" || credits.remaining >= cost;
  const verdicts = windows.check(limits, nowMs, affordable);
  const shown = limits.map(({ id, name, limit, durationMs, autoApply }, index) => ({
    exceeded: verdicts[index]?.exceeded ?? false,
    id,
    name,
    limit,
    duration: durationMs,
    reset: verdicts[index]?.resetMs ?? nowMs,
    remaining: verdicts[index]?.remaining ?? 0,
    autoApply,
  }));
  if (verdicts.some(({ exceeded }) => exceeded)) return verdict("RATE_LIMITED", shown);
  if (!affordable) return verdict("USAGE_EXCEEDED", shown);
  if (typeof credits?.remaining === "number") credits.remaining -= cost;
  key.lastUsedAt = nowMs;
  return verdict("VALID", shown);
};

/** The limits that apply by themselves, then the asked for, one of each name. A key's own limit beats its identity's. */
const appliedLimits = (
  wanted: readonly WantedLimit[],
  key: StoredKey,
  identity: StoredIdentity | undefined,
): AppliedLimit[] => {
  const limits = new Map<string, AppliedLimit>();
  const known = new Map<string, AppliedLimit>();
  for (const owner of [identity, key]) {
    const ownerId = owner === key ? key.keyId : identity?.id;
    for (const { id, name, limit, duration, autoApply } of owner?.ratelimits ?? []) {
      known.set(name, { id, name, limit, durationMs: duration, autoApply, cost: 1, counter: `${ownerId} ${name}` });
    }
  }
  for (const limit of known.values()) {
    if (limit.autoApply) limits.set(limit.name, limit);
  }
  for (const { name, cost, limit, duration } of wanted) {
    const found = known.get(name);
    if (limit !== undefined && duration) {
      const counter = `${key.keyId} ${name}`;
      limits.set(name, { id: "", name, limit, durationMs: duration, autoApply: false, cost, counter });
    } else if (found !== undefined) {
      limits.set(name, { ...found, cost, limit: limit ?? found.limit, durationMs: duration || found.durationMs });
    } else {
      throw unknownLimit(name, key.keyId, identity);
    }
  }
  return [...limits.values()];
};

const unknownLimit = (name: string, keyId: string, identity: StoredIdentity | undefined): Problem =>
  new Problem(
    "preconditionFailed",
    "unkey/application/precondition_failed",
    `The ratelimit '${name}' was asked for, but neither the key '${keyId}' nor ` +
      `${identity === undefined ? "an identity (it has none)" : `its identity '${identity.id}'`} has it.`,
  );
