import * as z from "zod";

/** The query of GET /api/v1/jobs. */
export const jobsQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(50).describe("How many at most"),
  before: z
    .string()
    .regex(/^job_[0-9a-f-]{1,60}$/, "must be the id of a job")
    .optional()
    .describe("Only jobs that were made before the one with this id: the last of a page leads to the next"),
});
