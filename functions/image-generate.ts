import { byApiKey, callerOf } from "#core/http/authenticate.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { withBody } from "#core/http/schema.ts";
import { generateImages } from "#core/media/images/generate-images.ts";
import { imageGenerateRoute } from "#core/routes.ts";
import { imageGenerateSchema } from "#core/schemas/image.ts";

/** POST /api/v1/image/generate */
export const handler = streamHandler({
  route: imageGenerateRoute,
  authenticate: byApiKey,
  endpoints: {
    POST: withBody(
      imageGenerateSchema,
      idempotent(async (call) => {
        const { data, headers } = await generateImages(call, call.body, callerOf(call));
        return { status: 200, json: { success: true, data }, headers };
      }),
    ),
  },
});
