import { startVerification } from "#core/auth/api-key.ts";
import { connectBeforeFirstKey } from "#core/auth/connect-early.ts";
import { requireKey } from "#core/auth/key-format.ts";
import type { KeyPrincipal, Principal } from "#core/auth/principal.ts";
import { GatewayError } from "#core/errors.ts";
import type { Caller } from "#core/generation/caller.ts";
import type { Call, RequestState } from "./request-state.ts";

export interface Authenticate {
  /** Finds out who is calling and counts the request, or throws a GatewayError. Fills `principal` and `limit`. */
  (state: RequestState): Promise<void>;
  /** Called once when a streaming function starts. */
  readonly beforeFirst?: () => void;
}

/** @throws GatewayError when a key was given to somebody else in Unkey, behind our back: the next request waits for the verdict */
const requireSame = (early: Principal | undefined, { userId, keyId }: KeyPrincipal): void => {
  if (early?.kind === "key" && early.userId === userId && early.keyId === keyId) return;
  throw new GatewayError("SERVICE_UNAVAILABLE", "Key verification is unavailable. Try again in a few seconds.", {
    retryAfterSeconds: 5,
  });
};

const verifyKeyOf = async (state: RequestState): Promise<void> => {
  const { route, headers, startedAtMs: nowMs } = state;
  const { early, verified: verdict } = startVerification(requireKey(headers), route.limit, route.id, nowMs);
  state.early = early;
  const verified = await verdict;
  // What has begun belongs to the caller that the mark named.
  if (state.verdict !== undefined) requireSame(state.principal, verified.principal);
  state.principal = verified.principal;
  state.limit = verified.limit;
  if (verified.deferred !== undefined) state.deferred.push(verified.deferred);
};

/** By API key: Unkey's verdict and limits, and our own mark of the key. */
export const byApiKey: Authenticate = Object.assign(verifyKeyOf, { beforeFirst: connectBeforeFirstKey });

/** The caller's key. For endpoints of `byApiKey` only: anything else is a programmer's error. */
export const keyPrincipal = (call: Pick<Call<unknown>, "principal">): KeyPrincipal => {
  if (call.principal?.kind !== "key") throw new Error("This endpoint is not behind an API key");
  return call.principal;
};

type Called = Pick<Call<unknown>, "principal" | "headers">;

/** The caller's key, and the provider key that the request names. For endpoints that have guardrails, or send nothing to judge. */
export const guardedCallerOf = (call: Called): Caller => ({
  principal: keyPrincipal(call),
  providerKeySlug: call.headers["x-provider-key"],
});

/**
 * The same for all other endpoints, which refuse guardrails: nobody who asks for them may believe that they are on.
 * @throws GatewayError BAD_REQUEST
 */
export const callerOf = (call: Called): Caller => {
  if (call.headers["x-guardrails"] === undefined) return guardedCallerOf(call);
  throw new GatewayError(
    "BAD_REQUEST",
    "This endpoint has no guardrails. Chat completions, messages, responses and the chat mode have them.",
    { param: "X-Guardrails" },
  );
};

/** Who is signed in, by key or session. */
export const anyPrincipal = (call: Pick<Call<unknown>, "principal">): Principal => {
  if (call.principal === undefined) throw new Error("This endpoint is not behind any authentication");
  return call.principal;
};
