import { serveArena } from "#core/http/arena-endpoint.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { byKeyOrPage } from "#core/http/key-or-page.ts";
import { withBody } from "#core/http/schema.ts";
import { chatRoute } from "#core/routes.ts";
import { arenaChatSchema, toArenaRequest } from "#core/schemas/arena.ts";

/** POST /api/chat: chat, battle, fight and multi-instance */
export const handler = streamHandler({
  route: chatRoute,
  authenticate: byKeyOrPage,
  endpoints: {
    POST: withBody(
      arenaChatSchema,
      idempotent((call) => serveArena(call, toArenaRequest(call.body.mode, call.body))),
    ),
  },
});
