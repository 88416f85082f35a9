import { anyPrincipal } from "#core/http/authenticate.ts";
import { byKeyOrSession } from "#core/http/authenticate-session.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { parseWith } from "#core/http/parse-with.ts";
import { usageRoute } from "#core/routes.ts";
import { usageQuerySchema } from "#core/schemas/usage.ts";
import { summarizeUsage } from "#core/usage/summary.ts";

/** GET /api/v1/usage */
export const handler = jsonHandler({
  route: usageRoute,
  authenticate: byKeyOrSession,
  endpoints: {
    GET: {
      handle: async (call) => {
        const query = parseWith(usageQuerySchema, call.query);
        return { status: 200, json: { success: true, data: await summarizeUsage(anyPrincipal(call).userId, query) } };
      },
    },
  },
});
