import { serveArena } from "#core/http/arena-endpoint.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { byKeyOrPage } from "#core/http/key-or-page.ts";
import { withBody } from "#core/http/schema.ts";
import { fightRoute } from "#core/routes.ts";
import { fightSchema, toArenaRequest } from "#core/schemas/arena.ts";

/** POST /api/v1/fight: two to eight models answer, see each other and vote */
export const handler = streamHandler({
  route: fightRoute,
  authenticate: byKeyOrPage,
  endpoints: {
    POST: withBody(
      fightSchema,
      idempotent((call) => serveArena(call, toArenaRequest("fight", call.body))),
    ),
  },
});
