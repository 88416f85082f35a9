import { exportAccount } from "#core/accounts/export-account.ts";
import { accountHandler } from "#core/http/account-handler.ts";
import { bySession, sessionPrincipal } from "#core/http/authenticate-session.ts";
import { parseWith } from "#core/http/parse-with.ts";
import { accountExportRoute } from "#core/routes.ts";
import { accountExportQuerySchema } from "#core/schemas/account.ts";

/** GET /api/v1/account/export */
export const handler = accountHandler({
  route: accountExportRoute,
  authenticate: bySession,
  endpoints: {
    GET: {
      handle: async (call) => {
        const principal = sessionPrincipal(call);
        await principal.confirm();
        const { cursor } = parseWith(accountExportQuerySchema, call.query);
        const text = await exportAccount(principal, cursor, call.startedAtMs);
        return { status: 200, text, headers: { "content-type": "application/x-ndjson; charset=utf-8" } };
      },
    },
  },
});
