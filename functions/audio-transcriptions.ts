import { byApiKey, callerOf } from "#core/http/authenticate.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { withForm } from "#core/http/multipart.ts";
import { rawBody } from "#core/http/raw-body.ts";
import { createTranscription } from "#core/media/openai/transcriptions.ts";
import { audioTranscriptionsRoute } from "#core/routes.ts";
import { audioTranscriptionsSchema } from "#core/schemas/openai-media.ts";

const eventStreamType = "text/event-stream; charset=utf-8";

/** POST /api/v1/audio/transcriptions: OpenAI's form */
export const handler = streamHandler({
  route: audioTranscriptionsRoute,
  authenticate: byApiKey,
  endpoints: {
    POST: withForm(
      audioTranscriptionsSchema,
      idempotent(async (call) => {
        const transcript = await createTranscription(call, call.body, callerOf(call));
        const { form, headers } = transcript;
        if (form === "json") return { status: 200, json: transcript.json, headers };
        if (form === "text") {
          return {
            status: 200,
            text: transcript.text,
            headers: { ...headers, "content-type": transcript.contentType },
          };
        }
        const stream = rawBody(call, transcript.events);
        return { status: 200, stream, headers: { ...headers, "content-type": eventStreamType } };
      }),
      { takesJson: true },
    ),
  },
});
