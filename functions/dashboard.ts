import { jsonHandler } from "#core/http/handler.ts";
import { pageResponse } from "./dashboard/page-response.ts";

/** GET /dashboard: the page. It holds no data; what it shows comes from the API. */
export const handler = jsonHandler({
  route: "Dashboard",
  endpoints: { GET: { handle: async (call) => pageResponse(call) } },
});
