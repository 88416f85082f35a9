import type { ProviderKeyRow } from "#core/db/provider-key-rows.ts";
import { ProviderFailure, type SigningCredential } from "#core/providers/provider.ts";
import { bedrockBaseUrl, defaultBedrockRegion } from "#core/upstreams.ts";
import { type CallersRole, roleSessions } from "./role-sessions.ts";

/** What AWS answers for a session that it no longer takes, whatever its end was said to be. */
const endedSession: ReadonlySet<string | undefined> = new Set(["ExpiredTokenException", "UnrecognizedClientException"]);

/** Waits no longer than a signal lets. What is waited for goes on: other requests share it. @throws ProviderFailure aborted */
const orAborted = async <Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> => {
  if (signal === undefined) return work;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => {
    const failure = new ProviderFailure("bedrock", "aborted", "The call was aborted");
    failure.handedOver = false;
    reject(failure);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
};

/**
 * Calls Bedrock as a caller's role.
 * @param requestId of the request that it is for
 * @param signal ends the wait for AWS, not the assuming
 * @throws ProviderFailure where AWS does not let the gateway assume the role, or the signal fires before it has; GatewayError
 * for a role that it never assumes
 */
export const roleCredential = async (
  { userId, id, region = defaultBedrockRegion }: Pick<ProviderKeyRow, "userId" | "id" | "region">,
  { arn: roleArn, externalId }: NonNullable<ProviderKeyRow["awsRole"]>,
  requestId: string,
  signal?: AbortSignal,
): Promise<SigningCredential> => {
  const role: CallersRole = { userId, id, roleArn, externalId };
  const { accessKeyId, secretAccessKey, sessionToken } = await orAborted(roleSessions.of(role, requestId), signal);
  return {
    aws: { accessKeyId, secretAccessKey, sessionToken, region },
    baseUrl: bedrockBaseUrl(region),
    byok: true,
    providerKeyId: id,
    onRefused: (code) => {
      if (endedSession.has(code)) roleSessions.forget(role);
    },
  };
};
