import { markCancelled } from "#core/db/admission.ts";
import { GatewayError } from "#core/errors.ts";
import { keyPrincipal } from "#core/http/authenticate.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { byKeyOrPage } from "#core/http/key-or-page.ts";
import { cancelRequestRoute } from "#core/routes.ts";

const requestIdPattern = /^req_[0-9a-f-]{36}$/;

/** POST /api/v1/requests/:id/cancel: stops a running request of the same user within 3 s */
export const handler = jsonHandler({
  route: cancelRequestRoute,
  authenticate: byKeyOrPage,
  endpoints: {
    POST: {
      handle: async (call) => {
        const requestId = call.pathParameters.id ?? "";
        const { userId } = keyPrincipal(call);
        const running = requestIdPattern.test(requestId) && (await markCancelled(userId, requestId));
        if (!running) throw new GatewayError("NOT_FOUND", "No running request has this id.", { param: "id" });
        return { status: 202, json: { success: true, data: { id: requestId, status: "cancelling" } } };
      },
    },
  },
});
