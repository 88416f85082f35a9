import { byApiKey, callerOf } from "#core/http/authenticate.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { withForm } from "#core/http/multipart.ts";
import { editImagesByForm } from "#core/media/openai/images.ts";
import { imagesEditsRoute } from "#core/routes.ts";
import { imageEditsSchema } from "#core/schemas/openai-media.ts";

/** POST /api/v1/images/edits: OpenAI's form, as multipart or JSON */
export const handler = streamHandler({
  route: imagesEditsRoute,
  authenticate: byApiKey,
  endpoints: {
    POST: withForm(
      imageEditsSchema,
      idempotent(async (call) => ({ status: 200, ...(await editImagesByForm(call, call.body, callerOf(call))) })),
      { takesJson: true },
    ),
  },
});
