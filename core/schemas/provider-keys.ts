import * as z from "zod";
import { byokProviders } from "#core/db/provider-key-rows.ts";

export const createProviderKeySchema = z.strictObject({
  provider: z.enum(byokProviders),
  slug: z.string().regex(/^[a-z0-9-]{1,64}$/, "must match ^[a-z0-9-]{1,64}$"),
  displayName: z.string().trim().min(1).max(100),
  /** Printable ASCII: it becomes a header. */
  apiKey: z
    .string()
    .trim()
    .regex(/^[\x21-\x7e]{8,500}$/, "must be 8 to 500 printable characters without spaces"),
});

export type CreateProviderKey = z.infer<typeof createProviderKeySchema>;
