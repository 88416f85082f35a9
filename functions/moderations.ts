import { byApiKey, callerOf } from "#core/http/authenticate.ts";
import { streamHandler } from "#core/http/handler.ts";
import { withBody } from "#core/http/schema.ts";
import { createModeration } from "#core/media/openai/moderations.ts";
import { moderationsRoute } from "#core/routes.ts";
import { moderationsSchema } from "#core/schemas/openai-media.ts";

/** POST /api/v1/moderations: OpenAI's form */
export const handler = streamHandler({
  route: moderationsRoute,
  authenticate: byApiKey,
  endpoints: {
    POST: withBody(moderationsSchema, async (call) => ({
      status: 200,
      ...(await createModeration(call, call.body, callerOf(call))),
    })),
  },
});
