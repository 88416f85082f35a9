import * as z from "zod";

const name = z.string().trim().min(1).max(100);
/** Requests a minute. */
const rateLimit = z.int().min(1).max(10_000);
const expiresAt = z.iso
  .datetime({ offset: true })
  .refine((text) => Date.parse(text) > Date.now(), "must be in the future");

export const defaultKeyRateLimit = 60;
/** The longest grace of a rotation: 30 days. */
const maxGraceSeconds = 30 * 86_400;

export const createKeySchema = z.strictObject({
  name,
  rateLimit: rateLimit.default(defaultKeyRateLimit),
  expiresAt: expiresAt.nullish(),
});

export const patchKeySchema = z
  .strictObject({
    name: name.optional(),
    rateLimit: rateLimit.optional(),
    enabled: z.boolean().optional(),
    expiresAt: expiresAt.nullable().optional(),
  })
  .refine((patch) => Object.values(patch).some((value) => value !== undefined), "must have at least one field");

export const rotateKeySchema = z.strictObject({ gracePeriodSeconds: z.int().min(0).max(maxGraceSeconds).default(0) });

export type CreateKey = z.infer<typeof createKeySchema>;
export type PatchKey = z.infer<typeof patchKeySchema>;
