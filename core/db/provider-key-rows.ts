import * as z from "zod/mini";
import { rowKeys } from "./row-keys.ts";
import { queryPrefix } from "./table.ts";

/** Providers that a caller may store a key for. */
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
] as const;
export type ByokProvider = (typeof byokProviders)[number];

/** A sealed provider key as its row holds it. */
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
  keyVersion: z.number(),
  /** The data key under KMS, base64. */
  wrappedKey: z.string(),
  sealed: z.object({
    version: z.literal(1),
    nonce: z.string(),
    ciphertext: z.string(),
    tag: z.string(),
  }),
});

export type ProviderKeyRow = z.infer<typeof providerKeyRowSchema>;

/** At most this many keys of one user: one read of a request brings them all. */
export const maxProviderKeys = 50;

/** A user's provider keys for one request, newest first. Read with each request: a removed key serves no later one. @throws AwsError */
export const readProviderKeys = async (userId: string): Promise<readonly ProviderKeyRow[]> => {
  const { pk, sk } = rowKeys.providerKey(userId, "");
  const items = await queryPrefix("providerKeys", pk, sk, {
    limit: maxProviderKeys,
    descending: true,
    consistent: true,
  });
  return items.map((item) => providerKeyRowSchema.parse(item));
};
