import { createExport, showExports } from "#core/exports/manage.ts";
import { accountHandler } from "#core/http/account-handler.ts";
import { bySession, sessionPrincipal } from "#core/http/authenticate-session.ts";
import { withBody } from "#core/http/schema.ts";
import { exportsRoute } from "#core/routes.ts";
import { createExportSchema } from "#core/schemas/exports.ts";

/** GET and POST /api/v1/exports */
export const handler = accountHandler({
  route: exportsRoute,
  authenticate: bySession,
  endpoints: {
    GET: {
      handle: async (call) => ({
        status: 200,
        json: { success: true, data: await showExports(sessionPrincipal(call).userId) },
      }),
    },
    POST: withBody(createExportSchema, async (call) => {
      const principal = sessionPrincipal(call);
      await principal.confirm();
      const data = await createExport(principal.userId, call.body, call.startedAtMs);
      return { status: 201, json: { success: true, data } };
    }),
  },
});
