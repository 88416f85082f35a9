import { byApiKey, keyPrincipal } from "#core/http/authenticate.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { startedResult } from "#core/http/job-endpoint.ts";
import { withBody } from "#core/http/schema.ts";
import { videoGenerateSchema } from "#core/schemas/video.ts";
import { startVideo } from "#core/videos/start-video.ts";

/** POST /api/v1/video/generate: starts a job */
export const handler = streamHandler({
  route: "VideoGenerate",
  authenticate: byApiKey,
  endpoints: {
    POST: withBody(
      videoGenerateSchema,
      idempotent(async (call) => {
        const caller = { principal: keyPrincipal(call), providerKeySlug: call.headers["x-provider-key"] };
        return startedResult(await startVideo(call, call.body, caller), 200);
      }),
    ),
  },
});
