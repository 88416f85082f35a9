import { byApiKey, callerOf } from "#core/http/authenticate.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { withBody } from "#core/http/schema.ts";
import { createImages } from "#core/media/openai/images.ts";
import { imagesGenerationsRoute } from "#core/routes.ts";
import { imageGenerationsSchema } from "#core/schemas/openai-media.ts";

/** POST /api/v1/images/generations: OpenAI's form */
export const handler = streamHandler({
  route: imagesGenerationsRoute,
  authenticate: byApiKey,
  endpoints: {
    POST: withBody(
      imageGenerationsSchema,
      idempotent(async (call) => ({ status: 200, ...(await createImages(call, call.body, callerOf(call))) })),
    ),
  },
});
