import { listJobs } from "#core/db/jobs.ts";
import { anyPrincipal } from "#core/http/authenticate.ts";
import { byKeyOrSession } from "#core/http/authenticate-session.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { parseWith } from "#core/http/parse-with.ts";
import { expediteJobs } from "#core/jobs/expedite-jobs.ts";
import { jobView } from "#core/jobs/job-view.ts";
import { jobsRoute } from "#core/routes.ts";
import { jobsQuerySchema } from "#core/schemas/jobs.ts";

/** GET /api/v1/jobs: the dashboard's gallery. It asks no provider: the scheduled poller does. */
export const handler = jsonHandler({
  route: jobsRoute,
  authenticate: byKeyOrSession,
  endpoints: {
    GET: {
      handle: async (call) => {
        const nowMs = Date.now();
        const rows = await listJobs(anyPrincipal(call).userId, parseWith(jobsQuerySchema, call.query), nowMs);
        call.deferred.push(() => expediteJobs(rows, nowMs));
        return { status: 200, json: { success: true, data: rows.map((row) => jobView(row, nowMs)) } };
      },
    },
  },
});
