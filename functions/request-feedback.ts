import { anyPrincipal } from "#core/http/authenticate.ts";
import { byKeyOrSession } from "#core/http/authenticate-session.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { withBody } from "#core/http/schema.ts";
import { requestFeedbackRoute } from "#core/routes.ts";
import { feedbackBodySchema } from "#core/schemas/requests.ts";
import { giveFeedback } from "#core/usage/own-request.ts";
import { requestView } from "#core/usage/request-view.ts";

/** POST /api/v1/requests/:id/feedback */
export const handler = jsonHandler({
  route: requestFeedbackRoute,
  authenticate: byKeyOrSession,
  endpoints: {
    POST: withBody(feedbackBodySchema, async (call) => {
      const id = call.pathParameters.id ?? "";
      const event = await giveFeedback(anyPrincipal(call), id, call.body, call.startedAtMs);
      return { status: 200, json: { success: true, data: { id, feedback: requestView(event).feedback } } };
    }),
  },
});
