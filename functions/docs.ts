import { jsonHandler } from "#core/http/handler.ts";
import { docsRoute } from "#core/routes.ts";
import { index } from "./docs/layout.generated.js";
import { docsResponse } from "./docs/page-response.ts";

/** GET /docs: the first page of the documentation. */
export const handler = jsonHandler({
  route: docsRoute,
  endpoints: { GET: { handle: async (call) => docsResponse(call, index) } },
});
