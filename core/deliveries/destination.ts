import { randomBytes } from "node:crypto";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { type SealedText, sealText } from "#core/encryption/sealed-text.ts";
import { GatewayError } from "#core/errors.ts";
import { isPublicAddress } from "#core/outbound/public-address.ts";

/** Where a user wants something delivered, and the secret that signs it. */

const lookupTimeoutMs = 3_000;

/** How errors name an address. */
interface Named {
  readonly param: string;
  readonly name: string;
}

const webhook: Named = { param: "webhookUrl", name: "webhook URL" };

const refuse = (why: string, { param, name }: Named): GatewayError =>
  new GatewayError("BAD_REQUEST", `The ${name} cannot be used: ${why}.`, { param });

/**
 * Refuses a webhook whose host resolves to an address that is not public. Each delivery checks again inside its connection,
 * since the name may resolve differently by then. @throws GatewayError BAD_REQUEST
 */
export const requirePublicHost = async (url: string, named: Named = webhook): Promise<void> => {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0) {
    if (!isPublicAddress(host)) throw refuse("its address is not public", named);
    return;
  }
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("The host did not resolve in time")), lookupTimeoutMs);
  });
  const addresses = await Promise.race([lookup(host, { all: true }), timeout])
    .catch(() => {
      throw refuse("its host does not resolve", named);
    })
    .finally(() => clearTimeout(timer));
  if (!addresses.every(({ address }) => isPublicAddress(address))) throw refuse("its address is not public", named);
};

/**
 * A secret that signs what goes to one URL, shown to its owner once, and its sealed form for a row.
 * @param context what the seal is bound to, such as `webhook/<job id>` @throws AwsError
 */
export const newSigningSecret = async (
  userId: string,
  context: string,
): Promise<{ readonly secret: string; readonly sealed: SealedText }> => {
  const secret = `whsec_${randomBytes(24).toString("base64")}`;
  const sealed = await sealText(secret, userId, context);
  if (sealed === undefined) throw new Error("A webhook's secret was too long to seal");
  return { secret, sealed };
};
