import { byApiKey, callerOf } from "#core/http/authenticate.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { startedResult } from "#core/http/job-endpoint.ts";
import { withBody } from "#core/http/schema.ts";
import { startMinimaxVideo } from "#core/media/videos/minimax-video.ts";
import { minimaxVideoView } from "#core/media/videos/minimax-video-view.ts";
import { mediaVideoRoute } from "#core/routes.ts";
import { mediaVideoSchema } from "#core/schemas/media.ts";

/** POST /api/v1/media/video: starts a job */
export const handler = streamHandler({
  route: mediaVideoRoute,
  authenticate: byApiKey,
  endpoints: {
    POST: withBody(
      mediaVideoSchema,
      idempotent(async (call) =>
        startedResult(await startMinimaxVideo(call, call.body, callerOf(call)), 200, minimaxVideoView),
      ),
    ),
  },
});
