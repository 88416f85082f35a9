import type { AuthHeader } from "./custom-presets.ts";
import type { Timestamp } from "./keys.ts";
import { data, request } from "./request.ts";

export type Protocol = "openai" | "anthropic";

export interface CustomModel {
  readonly id: string;
  /** USD for a million tokens. */
  readonly prices?: { readonly input: number; readonly output: number };
  /** Tokens. */
  readonly contextWindow?: number;
}

export interface CustomEndpoint {
  readonly baseUrl: string;
  readonly protocol: Protocol;
  readonly authHeader: AuthHeader;
  readonly apiVersion?: string;
  readonly models: readonly CustomModel[];
}

export interface ProviderKey {
  readonly id: string;
  readonly provider: string;
  readonly slug: string;
  readonly displayName: string;
  readonly last4: string;
  readonly createdAt: Timestamp;
  readonly paused: boolean;
  readonly lastUsedAt: Timestamp | null;
  /** Of Amazon Bedrock. */
  readonly region?: string;
  /** Of Amazon Bedrock, where a role stands in place of a key. */
  readonly roleArn?: string;
  /** Of a custom provider; `modelPrefix` is how names of its models begin. */
  readonly custom?: CustomEndpoint & { readonly modelPrefix: string };
}

/** What the trust policy of a role for Amazon Bedrock needs. */
export interface BedrockTrust {
  readonly externalId: string;
  readonly principal: string | undefined;
}

export interface ProviderKeyList {
  /** Newest first. */
  readonly keys: readonly ProviderKey[];
  /** Undefined where the gateway takes no roles. */
  readonly trust: BedrockTrust | undefined;
}

/** How a provider is reached, before it has a name here. */
export type ProviderAccess = { readonly provider: string } & (
  | { readonly apiKey: string; readonly region?: string }
  | { readonly roleArn: string; readonly region: string }
  | ({ readonly apiKey: string } & Omit<CustomEndpoint, "models">)
);

export interface ProviderKeyNames {
  readonly slug: string;
  readonly displayName: string;
  /** Of a custom provider. */
  readonly models?: readonly CustomModel[];
}

export interface KeyTest {
  readonly ok: boolean;
  /** Of the provider's answer; null where none came. */
  readonly status: number | null;
  /** The provider's own words. */
  readonly message: string | null;
  readonly latencyMs: number;
}

export const listProviderKeys = async (signal?: AbortSignal): Promise<ProviderKeyList> => {
  const { json } = await request("v1/provider-keys", signal === undefined ? {} : { signal });
  const {
    data: keys,
    bedrockExternalId,
    bedrockPrincipal,
  } = json as {
    readonly data: readonly ProviderKey[];
    readonly bedrockExternalId?: string;
    readonly bedrockPrincipal?: string;
  };
  const trust =
    bedrockExternalId === undefined ? undefined : { externalId: bedrockExternalId, principal: bedrockPrincipal };
  return { keys, trust };
};

/** Asks the provider whether it takes a key, and stores nothing. `model` is for custom servers without a list of models. */
export const testProviderKey = (access: ProviderAccess, model?: string): Promise<KeyTest> =>
  data("v1/provider-keys/test", { method: "POST", body: { ...access, ...(model === undefined ? {} : { model }) } });

export const addProviderKey = (access: ProviderAccess, names: ProviderKeyNames): Promise<ProviderKey> =>
  data("v1/provider-keys", { method: "POST", body: { ...access, ...names } });

const pathOf = (id: string): string => `v1/provider-keys/${encodeURIComponent(id)}`;

export const updateProviderKey = (
  id: string,
  changes: { readonly displayName?: string; readonly paused?: boolean },
): Promise<ProviderKey> => data(pathOf(id), { method: "PATCH", body: changes });

export const removeProviderKey = async (id: string): Promise<void> => {
  await request(pathOf(id), { method: "DELETE" });
};
