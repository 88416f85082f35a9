import { showDeliveries } from "#core/deliveries/delivery-view.ts";
import { accountHandler } from "#core/http/account-handler.ts";
import { bySession, sessionPrincipal } from "#core/http/authenticate-session.ts";
import { deliveriesRoute } from "#core/routes.ts";

/** GET /api/v1/deliveries */
export const handler = accountHandler({
  route: deliveriesRoute,
  authenticate: bySession,
  endpoints: {
    GET: {
      handle: async (call) => ({
        status: 200,
        json: { success: true, data: await showDeliveries(sessionPrincipal(call).userId) },
      }),
    },
  },
});
