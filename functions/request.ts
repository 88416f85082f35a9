import { readContents } from "#core/content/read-content.ts";
import { anyPrincipal } from "#core/http/authenticate.ts";
import { byKeyOrSession } from "#core/http/authenticate-session.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { requestRoute } from "#core/routes.ts";
import { ownRequest } from "#core/usage/own-request.ts";
import { requestView } from "#core/usage/request-view.ts";

/** GET /api/v1/requests/:id: all generations and attempts of one request; for a session with what was recorded of them. */
export const handler = jsonHandler({
  route: requestRoute,
  authenticate: byKeyOrSession,
  endpoints: {
    GET: {
      handle: async (call) => {
        const principal = anyPrincipal(call);
        const events = await ownRequest(principal, call.pathParameters.id ?? "");
        if (principal.kind === "key") {
          const data = { ...requestView(events[0]), generations: events.map(requestView) };
          return { status: 200, json: { success: true, data } };
        }
        if (events.some(({ contentDays }) => contentDays !== undefined)) await principal.confirm();
        const contents = await readContents(events, call.startedAtMs);
        const generations = events.map((event) => ({
          ...requestView(event),
          content: contents.get(event.generation) ?? null,
        }));
        return { status: 200, json: { success: true, data: { ...generations[0], generations } } };
      },
    },
  },
});
