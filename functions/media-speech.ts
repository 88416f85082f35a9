import { audioCaller, audioResult } from "#core/http/audio-endpoint.ts";
import { byApiKey } from "#core/http/authenticate.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { withBody } from "#core/http/schema.ts";
import { makeSpeech } from "#core/media/audio/speech.ts";
import { mediaSpeechRoute } from "#core/routes.ts";
import { speechSchema } from "#core/schemas/media.ts";

/** POST /api/v1/media/speech: JSON, the audio itself by `Accept`, or events */
export const handler = streamHandler({
  route: mediaSpeechRoute,
  authenticate: byApiKey,
  endpoints: {
    POST: withBody(
      speechSchema,
      idempotent(async (call) => audioResult(call, await makeSpeech(call, call.body, audioCaller(call)))),
    ),
  },
});
