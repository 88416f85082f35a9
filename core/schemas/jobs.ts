import * as z from "zod";

/** The query of GET /api/v1/jobs. */
export const jobsQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(50).describe("How many at most"),
});
