import type { ProviderKeyRow } from "#core/db/provider-key-rows.ts";
import type { SigningCredential } from "#core/providers/provider.ts";
import { bedrockBaseUrl, defaultBedrockRegion } from "#core/upstreams.ts";
import { type CallersRole, roleSessions } from "./role-sessions.ts";

/** What AWS answers for a session that it no longer takes, whatever its end was said to be. */
const endedSession: ReadonlySet<string | undefined> = new Set(["ExpiredTokenException", "UnrecognizedClientException"]);

/**
 * Calls Bedrock as a caller's role. @param requestId of the request that it is for.
 * @throws ProviderFailure where AWS does not let the gateway assume the role; GatewayError for a role that it never assumes
 */
export const roleCredential = async (
  { userId, id, region = defaultBedrockRegion }: Pick<ProviderKeyRow, "userId" | "id" | "region">,
  { arn: roleArn, externalId }: NonNullable<ProviderKeyRow["awsRole"]>,
  requestId: string,
): Promise<SigningCredential> => {
  const role: CallersRole = { userId, id, roleArn, externalId };
  const { accessKeyId, secretAccessKey, sessionToken } = await roleSessions.of(role, requestId);
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
