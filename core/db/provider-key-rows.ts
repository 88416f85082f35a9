import "#function";
import * as z from "zod/mini";
import { rowKeys } from "./row-keys.ts";
import type { ItemKey } from "./table.ts";

/** Providers that a caller may store a key for; `custom` is any, by its address. */
export const byokProviders = [
  "openai",
  "anthropic",
  "google",
  "x-ai",
  "openrouter",
  "minimax",
  "fashn",
  "fal",
  "bfl",
  "bedrock",
  "custom",
] as const;
export type ByokProvider = (typeof byokProviders)[number];

/** How a custom provider is asked: in OpenAI's API or in Anthropic's. */
export const customProtocols = ["openai", "anthropic"] as const;
/** The header that has the key; `authorization` as a bearer token. */
export const customAuthHeaders = ["authorization", "api-key", "x-api-key"] as const;

/** A model of a custom provider, as its owner describes it. */
const customModelSchema = z.object({
  id: z.string(),
  /** Whole micro-dollars for a million tokens. */
  prices: z.optional(
    z.object({
      input: z.number(),
      output: z.number(),
      cachedInput: z.optional(z.number()),
      cacheWrite: z.optional(z.number()),
    }),
  ),
  /** Tokens. */
  contextWindow: z.optional(z.number()),
});
export type CustomModel = z.infer<typeof customModelSchema>;

/** Where and how a custom provider is asked. Its key is sealed together with the address, and opens with no other. */
const customEndpointSchema = z.object({
  baseUrl: z.string(),
  protocol: z.enum(customProtocols),
  authHeader: z.enum(customAuthHeaders),
  /** The query parameter `api-version` of Azure. */
  apiVersion: z.optional(z.string()),
  models: z._default(z.array(customModelSchema), []),
});
export type CustomEndpoint = z.infer<typeof customEndpointSchema>;

/** An IAM role in a caller's account, which is assumed in place of a key. */
const awsRoleSchema = z.object({
  arn: z.string(),
  /** Made by the gateway for the user: the role trusts the gateway under this id alone. */
  externalId: z.string(),
});

/** A provider key as its row holds it: sealed, or a role. */
export const providerKeyRowSchema = z.object({
  id: z.string(),
  userId: z.string(),
  provider: z.enum(byokProviders),
  slug: z.string(),
  displayName: z.string(),
  last4: z.string(),
  /** ISO 8601. */
  createdAt: z.string(),
  /** Counts re-encryptions of the data key. */
  keyVersion: z.optional(z.number()),
  /** The data key under KMS, base64. */
  wrappedKey: z.optional(z.string()),
  /** The key. A row has it or `awsRole`. */
  sealed: z.optional(
    z.object({
      version: z.literal(1),
      nonce: z.string(),
      ciphertext: z.string(),
      tag: z.string(),
    }),
  ),
  awsRole: z.optional(awsRoleSchema),
  /** Of a key of Amazon Bedrock, such as `us-east-1`. */
  region: z.optional(z.string()),
  /** When a request last used it, to the hour; ISO 8601. Written behind the requests, from the usage table's stream. */
  lastUsedAt: z.optional(z.string()),
  /** Its owner has paused it: it serves no request. */
  paused: z.optional(z.boolean()),
  /** Set exactly where `provider` is `custom`. */
  custom: z.optional(customEndpointSchema),
});

export type ProviderKeyRow = z.infer<typeof providerKeyRowSchema>;
/** What the row of a key has, and that of a role does not. */
export interface Sealed {
  readonly keyVersion: number;
  readonly wrappedKey: string;
  readonly sealed: NonNullable<ProviderKeyRow["sealed"]>;
}
export type SealedRow = ProviderKeyRow & Sealed;

/** The key of a provider key's row. */
export const providerKeyRowKey = ({
  userId,
  id,
  provider,
}: Pick<ProviderKeyRow, "userId" | "id" | "provider">): ItemKey =>
  provider === "custom" || provider === "bedrock"
    ? rowKeys.laterProviderKey(userId, id)
    : rowKeys.providerKey(userId, id);

/** The provider of a role's row in the table: versions that know no roles leave out rows of providers that they do not know. */
export const roleProvider = "bedrock-role";

const knownProviders: ReadonlySet<unknown> = new Set([...byokProviders, roleProvider]);

/**
 * The provider keys among a query's rows, in its order, without those of providers that this version does not know: a newer
 * one may run at the same time, and store keys for others.
 */
export const parseProviderKeys = (items: readonly Readonly<Record<string, unknown>>[]): ProviderKeyRow[] =>
  items
    .filter(({ provider }) => knownProviders.has(provider))
    .map((item) =>
      providerKeyRowSchema.parse(item.provider === roleProvider ? { ...item, provider: "bedrock" } : item),
    );
