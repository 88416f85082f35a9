import { byApiKey } from "#core/http/authenticate.ts";
import { streamHandler } from "#core/http/handler.ts";
import { polledJob } from "#core/http/job-endpoint.ts";
import { originOf } from "#core/http/origin.ts";
import { parseWith } from "#core/http/parse-with.ts";
import { videoAnswer } from "#core/http/video-answer.ts";
import { jobView } from "#core/jobs/job-view.ts";
import { needsKey } from "#core/media/videos/download-video.ts";
import { videoStatusRoute } from "#core/routes.ts";
import { videoStatusQuery } from "#core/schemas/video.ts";

/** GET /api/v1/video/status?id=…; with `content=true` the video itself, if its provider requires a key for it */
export const handler = streamHandler({
  route: videoStatusRoute,
  authenticate: byApiKey,
  endpoints: {
    GET: {
      handle: async (call) => {
        const { id, content } = parseWith(videoStatusQuery, call.query);
        const { row, headers } = await polledJob(call, id, ["video"], "id");
        if (content === "true" && needsKey(row)) return videoAnswer(call, row, headers);
        const view = jobView(row, Date.now());
        const downloadUrl =
          needsKey(row) && view.output !== null
            ? `${originOf(call)}${call.pathPrefix}${call.path}?id=${encodeURIComponent(id)}&content=true`
            : null;
        return { status: 200, json: { success: true, data: { ...view, downloadUrl } }, headers };
      },
    },
  },
});
