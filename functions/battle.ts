import { serveArena } from "#core/http/arena-endpoint.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { byKeyOrPage } from "#core/http/key-or-page.ts";
import { withBody } from "#core/http/schema.ts";
import { battleRoute } from "#core/routes.ts";
import { battleSchema, toArenaRequest } from "#core/schemas/arena.ts";

/** POST /api/v1/battle: two models side by side */
export const handler = streamHandler({
  route: battleRoute,
  authenticate: byKeyOrPage,
  endpoints: {
    POST: withBody(
      battleSchema,
      idempotent((call) => serveArena(call, toArenaRequest("battle", call.body))),
    ),
  },
});
