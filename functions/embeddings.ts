import { EmbeddingRun } from "#core/embeddings/embedding-run.ts";
import { byApiKey, keyPrincipal } from "#core/http/authenticate.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { withBody } from "#core/http/schema.ts";
import { embeddingRequestSchema } from "#core/schemas/embeddings.ts";

/** POST /api/v1/embeddings */
export const handler = streamHandler({
  route: "Embeddings",
  authenticate: byApiKey,
  endpoints: {
    POST: withBody(
      embeddingRequestSchema,
      idempotent(async (call) => {
        const run = new EmbeddingRun(call, call.body, {
          principal: keyPrincipal(call),
          providerKeySlug: call.headers["x-provider-key"],
        });
        const { headers, body } = await run.run();
        return { status: 200, json: body, headers };
      }),
    ),
  },
});
