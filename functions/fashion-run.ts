import { byApiKey, callerOf } from "#core/http/authenticate.ts";
import { checkFashion } from "#core/http/fashion-endpoint.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { startedResult } from "#core/http/job-endpoint.ts";
import { withBody } from "#core/http/schema.ts";
import { fashionView } from "#core/media/fashion/fashion-view.ts";
import { startFashion } from "#core/media/fashion/start-fashion.ts";
import { fashionRunRoute } from "#core/routes.ts";
import { fashionRunSchema } from "#core/schemas/fashion.ts";

/** POST /api/v1/fashion/run: starts a job */
export const handler = streamHandler({
  route: fashionRunRoute,
  authenticate: byApiKey,
  endpoints: {
    POST: withBody(
      fashionRunSchema,
      idempotent(async (call) => {
        const { started } = startFashion(call, checkFashion(call.body), callerOf(call));
        return startedResult(await started, 200, fashionView);
      }),
    ),
  },
});
