import { byApiKey, guardedCallerOf } from "#core/http/authenticate.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { parseWith } from "#core/http/parse-with.ts";
import { listVoices } from "#core/media/audio/voices.ts";
import { mediaVoicesRoute } from "#core/routes.ts";
import { voicesQuerySchema } from "#core/schemas/media.ts";

/** GET /api/v1/media/voices */
export const handler = jsonHandler({
  route: mediaVoicesRoute,
  authenticate: byApiKey,
  endpoints: {
    GET: {
      handle: async (call) => {
        const query = parseWith(voicesQuerySchema, call.query);
        const { voices, simulated } = await listVoices(guardedCallerOf(call), query);
        return {
          status: 200,
          json: { success: true, data: voices },
          headers: { "x-provider-used": simulated ? "minimax (simulated)" : "minimax" },
        };
      },
    },
  },
});
