import { listJobs } from "#core/db/jobs.ts";
import { anyPrincipal } from "#core/http/authenticate.ts";
import { byKeyOrSession } from "#core/http/authenticate-session.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { parseWith } from "#core/http/schema.ts";
import { jobView } from "#core/jobs/job-view.ts";
import { jobsQuerySchema } from "#core/schemas/jobs.ts";

/** GET /api/v1/jobs: what the dashboard's gallery shows. No provider is asked. */
export const handler = jsonHandler({
  route: "Jobs",
  authenticate: byKeyOrSession,
  endpoints: {
    GET: {
      handle: async (call) => {
        const { limit } = parseWith(jobsQuerySchema, call.query);
        const nowMs = Date.now();
        const rows = await listJobs(anyPrincipal(call).userId, limit, nowMs);
        return { status: 200, json: { success: true, data: rows.map((row) => jobView(row, nowMs)) } };
      },
    },
  },
});
