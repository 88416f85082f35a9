import { anyPrincipal } from "#core/http/authenticate.ts";
import { byKeyOrSession } from "#core/http/authenticate-session.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { requestRoute } from "#core/routes.ts";
import { ownRequest } from "#core/usage/own-request.ts";
import { requestView } from "#core/usage/request-view.ts";

/** GET /api/v1/requests/:id: all generations and attempts of one request. */
export const handler = jsonHandler({
  route: requestRoute,
  authenticate: byKeyOrSession,
  endpoints: {
    GET: {
      handle: async (call) => {
        const events = await ownRequest(anyPrincipal(call), call.pathParameters.id ?? "");
        const data = { ...requestView(events[0]), generations: events.map(requestView) };
        return { status: 200, json: { success: true, data } };
      },
    },
  },
});
