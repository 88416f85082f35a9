import { accountHandler } from "#core/http/account-handler.ts";
import { bySession, sessionPrincipal } from "#core/http/authenticate-session.ts";
import { withBody } from "#core/http/schema.ts";
import { tryProviderKey } from "#core/provider-keys/provider-keys.ts";
import { testProviderKeyRoute } from "#core/routes.ts";
import { testProviderKeySchema } from "#core/schemas/provider-keys.ts";

/** POST /api/v1/provider-keys/test */
export const handler = accountHandler({
  route: testProviderKeyRoute,
  authenticate: bySession,
  endpoints: {
    POST: withBody(testProviderKeySchema, async (call) => {
      // A guest who learned a session must not try keys with it.
      const principal = sessionPrincipal(call);
      await principal.confirm();
      return {
        status: 200,
        json: { success: true, data: await tryProviderKey(principal.userId, call.body, call.requestId) },
      };
    }),
  },
});
