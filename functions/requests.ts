import { anyPrincipal } from "#core/http/authenticate.ts";
import { byKeyOrSession } from "#core/http/authenticate-session.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { parseWith } from "#core/http/parse-with.ts";
import { requestsRoute } from "#core/routes.ts";
import { requestsQuerySchema } from "#core/schemas/requests.ts";
import { readRequestPage } from "#core/usage/request-page.ts";
import { requestView } from "#core/usage/request-view.ts";

/** GET /api/v1/requests: of the account by session, and a key's own by key. */
export const handler = jsonHandler({
  route: requestsRoute,
  authenticate: byKeyOrSession,
  endpoints: {
    GET: {
      handle: async (call) => {
        const principal = anyPrincipal(call);
        const query = parseWith(requestsQuerySchema, call.query);
        const key = principal.kind === "key" ? principal.keyId : query.key;
        const isEmpty = query.key !== undefined && query.key !== key;
        const { events, nextCursor = null } = isEmpty
          ? { events: [] }
          : await readRequestPage({ ...query, userId: principal.userId, key }, query);
        return { status: 200, json: { success: true, data: { requests: events.map(requestView), nextCursor } } };
      },
    },
  },
});
