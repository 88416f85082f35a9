import { responsesDialect } from "#core/dialects/responses/dialect.ts";
import { byApiKey } from "#core/http/authenticate.ts";
import { beginsEarly } from "#core/http/begins-early.ts";
import { dialectEndpoint } from "#core/http/dialect-endpoint.ts";
import { streamHandler } from "#core/http/handler.ts";
import { responsesRoute } from "#core/routes.ts";
import { responsesRequestSchema } from "#core/schemas/responses.ts";

/** POST /api/v1/responses */
export const handler = streamHandler({
  route: responsesRoute,
  authenticate: byApiKey,
  beginsEarly,
  wire: responsesDialect.wire,
  endpoints: { POST: dialectEndpoint(responsesRequestSchema, responsesDialect) },
});
