import { compactDialect } from "#core/dialects/responses/compact.ts";
import { byApiKey } from "#core/http/authenticate.ts";
import { dialectEndpoint } from "#core/http/dialect-endpoint.ts";
import { streamHandler } from "#core/http/handler.ts";
import { responsesCompactRoute } from "#core/routes.ts";
import { responsesRequestSchema } from "#core/schemas/responses.ts";

/** POST /api/v1/responses/compact */
export const handler = streamHandler({
  route: responsesCompactRoute,
  authenticate: byApiKey,
  wire: compactDialect.wire,
  endpoints: { POST: dialectEndpoint(responsesRequestSchema, compactDialect) },
});
