import { embed } from "#core/embeddings/embed.ts";
import { byApiKey, callerOf } from "#core/http/authenticate.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { withBody } from "#core/http/schema.ts";
import { embeddingsRoute } from "#core/routes.ts";
import { embeddingRequestSchema } from "#core/schemas/embeddings.ts";

/** POST /api/v1/embeddings */
export const handler = streamHandler({
  route: embeddingsRoute,
  authenticate: byApiKey,
  endpoints: {
    POST: withBody(
      embeddingRequestSchema,
      idempotent(async (call) => {
        const { headers, body } = await embed(call, call.body, callerOf(call));
        return { status: 200, json: body, headers };
      }),
    ),
  },
});
