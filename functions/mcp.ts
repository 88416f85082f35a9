import { byApiKey } from "#core/http/authenticate.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { serveMcp } from "#core/http/mcp-endpoint.ts";
import { withBody } from "#core/http/schema.ts";
import { messageSchema } from "#core/mcp/message.ts";
import { mcpRoute } from "#core/routes.ts";

/** POST /api/mcp: chat, council, battle, image and video as tools of the Model Context Protocol */
export const handler = streamHandler({
  route: mcpRoute,
  authenticate: byApiKey,
  endpoints: { POST: withBody(messageSchema, idempotent(serveMcp)) },
});
