import { accountHandler } from "#core/http/account-handler.ts";
import { bySession, sessionPrincipal } from "#core/http/authenticate-session.ts";
import { withBody } from "#core/http/schema.ts";
import { changeProviderKey, deleteProviderKey } from "#core/provider-keys/provider-keys.ts";
import { providerKeyRoute } from "#core/routes.ts";
import { updateProviderKeySchema } from "#core/schemas/provider-keys.ts";

/** PATCH and DELETE /api/v1/provider-keys/:id */
export const handler = accountHandler({
  route: providerKeyRoute,
  authenticate: bySession,
  endpoints: {
    PATCH: withBody(updateProviderKeySchema, async (call) => {
      const { userId } = sessionPrincipal(call);
      const key = await changeProviderKey(userId, call.pathParameters.id ?? "", call.body);
      return { status: 200, json: { success: true, data: key } };
    }),
    DELETE: {
      handle: async (call) => {
        await deleteProviderKey(sessionPrincipal(call).userId, call.pathParameters.id ?? "");
        return { status: 204 };
      },
    },
  },
});
