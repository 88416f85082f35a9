import { byApiKey, keyPrincipal } from "#core/http/authenticate.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { parseWith } from "#core/http/schema.ts";
import { listVoices } from "#core/media/voices.ts";
import { voicesQuerySchema } from "#core/schemas/media.ts";

/** GET /api/v1/media/voices */
export const handler = jsonHandler({
  route: "MediaVoices",
  authenticate: byApiKey,
  endpoints: {
    GET: {
      handle: async (call) => {
        const query = parseWith(voicesQuerySchema, call.query);
        const { voices, simulated } = await listVoices(
          keyPrincipal(call).userId,
          call.headers["x-provider-key"],
          query,
        );
        return {
          status: 200,
          json: { success: true, data: voices },
          headers: { "x-provider-used": simulated ? "minimax (simulated)" : "minimax" },
        };
      },
    },
  },
});
