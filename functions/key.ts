import { accountHandler } from "#core/http/account-handler.ts";
import { bySession, sessionPrincipal } from "#core/http/authenticate-session.ts";
import { withBody } from "#core/http/schema.ts";
import { patchKey, revokeKey } from "#core/keys/keys.ts";
import { keyRoute } from "#core/routes.ts";
import { patchKeySchema } from "#core/schemas/keys.ts";

/** PATCH and DELETE /api/v1/keys/:id */
export const handler = accountHandler({
  route: keyRoute,
  authenticate: bySession,
  endpoints: {
    PATCH: withBody(patchKeySchema, async (call) => {
      const principal = sessionPrincipal(call);
      // It may start to record prompts: a session that was signed out, but whose token has not ended, may not.
      await principal.confirm();
      const key = await patchKey(principal.userId, call.pathParameters.id ?? "", call.body, call.startedAtMs);
      return { status: 200, json: { success: true, data: key } };
    }),
    DELETE: {
      handle: async (call) => {
        await revokeKey(sessionPrincipal(call).userId, call.pathParameters.id ?? "", call.startedAtMs);
        return { status: 204 };
      },
    },
  },
});
