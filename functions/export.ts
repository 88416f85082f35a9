import { patchExport, removeExport } from "#core/exports/manage.ts";
import { accountHandler } from "#core/http/account-handler.ts";
import { bySession, sessionPrincipal } from "#core/http/authenticate-session.ts";
import { withBody } from "#core/http/schema.ts";
import { exportRoute } from "#core/routes.ts";
import { patchExportSchema } from "#core/schemas/exports.ts";

/** PATCH and DELETE /api/v1/exports/:id */
export const handler = accountHandler({
  route: exportRoute,
  authenticate: bySession,
  endpoints: {
    PATCH: withBody(patchExportSchema, async (call) => {
      const principal = sessionPrincipal(call);
      // It may send recorded prompts elsewhere: a session that was signed out, but whose token has not ended, may not.
      await principal.confirm();
      const data = await patchExport(principal.userId, call.pathParameters.id ?? "", call.body);
      return { status: 200, json: { success: true, data } };
    }),
    DELETE: {
      handle: async (call) => {
        await removeExport(sessionPrincipal(call).userId, call.pathParameters.id ?? "");
        return { status: 204 };
      },
    },
  },
});
