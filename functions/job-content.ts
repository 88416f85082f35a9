import { GatewayError } from "#core/errors.ts";
import { anyPrincipal } from "#core/http/authenticate.ts";
import { byKeyOrSession } from "#core/http/authenticate-session.ts";
import { streamHandler } from "#core/http/handler.ts";
import { ownJob, servedHeaders } from "#core/http/job-endpoint.ts";
import { videoAnswer } from "#core/http/video-answer.ts";
import { needsKey } from "#core/videos/download-video.ts";

/** A page of another origin must not embed what the session's cookie opens. */
const ownOriginOnly = { "cross-origin-resource-policy": "same-origin" } as const;

/**
 * GET /api/v1/jobs/:id/content: what a job made, where its provider gives it to nobody without the key. The dashboard's
 * player asks here by its session. No provider is asked about the job: what it made is known once it has ended.
 */
export const handler = streamHandler({
  route: "JobContent",
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
