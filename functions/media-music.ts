import { audioCaller, audioResult } from "#core/http/audio-endpoint.ts";
import { byApiKey } from "#core/http/authenticate.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { withBody } from "#core/http/schema.ts";
import { makeMusic } from "#core/media/audio/music.ts";
import { mediaMusicRoute } from "#core/routes.ts";
import { musicSchema } from "#core/schemas/media.ts";

/** POST /api/v1/media/music: JSON, the audio itself by `Accept`, or events */
export const handler = streamHandler({
  route: mediaMusicRoute,
  authenticate: byApiKey,
  endpoints: {
    POST: withBody(
      musicSchema,
      idempotent(async (call) => audioResult(call, await makeMusic(call, call.body, audioCaller(call)))),
    ),
  },
});
