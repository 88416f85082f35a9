import { byApiKey, callerOf } from "#core/http/authenticate.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { withBody } from "#core/http/schema.ts";
import { makeMinimaxImage } from "#core/media/images/minimax-image.ts";
import { mediaImageRoute } from "#core/routes.ts";
import { mediaImageSchema } from "#core/schemas/media.ts";

/** POST /api/v1/media/image */
export const handler = streamHandler({
  route: mediaImageRoute,
  authenticate: byApiKey,
  endpoints: {
    POST: withBody(
      mediaImageSchema,
      idempotent(async (call) => {
        const { data, headers } = await makeMinimaxImage(call, call.body, callerOf(call));
        return { status: 200, json: { success: true, data }, headers };
      }),
    ),
  },
});
