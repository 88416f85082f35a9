import * as z from "zod";

/**
 * The request bodies, as Unkey's specification limits them (contracts/unkey-openapi; a contract test compares).
 * Nearly all refuse unknown fields.
 */

const id = z.string().min(3).max(255).regex(/^\w+$/);
const externalId = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[\w.-]+$/);
const name = z.string().min(1).max(255);
const meta = z
  .record(z.string(), z.unknown())
  .refine((value) => Object.keys(value).length <= 100, "Too many properties: expected at most 100");
const expires = z.int().min(0).max(4_102_444_800_000);
const grantPattern = /^[\w:\-.*]+$/;
const roles = z.array(z.string().min(1).max(100).regex(grantPattern)).max(100);
const pageLimit = z.int().min(1).max(100).default(100);

const refill = z.strictObject({
  interval: z.enum(["daily", "monthly"]),
  amount: z.int().min(1),
  refillDay: z.int().min(1).max(31).optional(),
});
const ratelimits = z
  .array(
    z.object({
      name: z.string().min(3).max(128),
      limit: z.int().min(1),
      duration: z.int().min(1_000),
      autoApply: z.boolean(),
    }),
  )
  .max(50);
const limitCheck = z.strictObject({
  namespace: z.string().min(1).max(255),
  identifier: z.string().min(1).max(255),
  limit: z.int().min(1),
  duration: z.int().min(1_000).max(2_592_000_000),
  cost: z.int().min(0).default(1),
});
const identity = z.string().min(1);

export const requests = {
  createKey: z.strictObject({
    apiId: id,
    prefix: z.string().min(1).max(16).regex(/^\w+$/).optional(),
    name: name.optional(),
    byteLength: z.int().min(16).max(255).default(16),
    externalId: externalId.optional(),
    meta: meta.optional(),
    roles: roles.optional(),
    permissions: z.array(z.string().min(1).max(100)).max(1_000).optional(),
    expires: expires.optional(),
    credits: z.strictObject({ remaining: z.int().min(0).nullable(), refill: refill.optional() }).optional(),
    ratelimits: ratelimits.optional(),
    enabled: z.boolean().default(true),
    recoverable: z.boolean().default(false),
  }),
  verifyKey: z.strictObject({
    key: z.string().min(1).max(512),
    tags: z.array(z.string().min(1).max(512)).max(20).optional(),
    permissions: z.string().min(1).max(1_000).optional(),
    credits: z.strictObject({ cost: z.int().min(0).max(1_000_000_000_000) }).optional(),
    ratelimits: z
      .array(
        z.object({
          name: z.string().min(3).max(255),
          cost: z.int().min(0).default(1),
          limit: z.int().min(0).optional(),
          duration: z.int().min(0).optional(),
        }),
      )
      .optional(),
    migrationId: z.string().max(256).optional(),
  }),
  updateKey: z.strictObject({
    keyId: id,
    name: name.nullable().optional(),
    externalId: externalId.nullable().optional(),
    meta: meta.nullable().optional(),
    expires: expires.nullable().optional(),
    credits: z
      .strictObject({ remaining: z.int().min(0).nullable().optional(), refill: refill.nullable().optional() })
      .nullable()
      .optional(),
    ratelimits: ratelimits.optional(),
    enabled: z.boolean().optional(),
    roles: roles.optional(),
    permissions: z.array(z.string().min(3).max(100).regex(grantPattern)).max(1_000).optional(),
  }),
  deleteKey: z.strictObject({ keyId: id, permanent: z.boolean().default(false) }),
  getKey: z.strictObject({ keyId: id, decrypt: z.boolean().default(false) }),
  rerollKey: z.object({ keyId: id, expiration: expires }),
  whoami: z.strictObject({ key: z.string().min(1).max(512) }),
  listKeys: z.strictObject({
    apiId: z.string().min(1),
    limit: pageLimit,
    cursor: z.string().optional(),
    externalId: z.string().min(1).optional(),
    decrypt: z.boolean().default(false),
    revalidateKeysCache: z.boolean().default(false),
  }),
  getApi: z.strictObject({ apiId: z.string().min(8).max(255).regex(/^\w+$/) }),
  createIdentity: z.object({ externalId, meta: meta.optional(), ratelimits: ratelimits.optional() }),
  getIdentity: z.strictObject({ identity }),
  updateIdentity: z.strictObject({ identity, meta: meta.optional(), ratelimits: ratelimits.optional() }),
  listIdentities: z.strictObject({
    limit: pageLimit,
    cursor: z.string().optional(),
    search: z.string().max(256).optional(),
  }),
  deleteIdentity: z.strictObject({ identity }),
  limit: limitCheck,
  multiLimit: z.array(limitCheck).min(1).max(100),
} as const;

export type RequestOf<Name extends keyof typeof requests> = z.infer<(typeof requests)[Name]>;
