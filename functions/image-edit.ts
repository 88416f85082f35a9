import { byApiKey, callerOf } from "#core/http/authenticate.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { withBody } from "#core/http/schema.ts";
import { editImages } from "#core/media/images/generate-images.ts";
import { imageEditRoute } from "#core/routes.ts";
import { imageEditSchema } from "#core/schemas/image.ts";

/** POST /api/v1/image/edit */
export const handler = streamHandler({
  route: imageEditRoute,
  authenticate: byApiKey,
  endpoints: {
    POST: withBody(
      imageEditSchema,
      idempotent(async (call) => {
        const { data, headers } = await editImages(call, call.body, callerOf(call));
        return { status: 200, json: { success: true, data }, headers };
      }),
    ),
  },
});
