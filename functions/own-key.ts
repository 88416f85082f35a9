import { byApiKey, keyPrincipal } from "#core/http/authenticate.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { ownKeyView } from "#core/keys/caller-limits.ts";
import { ownKeyRoute } from "#core/routes.ts";

/** GET /api/v1/key */
export const handler = jsonHandler({
  route: ownKeyRoute,
  authenticate: byApiKey,
  endpoints: {
    GET: {
      handle: async (call) => ({
        status: 200,
        json: { success: true, data: await ownKeyView(keyPrincipal(call), call.startedAtMs) },
      }),
    },
  },
});
