import { messagesDialect } from "#core/dialects/messages/dialect.ts";
import { byApiKey } from "#core/http/authenticate.ts";
import { beginsEarly } from "#core/http/begins-early.ts";
import { dialectEndpoint } from "#core/http/dialect-endpoint.ts";
import { streamHandler } from "#core/http/handler.ts";
import { messagesRoute } from "#core/routes.ts";
import { messagesRequestSchema } from "#core/schemas/messages.ts";

/** POST /api/v1/messages */
export const handler = streamHandler({
  route: messagesRoute,
  authenticate: byApiKey,
  beginsEarly,
  wire: messagesDialect.wire,
  endpoints: { POST: dialectEndpoint(messagesRequestSchema, messagesDialect) },
});
