import { byApiKey } from "#core/http/authenticate.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { jobResult } from "#core/http/job-endpoint.ts";
import { clipView } from "#core/media/clip-job.ts";

/** GET /api/v1/media/video/:taskId, the id that starting the job answered */
export const handler = jsonHandler({
  route: "MediaVideoStatus",
  authenticate: byApiKey,
  endpoints: {
    GET: { handle: (call) => jobResult(call, call.pathParameters.taskId ?? "", ["clip"], "taskId", clipView) },
  },
});
