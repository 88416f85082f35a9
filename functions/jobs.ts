import { listJobs } from "#core/db/jobs.ts";
import { anyPrincipal } from "#core/http/authenticate.ts";
import { byKeyOrSession } from "#core/http/authenticate-session.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { parseWith } from "#core/http/schema.ts";
import { hastenJobs } from "#core/jobs/hasten-jobs.ts";
import { jobView } from "#core/jobs/job-view.ts";
import { jobsQuerySchema } from "#core/schemas/jobs.ts";

/** GET /api/v1/jobs: what the dashboard's gallery shows. No provider is asked here: the scheduled poller does that. */
export const handler = jsonHandler({
  route: "Jobs",
  authenticate: byKeyOrSession,
  endpoints: {
    GET: {
      handle: async (call) => {
        const nowMs = Date.now();
        const rows = await listJobs(anyPrincipal(call).userId, parseWith(jobsQuerySchema, call.query), nowMs);
        call.deferred.push(() => hastenJobs(rows, nowMs));
        return { status: 200, json: { success: true, data: rows.map((row) => jobView(row, nowMs)) } };
      },
    },
  },
});
