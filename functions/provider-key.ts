import { bySession, sessionPrincipal } from "#core/http/authenticate-session.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { deleteProviderKey } from "#core/provider-keys/provider-keys.ts";
import { providerKeyRoute } from "#core/routes.ts";

/** DELETE /api/v1/provider-keys/:id */
export const handler = jsonHandler({
  route: providerKeyRoute,
  authenticate: bySession,
  endpoints: {
    DELETE: {
      handle: async (call) => {
        await deleteProviderKey(sessionPrincipal(call).userId, call.pathParameters.id ?? "");
        return { status: 204 };
      },
    },
  },
});
