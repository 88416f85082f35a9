import { config } from "#core/config.ts";
import { GatewayError } from "#core/errors.ts";

/** Whether an address may get an account on this stage: open sign-up with platform keys is an open wallet. @throws GatewayError FORBIDDEN */
export const requireSignUpAllowed = (email: string): void => {
  const policy = config.signUpPolicy();
  if (policy === "open") return;
  const domain = email.slice(email.lastIndexOf("@") + 1).toLowerCase();
  if (policy === "domains" && config.signUpDomains().includes(domain)) return;
  throw new GatewayError("FORBIDDEN", "Sign-up is not available for this address.");
};
