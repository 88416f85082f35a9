import { byApiKey, callerOf } from "#core/http/authenticate.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { startedResult } from "#core/http/job-endpoint.ts";
import { withBody } from "#core/http/schema.ts";
import { startVideo } from "#core/media/videos/start-video.ts";
import { videoGenerateRoute } from "#core/routes.ts";
import { videoGenerateSchema } from "#core/schemas/video.ts";

/** POST /api/v1/video/generate: starts a job */
export const handler = streamHandler({
  route: videoGenerateRoute,
  authenticate: byApiKey,
  endpoints: {
    POST: withBody(
      videoGenerateSchema,
      idempotent(async (call) => startedResult(await startVideo(call, call.body, callerOf(call)), 200)),
    ),
  },
});
