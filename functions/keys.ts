import { accountHandler } from "#core/http/account-handler.ts";
import { bySession, sessionPrincipal } from "#core/http/authenticate-session.ts";
import { withBody } from "#core/http/schema.ts";
import { createKey, listKeys } from "#core/keys/keys.ts";
import { keysRoute } from "#core/routes.ts";
import { createKeySchema } from "#core/schemas/keys.ts";

/** GET and POST /api/v1/keys */
export const handler = accountHandler({
  route: keysRoute,
  authenticate: bySession,
  endpoints: {
    GET: {
      handle: async (call) => ({
        status: 200,
        json: { success: true, data: await listKeys(sessionPrincipal(call).userId, call.startedAtMs) },
      }),
    },
    POST: withBody(createKeySchema, async (call) => {
      const principal = sessionPrincipal(call);
      await principal.confirm();
      return {
        status: 201,
        json: { success: true, data: await createKey(principal.userId, call.body, call.startedAtMs) },
      };
    }),
  },
});
