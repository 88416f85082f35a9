import * as z from "zod";

/** The query of GET /api/v1/jobs. */
export const jobsQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(50).describe("Maximum number of jobs"),
  before: z
    .string()
    .regex(/^job_[0-9a-f-]{1,60}$/, "must be the id of a job")
    .optional()
    .describe("Only jobs created before this one; pass the last id of a page to get the next page"),
});
