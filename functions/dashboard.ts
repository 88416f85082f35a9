import { jsonHandler } from "#core/http/handler.ts";
import { dashboardRoute } from "#core/routes.ts";
import { pageResponse } from "./dashboard/page-response.ts";

/** GET /dashboard: the page. It holds no data; what it shows comes from the API. */
export const handler = jsonHandler({
  route: dashboardRoute,
  endpoints: { GET: { handle: async (call) => pageResponse(call) } },
});
