import { bySession, sessionPrincipal } from "#core/http/authenticate-session.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { deleteProviderKey } from "#core/provider-keys/provider-keys.ts";

/** DELETE /api/v1/provider-keys/:id */
export const handler = jsonHandler({
  route: "ProviderKey",
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
