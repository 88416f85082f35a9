import { GatewayError } from "#core/errors.ts";
import { anyPrincipal } from "#core/http/authenticate.ts";
import { byKeyOrSession } from "#core/http/authenticate-session.ts";
import { streamHandler } from "#core/http/handler.ts";
import { ownJob, servedHeaders } from "#core/http/job-endpoint.ts";
import { videoAnswer } from "#core/http/video-answer.ts";
import { needsKey } from "#core/media/videos/download-video.ts";
import { jobContentRoute } from "#core/routes.ts";

/** Pages of other origins must not embed content that the session's cookie opens. */
const ownOriginOnly = { "cross-origin-resource-policy": "same-origin" } as const;

/**
 * GET /api/v1/jobs/:id/content: the output of a job whose provider requires the key to serve it. The dashboard's player calls
 * this with its session. The provider is not polled: an ended job's row has its output.
 */
export const handler = streamHandler({
  route: jobContentRoute,
  authenticate: byKeyOrSession,
  endpoints: {
    GET: {
      handle: async (call) => {
        const row = await ownJob(anyPrincipal(call).userId, call.pathParameters.id ?? "", "id");
        if (needsKey(row)) return videoAnswer(call, row, { ...servedHeaders(row), ...ownOriginOnly });
        throw new GatewayError(
          "BAD_REQUEST",
          "The output of this job is public: fetch it from the URL in its output.",
          {
            param: "id",
          },
        );
      },
    },
  },
});
