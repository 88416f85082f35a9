import * as z from "zod/mini";

const id = z.string().check(z.minLength(1), z.maxLength(200));

/** The query of GET /api/v1/models: Anthropic's paging. Without a limit every model is listed. */
export const modelsQuerySchema = z.object({
  limit: z.optional(
    z.pipe(
      z.string().check(z.regex(/^[1-9]\d{0,3}$/, "must be a whole number from 1 to 1000")),
      z.pipe(z.transform(Number), z.int().check(z.gte(1), z.lte(1_000))),
    ),
  ),
  after_id: z.optional(id),
  before_id: z.optional(id),
});

export type ModelsQuery = z.infer<typeof modelsQuerySchema>;
