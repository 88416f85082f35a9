import { toGatewayError } from "#core/errors.ts";
import { byApiKey, callerOf } from "#core/http/authenticate.ts";
import { errorEvent } from "#core/http/error-event.ts";
import { eventStream } from "#core/http/event-stream.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { parseWith } from "#core/http/parse-with.ts";
import type { Call } from "#core/http/request-state.ts";
import type { EndpointResult } from "#core/http/response.ts";
import { withBody } from "#core/http/schema.ts";
import { ratedCaller } from "#core/ratings/rated-caller.ts";
import { visionRoute } from "#core/routes.ts";
import { type VisionRequest, visionQuerySchema, visionSchema } from "#core/schemas/vision.ts";
import { Vision } from "#core/vision/vision.ts";
import { startVision } from "#core/vision/vision-events.ts";

const serve = async (call: Call<unknown>, request: VisionRequest): Promise<EndpointResult> => {
  const caller = await ratedCaller(callerOf(call), [request.model], call.startedAtMs);
  const vision = await Vision.of(call, request, caller);
  await vision.open();
  if (request.stream !== true) {
    const data = await vision.answer();
    return { status: 200, json: { success: true, data }, headers: vision.headers };
  }
  const start = startVision(vision).then((frames) => ({ frames, headers: vision.headers }));
  return eventStream({ start, toError: toGatewayError, signal: vision.signal, errorFrame: errorEvent });
};

/** GET and POST /api/v1/vision */
export const handler = streamHandler({
  route: visionRoute,
  authenticate: byApiKey,
  endpoints: {
    GET: { handle: (call) => serve(call, parseWith(visionQuerySchema, call.query)) },
    POST: withBody(
      visionSchema,
      idempotent((call) => serve(call, call.body)),
    ),
  },
});
