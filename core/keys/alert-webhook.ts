import type { UserKey } from "#core/db/api-keys.ts";
import { newSigningSecret, requirePublicHost } from "#core/deliveries/destination.ts";
import { GatewayError } from "#core/errors.ts";
import { newId } from "#core/ids.ts";

/** Where the alerts of a key's budget go. */

export interface NewAlertWebhook {
  /** `whsec_…`: shown this once. */
  readonly secret: string;
  readonly webhook: NonNullable<UserKey["alertWebhook"]>;
}

/** @throws GatewayError BAD_REQUEST for a host that is not public; AwsError */
export const newAlertWebhook = async (userId: string, url: string): Promise<NewAlertWebhook> => {
  try {
    await requirePublicHost(url);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    throw new GatewayError(error.code, error.message, { param: "alertWebhookUrl" });
  }
  const secretContext = `webhook/${newId("delivery")}`;
  const { secret, sealed } = await newSigningSecret(userId, secretContext);
  return { secret, webhook: { url, secret: sealed, secretContext } };
};
