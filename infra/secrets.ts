import { type SecretName, secretNames, unsetSecret } from "#core/secrets.ts";

/** The gateway cannot answer without these. Any other may stay unset: its provider is then off. */
const required: readonly SecretName[] = ["UnkeyRootKey", "SupabaseAnonKey"];

/** One SST secret for each name. A deploy fails, and says how to set it, when a required one has no value. */
export const createSecrets = (): Readonly<Record<SecretName, sst.Secret>> =>
  Object.fromEntries(
    secretNames.map((name) => [
      name,
      required.includes(name) ? new sst.Secret(name) : new sst.Secret(name, unsetSecret),
    ]),
  ) as Record<SecretName, sst.Secret>;
