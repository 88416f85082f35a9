import { serveCouncil } from "#core/http/council-endpoint.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { byKeyOrPage } from "#core/http/key-or-page.ts";
import { withBody } from "#core/http/schema.ts";
import { councilRoute } from "#core/routes.ts";
import { councilSchema } from "#core/schemas/council.ts";

/** POST /api/v1/council: several models draft, and one answer comes out */
export const handler = streamHandler({
  route: councilRoute,
  authenticate: byKeyOrPage,
  endpoints: { POST: withBody(councilSchema, idempotent(serveCouncil)) },
});
