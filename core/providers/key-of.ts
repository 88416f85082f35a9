import type { KeyCredential, ProviderCredential } from "./provider.ts";

/** The credential of a provider that takes keys only. @throws Error for another one, which only Amazon Bedrock is given */
export const keyOf = (credential: ProviderCredential): KeyCredential => {
  if (credential.aws === undefined) return credential;
  throw new Error("This provider takes no signature of AWS");
};
