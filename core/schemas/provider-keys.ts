import * as z from "zod";
import { type CustomPresetId, customPresetIds, customPresets } from "#core/catalog/custom-presets.ts";
import { isReservedSlug } from "#core/catalog/resolve.ts";
import { byokProviders, customAuthHeaders, customProtocols } from "#core/db/provider-key-rows.ts";
import { defaultBedrockRegion } from "#core/upstreams.ts";

const slug = z.string().regex(/^[a-z0-9-]{1,64}$/, "must match ^[a-z0-9-]{1,64}$");
const displayName = z.string().trim().min(1).max(100);

/** Providers with an address of their own. */
export const namedByokProviders = byokProviders.filter((provider) => provider !== "custom" && provider !== "bedrock");

const namedAccess = {
  provider: z.enum(namedByokProviders),
  /** Printable ASCII: it becomes a header. */
  apiKey: z
    .string()
    .trim()
    .regex(/^[\x21-\x7e]{8,500}$/, "must be 8 to 500 printable characters without spaces"),
};

const bedrockAccess = {
  provider: z.literal("bedrock"),
  region: z
    .string()
    .regex(/^[a-z]{2}(?:-[a-z]{1,12}){1,3}-\d$/, "must be a region of AWS such as us-east-1")
    .default(defaultBedrockRegion),
  /** An API key of Bedrock. Those that last for hours have a thousand characters and more. */
  apiKey: z
    .string()
    .trim()
    .regex(/^[\x21-\x7e]{8,4000}$/, "must be 8 to 4,000 printable characters without spaces")
    .optional(),
  roleArn: z
    .string()
    .trim()
    .min(1)
    .max(2_048)
    .describe(
      "An IAM role of your own account in place of a key; GET /provider-keys has the external id that it must require",
    )
    .optional(),
};

/** Of Bedrock: a key, or a role. */
const hasOneAccess = ({ apiKey, roleArn }: { apiKey?: string | undefined; roleArn?: string | undefined }): boolean =>
  (apiKey === undefined) !== (roleArn === undefined);
const oneAccess = { path: ["apiKey"], message: "is required, unless roleArn is set instead" };

const verify = z.boolean().describe("Stores the key only if the provider accepts it").optional();

const named = z.strictObject({ ...namedAccess, slug, displayName, verify });

const maxModels = 20;
const price = z.number().min(0).max(10_000);

const model = z.strictObject({
  id: z.string().regex(/^[\w.:@/+-]{1,160}$/, "must be 1 to 160 letters, digits and . : @ / + - _"),
  prices: z
    .strictObject({
      input: price,
      output: price,
      cachedInput: price.optional(),
      cacheWrite: price.optional(),
    })
    .describe("USD for a million tokens")
    .optional(),
  contextWindow: z.int().min(1).max(100_000_000).describe("Tokens").optional(),
});

const customAccess = {
  provider: z.literal("custom"),
  preset: z
    .enum(customPresetIds)
    .describe("Sets what the request leaves out: baseUrl, protocol, authHeader")
    .optional(),
  baseUrl: z.string().trim().max(500).optional(),
  protocol: z.enum(customProtocols).optional(),
  authHeader: z.enum(customAuthHeaders).optional(),
  apiVersion: z
    .string()
    .regex(/^[\w.-]{1,40}$/, "must be a version such as 2024-10-21")
    .describe("The query parameter api-version of Azure")
    .optional(),
  apiKey: z
    .string()
    .trim()
    .regex(/^[\x21-\x7e]{1,500}$/, "must be 1 to 500 printable characters without spaces"),
};

const custom = z.strictObject({
  ...customAccess,
  slug: slug.refine((text) => !isReservedSlug(text), "is the name of a provider or a model: choose another"),
  displayName,
  models: z.array(model).max(maxModels).optional(),
  verify,
});

const bedrock = z.strictObject({ ...bedrockAccess, slug, displayName, verify }).refine(hasOneAccess, oneAccess);

const customTest = z.strictObject({
  ...customAccess,
  model: model.shape.id.describe("Asked for one token where the server has no list of models").optional(),
});

const hasAddress = ({ baseUrl, preset }: { baseUrl?: string | undefined; preset?: CustomPresetId | undefined }) =>
  baseUrl !== undefined || (preset !== undefined && customPresets[preset].baseUrl !== undefined);

export const createProviderKeySchema = z.discriminatedUnion("provider", [
  named,
  bedrock,
  custom.refine(hasAddress, { path: ["baseUrl"], message: "is required, unless a preset has one" }),
]);

/** A key that is not stored yet. */
export const testProviderKeySchema = z.discriminatedUnion("provider", [
  z.strictObject(namedAccess),
  z.strictObject(bedrockAccess).refine(hasOneAccess, oneAccess),
  customTest.refine(hasAddress, { path: ["baseUrl"], message: "is required, unless a preset has one" }),
]);

export const updateProviderKeySchema = z
  .strictObject({
    displayName: displayName.optional(),
    paused: z.boolean().describe("A paused key serves no request").optional(),
  })
  .refine(({ displayName: name, paused }) => name !== undefined || paused !== undefined, "must change something");

export type UpdateProviderKey = z.infer<typeof updateProviderKeySchema>;
export type TestProviderKey = z.infer<typeof testProviderKeySchema>;
export type CreateProviderKey = z.infer<typeof createProviderKeySchema>;
/** Where a custom provider is, as a request states it. */
export type CustomAddress = Pick<
  z.infer<typeof custom>,
  "preset" | "baseUrl" | "protocol" | "authHeader" | "apiVersion" | "models"
>;
