import { audioResult } from "#core/http/audio-endpoint.ts";
import { byApiKey, callerOf } from "#core/http/authenticate.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { rawBody } from "#core/http/raw-body.ts";
import { withBody } from "#core/http/schema.ts";
import { createSpeech } from "#core/media/openai/speech.ts";
import { audioSpeechRoute } from "#core/routes.ts";
import { audioSpeechSchema } from "#core/schemas/openai-media.ts";

/** POST /api/v1/audio/speech: OpenAI's form */
export const handler = streamHandler({
  route: audioSpeechRoute,
  authenticate: byApiKey,
  endpoints: {
    POST: withBody(
      audioSpeechSchema,
      idempotent(async (call) => {
        const made = await createSpeech(call, call.body, callerOf(call));
        if (made.by === "minimax") {
          const { headers = {}, ...result } = await audioResult(call, made.made);
          const warnings = made.warnings.length === 0 ? {} : { "x-warnings": made.warnings.join(", ") };
          return { ...result, headers: { ...headers, ...warnings } };
        }
        const { audio, contentType, headers } = made.answer;
        return { status: 200, stream: rawBody(call, audio), headers: { ...headers, "content-type": contentType } };
      }),
    ),
  },
});
