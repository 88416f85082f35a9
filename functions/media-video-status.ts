import { byApiKey } from "#core/http/authenticate.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { jobResult } from "#core/http/job-endpoint.ts";
import { minimaxVideoView } from "#core/media/videos/minimax-video-view.ts";
import { mediaVideoStatusRoute } from "#core/routes.ts";

/** GET /api/v1/media/video/:taskId: a job by the id that its start returned */
export const handler = jsonHandler({
  route: mediaVideoStatusRoute,
  authenticate: byApiKey,
  endpoints: {
    GET: { handle: (call) => jobResult(call, call.pathParameters.taskId ?? "", ["clip"], "taskId", minimaxVideoView) },
  },
});
