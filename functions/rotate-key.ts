import { accountHandler } from "#core/http/account-handler.ts";
import { bySession, sessionPrincipal } from "#core/http/authenticate-session.ts";
import { withOptionalBody } from "#core/http/schema.ts";
import { rotateKey } from "#core/keys/keys.ts";
import { rotateKeyRoute } from "#core/routes.ts";
import { rotateKeySchema } from "#core/schemas/keys.ts";

/** POST /api/v1/keys/:id/rotate */
export const handler = accountHandler({
  route: rotateKeyRoute,
  authenticate: bySession,
  endpoints: {
    POST: withOptionalBody(rotateKeySchema, async (call) => {
      const principal = sessionPrincipal(call);
      await principal.confirm();
      const id = call.pathParameters.id ?? "";
      const key = await rotateKey(principal.userId, id, call.body.gracePeriodSeconds, call.startedAtMs);
      return { status: 201, json: { success: true, data: key } };
    }),
  },
});
