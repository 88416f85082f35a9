import { anyPrincipal } from "#core/http/authenticate.ts";
import { byKeyOrSession } from "#core/http/authenticate-session.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { callerLimits } from "#core/keys/caller-limits.ts";
import { limitsRoute } from "#core/routes.ts";

/** GET /api/v1/limits */
export const handler = jsonHandler({
  route: limitsRoute,
  authenticate: byKeyOrSession,
  endpoints: {
    GET: {
      handle: async (call) => ({
        status: 200,
        json: { success: true, data: await callerLimits(anyPrincipal(call), call.startedAtMs) },
      }),
    },
  },
});
