import { byApiKey, keyPrincipal } from "#core/http/authenticate.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { startedResult } from "#core/http/job-endpoint.ts";
import { withBody } from "#core/http/schema.ts";
import { clipView, startClip } from "#core/media/clip-job.ts";
import { mediaVideoSchema } from "#core/schemas/media.ts";

/** POST /api/v1/media/video: starts a job */
export const handler = streamHandler({
  route: "MediaVideo",
  authenticate: byApiKey,
  endpoints: {
    POST: withBody(
      mediaVideoSchema,
      idempotent(async (call) => {
        const caller = { principal: keyPrincipal(call), providerKeySlug: call.headers["x-provider-key"] };
        return startedResult(await startClip(call, call.body, caller), 200, clipView);
      }),
    ),
  },
});
