/** The SST secrets. `sst secret set <name> <value>` sets one; a function sees only those that its route names. */
export const secretNames = [
  "UnkeyRootKey",
  "SupabaseAnonKey",
  "SupabaseServiceRoleKey",
  "OpenaiApiKey",
  "AnthropicApiKey",
  "GoogleApiKey",
  "XaiApiKey",
  "OpenrouterApiKey",
  "MinimaxApiKey",
  "FashnApiKey",
  "FalApiKey",
  "BflApiKey",
  "ExaApiKey",
  "LangfusePublicKey",
  "LangfuseSecretKey",
] as const;

export type SecretName = (typeof secretNames)[number];

/** The value of a secret that was never set: SST needs one for every secret at deploy time. */
export const unsetSecret = "unset";
