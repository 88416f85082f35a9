import { toGatewayError } from "#core/errors.ts";
import { byApiKey, callerOf } from "#core/http/authenticate.ts";
import { errorEvent } from "#core/http/error-event.ts";
import { eventStream } from "#core/http/event-stream.ts";
import { checkFashion } from "#core/http/fashion-endpoint.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { withBody } from "#core/http/schema.ts";
import { startFashion } from "#core/media/fashion/start-fashion.ts";
import { fashionEvents } from "#core/media/fashion/subscribe.ts";
import { fashionSubscribeRoute } from "#core/routes.ts";
import { fashionSubscribeSchema } from "#core/schemas/fashion.ts";

/** How much later the request's own deadline is than the stream's, which ends in an event, ms. */
const spareMs = 20_000;

/** POST /api/v1/fashion/subscribe: starts a job and streams its progress */
export const handler = streamHandler({
  route: fashionSubscribeRoute,
  authenticate: byApiKey,
  endpoints: {
    POST: withBody(
      fashionSubscribeSchema,
      idempotent(async (call) => {
        const body = checkFashion(call.body);
        const { run, started } = startFashion(call, body, callerOf(call), body.timeout + spareMs);
        const { row, webhookSecret, headers } = await started;
        const frames = fashionEvents({
          run,
          row,
          webhookSecret,
          untilMs: call.startedAtMs + body.timeout,
          onEnd: (ended) => {
            if (ended.webhook === undefined) return;
            call.deferred.push(async () => {
              const { serveOwner } = await import("#core/deliveries/take-turn.ts");
              await serveOwner(ended.userId);
            });
          },
        });
        const start = Promise.resolve({ frames, headers });
        return eventStream({ start, toError: toGatewayError, signal: run.signal, errorFrame: errorEvent });
      }),
    ),
  },
});
